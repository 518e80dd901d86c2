"""When a training has its best epoch, when its step size falls and when it ends; pure values."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from ablation.config.sections import TrainingConfig

End = Literal["all epochs", "early stop", "stopped"]


@dataclass(frozen=True, slots=True)
class Epoch:
    """What one pass over the training slices gave."""

    number: int
    """From 1."""
    loss: float
    """Mean over steps, L2 penalty included."""
    validation_dice: float
    threshold: float
    learning_rate: float
    """The step size this epoch was trained with."""
    seconds: float
    """Wall time, validation included."""
    train_dice: float | None = None
    """As the validation Dice, of a fixed sample of training patients; None: not measured."""
    validation_loss: float | None = None
    """Of a fixed sample of validation slices, without augmentation and dropout; None: not measured."""


@dataclass(frozen=True, slots=True)
class Steps:
    """How far the steps of an epoch are."""

    epoch: int
    """From 1."""
    done: int
    total: int
    loss: float
    """Of the last step."""
    step_seconds: float
    """Wall time of a step in this epoch, on average; without the first where there are others."""
    can_stop: bool
    """Whether the training can stop now: the epoch is a long one, and no finished one is lost."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A finished training; the network holds the weights of the best epoch."""

    best_epoch: int
    """0 where no epoch was finished."""
    validation_dice: float
    threshold: float
    epochs: tuple[Epoch, ...]
    ended: End
    train_steps: int
    """Steps over all epochs, those before an interruption included."""
    step_seconds: float
    """Wall time of a training step: median over the epochs trained in this process."""
    input_share: float
    """Of the steps' wall time, what reading their slices took."""


SLOW_INPUT = 0.25
"""From this share of the steps' time on, reading is worth a word."""


def input_warning(share: float) -> str:
    """Return in words that steps waited for their slices; empty where they hardly did.

    >>> input_warning(0.02)
    ''
    """
    if not share >= SLOW_INPUT:  # also of nan
        return ""
    return (
        f"{share:.0%} of the training time went into reading slices; "
        "keep the prepared slices on a local disk with --cache"
    )


@dataclass(frozen=True, slots=True)
class Schedule:
    """The state of early stopping and of the falling step size after some epochs."""

    learning_rate: float
    best_epoch: int = 0
    best_dice: float = -math.inf
    waited: int = 0
    """Epochs since the best one or since the step size fell."""

    def after(self, epoch: int, validation_dice: float, training: TrainingConfig) -> Schedule:
        """Return the state after one more epoch; only a strictly higher Dice is better."""
        if validation_dice > self.best_dice:
            return replace(self, best_epoch=epoch, best_dice=validation_dice, waited=0)
        if training.plateau_patience is None or self.waited + 1 < training.plateau_patience:
            return replace(self, waited=self.waited + 1)
        lower = max(self.learning_rate * training.plateau_factor, training.min_learning_rate)
        return replace(self, learning_rate=min(lower, self.learning_rate), waited=0)

    def end(self, epoch: int, training: TrainingConfig) -> End | None:
        """Return how the training ends after this epoch, None if it goes on."""
        if epoch >= training.epochs:
            return "all epochs"
        patience = training.stop_patience
        if patience is not None and epoch - self.best_epoch >= patience:
            return "early stop"
        return None


def named_seed(seed: int, name: str) -> int:
    """Return the seed of one named use of randomness, 0 <= seed < 2**31.

    Uses never share a stream, and adding one leaves the others as they were.

    >>> named_seed(0, "order") == named_seed(0, "order") != named_seed(1, "order")
    True
    """
    return zlib.crc32(f"{seed}:{name}".encode()) & 0x7FFFFFFF


def epoch_batches(
    rows: npt.NDArray[np.intp], epoch: int, training: TrainingConfig
) -> npt.NDArray[np.intp]:
    """Return the rows of each step, shape (steps, batch_size), shuffled by (seed, epoch).

    At most `max_batches` steps; an incomplete last batch is left out (these slices come first in
    another epoch's order), but fewer rows than one batch are repeated to fill it.
    """
    size = training.batch_size
    rng = np.random.default_rng([named_seed(training.seed, "order"), epoch])
    order = rng.permutation(rows)
    if len(order) < size:
        order = np.resize(order, size)
    steps = len(order) // size
    if training.max_batches is not None:
        steps = min(steps, training.max_batches)
    return order[: steps * size].reshape(steps, size)
