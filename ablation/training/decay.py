"""Planned courses of the learning rate; a new one is a function and a line in DECAYS.

The rate of an epoch is the configured one, lowered by the plateaus so far, times the factor of a decay.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ablation.config.sections import TrainingConfig
from ablation.plugins import Registry


@dataclass(frozen=True, slots=True)
class Decay:
    """How the learning rate falls over the epochs."""

    name: str
    """Value of `training.decay`."""
    summary: str
    factor: Callable[[int, int, float], float]
    """(epochs after the warm-up so far, all of these, decay_rate) -> factor in 0..1."""


def _cosine(done: int, total: int, _: float) -> float:
    """Loshchilov and Hutter 2017, without restarts."""
    return 0.5 * (1.0 + math.cos(math.pi * done / max(1, total)))


DECAYS: Registry[Decay] = Registry(
    "decay",
    (
        Decay("none", "the configured rate", lambda *_: 1.0),
        Decay("exponential", "a factor for each epoch", lambda done, _, rate: rate**done),
        Decay("cosine", "half a cosine, from the configured rate towards 0", _cosine),
    ),
)
"""Every value of `training.decay`."""


def learning_rate(epoch: int, plateau_rate: float, training: TrainingConfig) -> float:
    """Return the learning rate of an epoch.

    Args:
        epoch: From 1.
        plateau_rate: The configured rate as plateaus have lowered it.
        training: `decay`, `decay_rate`, `warmup_epochs`, `epochs` and `min_learning_rate`.

    >>> [learning_rate(n, 1.0, TrainingConfig(warmup_epochs=1)) for n in (1, 2)]
    [0.5, 1.0]
    """
    warmup = training.warmup_epochs
    if epoch <= warmup:
        return plateau_rate * epoch / (warmup + 1)
    decay = DECAYS.find(training.decay)
    factor = decay.factor(epoch - 1 - warmup, training.epochs - warmup, training.decay_rate)
    return max(plateau_rate * factor, min(plateau_rate, training.min_learning_rate))
