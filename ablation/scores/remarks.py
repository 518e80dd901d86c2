"""What was assumed or left out in reading scores: each remark with how serious it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum


class Level(StrEnum):
    """How serious a remark is."""

    WARNING = "warning"
    """It puts the result itself in doubt."""
    CAUTION = "caution"
    """The result holds for less than it seems."""
    NOTE = "note"
    """Something was assumed or left out."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What was assumed or left out in reading scores."""

    level: Level
    text: str

    def about(self, files: object) -> Remark:
        """Return the remark with the files that it is about.

        >>> print(Remark(Level.WARNING, "cases look like slices").about("a.csv"))
        warning: a.csv: cases look like slices
        """
        return replace(self, text=f"{files}: {self.text}")

    def __str__(self) -> str:
        """Return it as a command prints it."""
        return self.text if self.level is Level.NOTE else f"{self.level}: {self.text}"


Tell = Callable[[Remark], None]
"""Called with each remark on a file."""


def untold(remark: Remark) -> None:
    """Drop a remark: for who does not want any."""
    del remark


def note(text: str) -> Remark:
    """Return a remark that something was assumed or left out."""
    return Remark(Level.NOTE, text)
