"""The errors of the record and of its published copy."""

from __future__ import annotations


class TrackingError(Exception):
    """Something the caller can put right; the command prints message and hint."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class DamagedError(TrackingError):
    """A file that is not what was written; the runs beside it are not concerned."""

    def __init__(self, file: object, reason: str, *, hint: str) -> None:
        super().__init__(f"{file} is damaged: {reason}", hint=hint)


class UnreachableError(TrackingError):
    """The tracking server does not answer; trying again later may help."""


class RefusedError(TrackingError):
    """The tracking server answers, but would not take this run."""


class LaterVersionError(TrackingError):
    """A file that a later version of ablate wrote: whole, but not for this version to read."""

    def __init__(self, file: str, version: str) -> None:
        super().__init__(
            f"{file} was written by ablate {version}"
            if version
            else f"{file} was written by a later version of ablate",
            hint=f"Upgrade ablate to {version} or later." if version else "Upgrade ablate.",
        )
