"""Where a configuration comes from: default < preset < file < environment < --set.

resolved = resolve(preset="cpu-demo", assignments=["loss.fn_weight=0.7"])
resolved.config.loss.fn_weight, resolved.origin["loss.fn_weight"]   # 0.7, "--set"
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ablation.config.presets import PRESETS
from ablation.config.sections import Config, PublishedScore, Section
from ablation.errors import UsageError, nearest

ENVIRONMENT_PREFIX = "ABLATE_"
DEFAULT_FILE = Path("ablate.toml")
Flat = dict[str, Any]
AMBIGUOUS = {
    "loss.alpha": "loss.alpha means opposite things (Salehi: false positives; journal and Keras code: "
    "false negatives); write loss.fn_weight=0.7, or loss.dice_weight for combo",
    "loss.beta": "loss.beta means opposite things in the sources; write loss.fn_weight (misses), "
    "or loss.bce_weight for combo",
}


@dataclass(frozen=True, slots=True)
class Resolved:
    """A configuration and the source of each of its values."""

    config: Config
    origin: Mapping[str, str]
    preset: str
    """The ready configuration it rests on; "" without one."""


def resolve(
    *,
    preset: str | None = None,
    file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    assignments: Sequence[str] = (),
    flags: Mapping[str, object] | None = None,
) -> Resolved:
    """Merge all sources into one checked configuration; later sources win.

    Args:
        preset: Name in PRESETS.
        file: TOML file; without one `ablate.toml` of the working folder, if it is there.
        environment: Variables; those named ABLATE_SECTION__KEY count.
        assignments: `section.key=value` texts of --set.
        flags: Values of a command's own flags (`--trials` is `sweep.trials`); they win over all.

    Raises:
        UsageError: Every unknown key and unusable value, in one message.
    """
    faults: list[UsageError] = []
    layers: list[tuple[str, Callable[[], Flat]]] = [
        (f"preset {preset}", lambda: _preset(preset)),
        (_file_label(file), lambda: _from_file(file)),
        ("environment", lambda: dict(_from_environment(environment or {}))),
        *(("--set", partial(_parse_assignment, text)) for text in assignments),
        ("flag", lambda: dict(flags or {})),
    ]
    merged: Flat = {}
    origin = dict.fromkeys(flatten(Config()), "default")
    for label, read in layers:
        with _gathered(faults):
            values = _known(read(), label, faults)
            merged.update(values)
            origin.update(dict.fromkeys(values, label))
    with _gathered(faults):
        config = _validated(merged)
    if faults:
        raise _together(faults)
    return Resolved(config, origin, preset or "")


def flatten(config: Config) -> Flat:
    """Return every key of a configuration with its value: {"loss.fn_weight": 0.7, ...}."""
    flat: Flat = {}
    for name, section in config:
        if isinstance(section, Section):
            flat |= {f"{name}.{key}": value for key, value in section.model_dump().items()}
        else:
            flat[name] = section
    return flat


def with_values(config: Config, values: Mapping[str, object]) -> Config:
    """Return the configuration with some keys replaced, checked like any other."""
    return _validated({**flatten(config), **values})


def known_keys() -> dict[str, str]:
    """Return every key with its one-line description."""
    keys = {}
    for name, field in Config.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, Section):
            for key, inner in section.model_fields.items():
                keys[f"{name}.{key}"] = inner.description or ""
        else:
            keys[name] = field.description or ""
    return keys


def _preset(name: str | None) -> Flat:
    if name is None:
        return {}
    if name not in PRESETS:
        raise UsageError(f"unknown preset {name!r}", hint=nearest(name, PRESETS))
    return dict(PRESETS[name])


def _file_label(file: Path | None) -> str:
    return str(file or DEFAULT_FILE)


def _from_file(file: Path | None) -> Flat:
    path = file or DEFAULT_FILE
    if file is None and not path.is_file():
        return {}
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}", hint="Name an existing TOML file with --config."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            f"{path}: not TOML: {error}", hint='Quote texts, as in name = "unet".'
        ) from error
    values: Flat = {}
    for section, content in tables.items():
        if section == "space":
            values["space"] = _flat_space(content)
        elif isinstance(content, dict):
            values |= {f"{section}.{key}": value for key, value in content.items()}
        else:
            values[section] = content
    return values


def _flat_space(tables: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Bring `[space.loss] fn_weight = {low, high}` and `"loss.fn_weight" = {...}` to one form."""
    space: dict[str, Any] = {}
    for key, value in tables.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and not {"low", "choices"} & set(value):
            space |= _flat_space(value, f"{name}.")
        else:
            space[name] = value
    return space


def _from_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for name, text in environment.items():
        if name.startswith(ENVIRONMENT_PREFIX) and "__" in name:
            section, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__", 1)
            yield f"{section}.{key}", parse_value(text)


def _parse_assignment(text: str) -> Flat:
    key, equals, value = text.partition("=")
    if not equals or "." not in key:
        raise UsageError(
            f"--set {text!r} is not section.key=value", hint="For example --set loss.fn_weight=0.7"
        )
    return {key.strip(): parse_value(value)}


def parse_value(text: str) -> Any:
    """Read a value as TOML does, with `none` for nothing; what is not TOML is text.

    >>> parse_value("0.7"), parse_value("none"), parse_value("combo")
    (0.7, None, 'combo')
    """
    text = text.strip()
    if text.lower() == "none":
        return None
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _known(values: Flat, label: str, faults: list[UsageError]) -> Flat:
    """Return the values whose keys exist; every other key is one more fault."""
    known = known_keys()
    for key in (key for key in values if key not in known):
        if key in AMBIGUOUS:
            faults.append(UsageError(AMBIGUOUS[key], hint="See ablate config show."))
        else:
            faults.append(UsageError(f"unknown key {key} ({label})", hint=_near_key(key, known)))
    return {key: value for key, value in values.items() if key in known}


@contextmanager
def _gathered(faults: list[UsageError]) -> Iterator[None]:
    """Note a fault and go on, so that a reader hears of all of them at once."""
    try:
        yield
    except UsageError as fault:
        faults.append(fault)


def _together(faults: Sequence[UsageError]) -> UsageError:
    hints = dict.fromkeys(fault.hint for fault in faults)
    return UsageError("; ".join(fault.message for fault in faults), hint=" ".join(hints))


def _near_key(key: str, known: Mapping[str, str]) -> str:
    hint = nearest(key, known)
    return hint if hint.startswith("Did") else "ablate config show lists every key."


def _validated(flat: Flat) -> Config:
    nested: dict[str, Any] = {}
    for key, value in flat.items():
        section, _, leaf = key.partition(".")
        if leaf:
            nested.setdefault(section, {})[leaf] = value
        else:
            nested[section] = value
    try:
        return Config.model_validate(nested)
    except ValidationError as error:
        raise _unusable(error) from error


def _unusable(error: ValidationError) -> UsageError:
    """Every value that does not fit; an unknown key in a table of tables with the nearest one."""
    lines, hints = [], []
    for item in error.errors():
        place = _dotted(item["loc"])
        if item["type"] == "extra_forbidden":
            lines.append(f"unknown key {place}")
            hints.append(nearest(str(item["loc"][-1]), PublishedScore.model_fields))
        elif item["type"] == "missing":
            lines.append(f"{place} is missing")
        else:
            lines.append(f"{place} = {item['input']!r}: {item['msg']}")
    hint = " ".join(hints) or "ablate config show lists every key with its meaning."
    return UsageError("; ".join(lines), hint=hint)


def _dotted(location: Sequence[object]) -> str:
    return ".".join(str(part) for part in location)
