"""The errors a caller can put right.

    AblateError          the work failed or the input is unusable        exit 1
    ├── DataError        a scan, a mask, a table, a split
    ├── ComparisonError  runs that cannot be compared
    └── UsageError       a wrong name, key or value on the command line  exit 2

Anything else that reaches the user is a bug and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class AblateError(Exception):
    """Something the caller can put right; the command prints message and hint."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class DataError(AblateError):
    """A scan, mask, table or split that cannot be used, named with its fault."""


class ComparisonError(AblateError):
    """Runs that are missing or not comparable."""


class UsageError(AblateError):
    """A name, key or value that does not exist or does not fit."""

    exit_code = 2


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint naming the closest known word, or all of them when none is close.

    >>> nearest("resunpet", ["unet", "resupnet"])
    'Did you mean resupnet?'
    """
    words = sorted(known)
    close = difflib.get_close_matches(name, words, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]}?"
    return "Known: " + ", ".join(words) + "."
