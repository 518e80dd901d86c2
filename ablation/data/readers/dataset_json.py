"""Read dataset.json: the channels and labels of a data set of nnU-Net or the Decathlon."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablation.data.readers.cases import channel_name
from ablation.errors import DataError

Labels = tuple[int, ...]
BACKGROUND, IGNORE = "background", "ignore"


@dataclass(frozen=True, slots=True)
class Description:
    """What dataset.json says."""

    channels: tuple[str, ...]
    """In the order of their numbers."""
    labels: Mapping[str, Labels]
    """Labels of each name, without the background."""
    ignored: Labels
    """Labels of voxels without an annotation."""


def read_description(path: Path) -> Description:
    """Return the channels and labels of a dataset.json of version 1 or 2.

    Raises:
        DataError: It is no JSON, or names no channels or labels.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"{path}: cannot be read as JSON ({error})", hint="Mend it.") from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: holds no table of keys", hint=HINT)
    return Description(_channels(content, path), *_labels(content, path))


HINT = (
    'nnU-Net writes "channel_names": {"0": "FLAIR"} and "labels": {"background": 0, "tumour": 1}.'
)


def _channels(content: Mapping[str, Any], path: Path) -> tuple[str, ...]:
    table = content.get("channel_names", content.get("modality"))
    if not isinstance(table, Mapping) or not table:
        raise DataError(f"{path}: has no channel_names, nor modality", hint=HINT)
    try:
        numbers = sorted(int(number) for number in table)
    except ValueError as error:
        raise DataError(f"{path}: channel_names are counted from 0 ({error})", hint=HINT) from error
    names = tuple(channel_name(str(table[str(number)])) for number in numbers)
    if numbers != list(range(len(names))):
        raise DataError(f"{path}: channel_names are numbered {numbers}, not from 0 on", hint=HINT)
    if len(set(names)) < len(names):
        names = tuple(
            f"{name}_{number}" if names.count(name) > 1 else name
            for number, name in enumerate(names)
        )
    return names


def _labels(content: Mapping[str, Any], path: Path) -> tuple[Mapping[str, Labels], Labels]:
    table = content.get("labels")
    if not isinstance(table, Mapping) or not table:
        raise DataError(f"{path}: has no labels", hint=HINT)
    try:
        # Version 1 and the Decathlon write number: name, version 2 name: number or numbers.
        pairs = [
            (str(value), (int(key),))
            if str(key).isdecimal() and isinstance(value, str)
            else (str(key), _numbers(value))
            for key, value in table.items()
        ]
    except (TypeError, ValueError) as error:
        raise DataError(f"{path}: labels are whole numbers ({error})", hint=HINT) from error
    ignored = tuple(label for name, labels in pairs if name == IGNORE for label in labels)
    named = {name: labels for name, labels in pairs if name != IGNORE and labels != (0,)}
    if not named:
        raise DataError(f"{path}: names no label but the background", hint=HINT)
    return named, ignored


def _numbers(value: object) -> Labels:
    values = value if isinstance(value, list) else [value]
    return tuple(int(str(one)) for one in values)
