"""From plain values to a checked configuration, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from ablation.config.sections import Config, PublishedScore
from ablation.errors import UsageError, nearest
from ablation.errors.words import demanded
from ablation.losses import LOSSES
from ablation.models import DESIGNS
from ablation.plugins import Registry
from ablation.plugins.keys import Section, descriptions

Flat = dict[str, Any]
CHOSEN_BY_NAME: Mapping[str, Registry[Any]] = {"model": DESIGNS, "loss": LOSSES}
"""Sections whose keys depend on their `name`."""
USUAL = {"model": "unet", "loss": "combo"}


def build_config(flat: Mapping[str, object]) -> Config:
    """Return the configuration with these values and defaults for all other keys.

    Keys of other designs and losses than the chosen ones are left out: a file or preset may hold
    values for several.

    Args:
        flat: "section.key" -> value; `space` as a whole.

    Raises:
        UsageError: Every unknown key and every value that does not fit, in one message.
    """
    nested: dict[str, Any] = {}
    for key, value in flat.items():
        section, _, leaf = key.partition(".")
        if leaf:
            nested.setdefault(section, {})[leaf] = value
        else:
            nested[section] = value
    faults: list[UsageError] = []
    for section in CHOSEN_BY_NAME:
        try:
            nested[section] = _chosen(section, nested.get(section, {}))
        except UsageError as fault:
            faults.append(fault)
            nested.pop(section, None)
        except ValidationError as error:
            faults.append(_unusable(error, section))
            nested.pop(section, None)
    try:
        config = Config.model_validate(nested)
    except ValidationError as error:
        faults.append(_unusable(error))
    if faults:
        raise together(faults)
    return config


def _chosen(section: str, values: Mapping[str, object]) -> Section:
    """Return the keys of the design or loss that is named, without those of others."""
    registry = CHOSEN_BY_NAME[section]
    name = str(values.get("name", USUAL[section]))
    keys: type[Section] = registry.find(name).keys
    of_others = {key for entry in registry.values() for key in entry.keys.model_fields}
    own = {
        key: value
        for key, value in values.items()
        if key in keys.model_fields or key not in of_others
    }
    return keys.model_validate({**own, "name": name})


def flatten(config: Config) -> Flat:
    """Return every key of a configuration with its value: {"loss.fn_weight": 0.7, ...}."""
    flat: Flat = {}
    for name, section in config:
        if isinstance(section, Section):
            flat |= {f"{name}.{key}": value for key, value in section.model_dump().items()}
        else:
            flat[name] = section
    return flat


def changed(config: Config) -> Flat:
    """Return the keys whose value is not their default, with that value."""
    flat: Flat = {}
    for name, section in config:
        if isinstance(section, Section):
            flat |= {f"{name}.{key}": value for key, value in section.changed().items()}
        elif section:
            flat[name] = section
    return flat


def with_values(config: Config, values: Mapping[str, object]) -> Config:
    """Return the configuration with some keys replaced, checked like any other."""
    return build_config({**flatten(config), **values})


def known_keys() -> dict[str, str]:
    """Return every key of every design and loss with its one-line description."""
    keys: dict[str, str] = {}
    for name, field in Config.model_fields.items():
        if name in CHOSEN_BY_NAME:
            owners = {entry.name: entry.keys for entry in CHOSEN_BY_NAME[name].values()}
            found = descriptions(owners)
            keys |= {f"{name}.{key}": text for key, text in found.items()}
        elif isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            for key, inner in field.annotation.model_fields.items():
                keys[f"{name}.{key}"] = inner.description or ""
        else:
            keys[name] = field.description or ""
    return keys


def together(faults: Sequence[UsageError]) -> UsageError:
    """Return one error that says all of them."""
    hints = dict.fromkeys(fault.hint for fault in faults)
    return UsageError("; ".join(fault.message for fault in faults), hint=" ".join(hints))


def _unusable(error: ValidationError, section: str = "") -> UsageError:
    """Every value that does not fit; an unknown key in a table of tables with the nearest one."""
    lines, hints = [], []
    for item in error.errors():
        place = ".".join(str(part) for part in (*([section] if section else []), *item["loc"]))
        if item["type"] == "extra_forbidden":
            lines.append(f"unknown key {place}")
            hints.append(nearest(str(item["loc"][-1]), PublishedScore.model_fields))
        elif item["type"] == "missing":
            lines.append(f"{place} is missing")
        else:
            lines.append(f"{place} = {item['input']!r}: {demanded(item['msg'])}")
    hint = " ".join(hints) or "ablate config show lists every key with its meaning."
    return UsageError("; ".join(lines), hint=hint)
