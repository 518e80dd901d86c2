"""JSON files with a checksum of their own content: a changed byte is found when they are read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CHECKSUM = "checksum"
"""Field that holds it; a file without one was written by an earlier version."""


def sealed(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields with their checksum, an earlier one left out.

    >>> sealed({"a": 1}) == sealed({"checksum": "old", "a": 1})
    True
    """
    content = {key: value for key, value in fields.items() if key != CHECKSUM}
    return content | {CHECKSUM: _checksum(content)}


def is_sound(fields: Mapping[str, Any]) -> bool:
    """Tell whether the fields are those that were written; True where no checksum was written.

    >>> is_sound(sealed({"a": 1})), is_sound(sealed({"a": 1}) | {"a": 2}), is_sound({"a": 1})
    (True, False, True)
    """
    return CHECKSUM not in fields or sealed(fields)[CHECKSUM] == fields[CHECKSUM]


def unsealed(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields without their checksum.

    Raises:
        ValueError: They are not those that were written.
    """
    if not is_sound(fields):
        raise ValueError(
            f"its content does not fit its {CHECKSUM}, so it was changed after ablate wrote it"
        )
    return {key: value for key, value in fields.items() if key != CHECKSUM}


def parsed(file: Path) -> dict[str, Any]:
    """Return the fields of a JSON file, whatever they are; the checksum is not looked at.

    Raises:
        OSError: The file cannot be read.
        TypeError: It holds no fields.
        ValueError: It is not JSON in UTF-8.
    """
    try:
        fields = json.loads(file.read_bytes().decode("utf-8"))
    except RecursionError:
        raise ValueError("its lists are nested too deeply") from None
    if not isinstance(fields, dict):
        raise TypeError("it holds no fields")
    return fields


def read_sound(file: Path) -> dict[str, Any]:
    """Return the fields of a JSON file without its checksum.

    Raises:
        OSError: The file cannot be read.
        TypeError: It holds no fields.
        ValueError: It is not JSON in UTF-8, or its fields are not those written.
    """
    return unsealed(parsed(file))


def _checksum(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
