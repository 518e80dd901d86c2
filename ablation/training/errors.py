"""How a training can fail."""

from __future__ import annotations

from ablation.errors import AblateError


class TrainingDiverged(AblateError):  # noqa: N818  says what happened, as a state
    """The loss left the finite numbers."""


class OutOfMemory(AblateError):  # noqa: N818
    """The machine's or the accelerator's memory did not suffice."""
