"""Where a configuration comes from: default < preset < file < environment < --set.

resolved = resolve(preset="cpu-demo", assignments=["loss.fn_weight=0.7"])
resolved.config.loss.fn_weight, resolved.origin["loss.fn_weight"]   # 0.7, "--set"
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ablation.config.build import (
    CHOSEN_BY_NAME,
    Flat,
    build_config,
    flatten,
    known_keys,
    together,
)
from ablation.config.presets import PRESETS
from ablation.config.sections import Config
from ablation.errors import UsageError, nearest

ENVIRONMENT_PREFIX = "ABLATE_"
DEFAULT_FILE = Path("ablate.toml")
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
    values: Mapping[str, Any]
    """Every value that a source gave, of all designs and losses."""

    def of_designs(self, names: Sequence[str]) -> list[Config]:
        """Return the configuration of each design: of the values only those it has keys for.

        Raises:
            UsageError: An unknown design, a value that does not fit, or a key of [space] that none
                of these designs has.
        """
        space = self.config.space
        configs = []
        for name in names:
            own = build_config({**self.values, "model.name": name, "space": {}})
            keys = flatten(own)
            kept = {key: table for key, table in space.items() if key in keys or not _in_any(key)}
            configs.append(own.model_copy(update={"space": kept}))
        faults = [
            UsageError(f"[space] {line}", hint="Leave it out, or name such a design with --model.")
            for line in self._not_among(configs, space)
        ]
        if faults:
            raise together(faults)
        return configs

    def unread(self, configs: Sequence[Config]) -> list[str]:
        """Return a sentence for each value set by hand that none of these configurations has."""
        asked = [key for key, source in self.origin.items() if source in BY_HAND]
        return [f"{line}: ignored" for line in self._not_among(configs, asked)]

    def _not_among(self, configs: Sequence[Config], keys: Iterable[str]) -> list[str]:
        read = {key for config in configs for key in flatten(config)}
        lines = []
        for key in keys:
            if key in read or not _in_any(key):
                continue
            section, _, leaf = key.partition(".")
            entries = CHOSEN_BY_NAME[section].values()
            owners = ", ".join(one.name for one in entries if leaf in one.keys.model_fields)
            chosen = ", ".join(dict.fromkeys(getattr(one, section).name for one in configs))
            lines.append(f"{key} is not a key of {chosen} (it is one of {owners})")
        return lines


BY_HAND = ("--set", "flag")
"""Sources that are written for this one command."""


def _in_any(key: str) -> bool:
    """Tell whether a key belongs to some design or loss."""
    section, _, leaf = key.partition(".")
    entries = CHOSEN_BY_NAME[section].values() if section in CHOSEN_BY_NAME else ()
    return any(leaf in entry.keys.model_fields for entry in entries)


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
    origin: dict[str, str] = {}
    for label, read in layers:
        with _gathered(faults):
            values = _known(read(), label, faults)
            merged.update(values)
            origin.update(dict.fromkeys(values, label))
    with _gathered(faults):
        config = build_config(merged)
    if faults:
        raise together(faults)
    origin = dict.fromkeys(flatten(config), "default") | origin
    return Resolved(config, origin, preset or "", merged)


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
        tables = tomllib.loads(_decoded(path.read_bytes()))
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}", hint="Name an existing TOML file with --config."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            f"{path}: not TOML: {error}", hint='Quote texts, as in name = "unet".'
        ) from error
    except ValueError as error:
        raise UsageError(
            f"{path}: not UTF-8", hint="Save it as UTF-8; editors offer it as the encoding."
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


def _decoded(content: bytes) -> str:
    """Return a text that is UTF-8, with or without the byte-order mark Windows programs write."""
    if b"\0" in content:
        raise ValueError("UTF-16 without its mark")
    return content.decode("utf-8-sig").replace("\r\n", "\n")


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


def _near_key(key: str, known: Mapping[str, str]) -> str:
    hint = nearest(key, known)
    return hint if hint.startswith("Did") else "ablate config show lists every key."
