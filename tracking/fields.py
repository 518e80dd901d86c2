"""What the fields of a JSON file may hold: each function returns the value or says what is wrong."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from tracking.owner import Owner


def text(key: str, value: Any, words: Collection[str] = ()) -> str:
    """Return a text, one of `words` where there are any.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(value, str) or (words and value not in words):
        raise ValueError(f"{key} is {value!r:.60}")
    return value


def whole(key: str, value: Any) -> int:
    """Return a whole number.

    Raises:
        TypeError: It is none.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{key} is {value!r:.60}, no whole number")
    return value


def number(key: str, value: Any) -> float:
    """Return a number; "nan", "inf" and "-inf" are texts, which JSON lacks as numbers.

    Raises:
        TypeError: It is none.
        ValueError: It is a text that is none.

    >>> number("hd95", 3), number("hd95", "inf")
    (3.0, inf)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError(f"{key} is {value!r:.60}, no number")
    try:
        return float(value)
    except (ValueError, OverflowError):
        raise ValueError(f"{key} is {value!r:.60}, no number") from None


def mapping(key: str, value: Any) -> dict[str, Any]:
    """Return a mapping.

    Raises:
        TypeError: It is none.
    """
    if not isinstance(value, dict):
        raise TypeError(f"{key} is not a mapping")
    return value


def texts(key: str, value: Any) -> dict[str, str]:
    """Return a mapping to texts.

    Raises:
        TypeError: It is none.
        ValueError: A value is no text.
    """
    return {name: text(f"{key} {name}", one) for name, one in mapping(key, value).items()}


def listed(key: str, value: Any) -> tuple[str, ...]:
    """Return a list of texts.

    Raises:
        TypeError: It is none.
        ValueError: One of them is no text.
    """
    if not isinstance(value, list):
        raise TypeError(f"{key} is not a list")
    return tuple(text(key, one) for one in value)


def owner(value: Any) -> Owner | None:
    """Return the process that a record names; None: it names none.

    Raises:
        TypeError: It is no process.
        ValueError: It is no process.
    """
    if value is None:
        return None
    named = mapping("owner", value)
    host, started = (text(f"owner {key}", named.get(key)) for key in ("host", "started"))
    return Owner(host, whole("owner pid", named.get("pid")), started)
