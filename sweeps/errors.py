"""The error of a sweep that its caller can put right."""

from __future__ import annotations


class SweepError(Exception):
    """A study, search space or storage that cannot be used; the command prints message and hint."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
