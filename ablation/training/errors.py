"""How a training can fail."""

from __future__ import annotations

from ablation.errors import AblateError


class TrainingDiverged(AblateError):  # noqa: N818  says what happened, as a state
    """The loss left the finite numbers."""

    reason = "diverged"


class OutOfMemory(AblateError):  # noqa: N818
    """The machine's or the accelerator's memory did not suffice."""

    reason = "out of memory"


class GpuUnseen(AblateError):  # noqa: N818
    """The machine has a GPU, and TensorFlow would compute on the CPU."""
