"""Whether a training over- or underfitted, told from its curves by a stated rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

Fitting = Literal["overfitting", "underfitting", "neither", "not told"]

FEWEST = 4
"""Epochs below which nothing is told."""
WIDE, NARROW = 0.20, 0.10
"""Gaps between training and validation Dice: overfitting alone, and together with a rising loss."""
RISE = 1.10
"""The validation loss has risen where it ends at so many times its lowest."""
LOW = 0.60
"""A training Dice below this has not learnt the training patients."""
CLIMB = 0.05
"""Gain of training Dice in the last quarter of the epochs that says it was still learning."""

RULE = (
    f"A training of {FEWEST} epochs or more overfitted if, over its last three epochs, training Dice "
    f"exceeds validation Dice by {WIDE:.2f}, or by {NARROW:.2f} while the validation loss ends "
    f"{RISE - 1:.0%} above its lowest; it underfitted if training Dice ends below {LOW:.2f}, or rose "
    f"by {CLIMB:.2f} in the last quarter of the epochs, and exceeds validation Dice by less than "
    f"{NARROW:.2f}."
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the curves of a training say."""

    fitting: Fitting
    words: str
    """A sentence with the numbers it rests on; "" where nothing is told."""


def judge_fit(
    train_dice: Sequence[float],
    validation_dice: Sequence[float],
    validation_loss: Sequence[float] = (),
) -> Judgement:
    """Return whether a training over- or underfitted by `RULE`; one value for each epoch.

    >>> judge_fit([0.5, 0.8, 0.95, 0.97], [0.5, 0.6, 0.6, 0.55]).fitting
    'overfitting'
    >>> judge_fit([0.1, 0.2, 0.2, 0.2], [0.1, 0.2, 0.2, 0.2]).fitting
    'underfitting'
    >>> judge_fit([0.5, 0.8, 0.85, 0.86], [0.5, 0.75, 0.8, 0.8]).fitting
    'neither'
    """
    epochs = len(train_dice)
    if epochs < FEWEST or len(validation_dice) != epochs:
        return Judgement("not told", "")
    train, validation = fmean(train_dice[-3:]), fmean(validation_dice[-3:])
    gap = train - validation
    at_end = f"training Dice {train:.2f}, validation Dice {validation:.2f} over the last 3 epochs"
    lowest, last = min(validation_loss, default=0.0), fmean(validation_loss[-3:] or (0.0,))
    risen = lowest > 0 and last >= RISE * lowest
    if gap >= WIDE or (gap >= NARROW and risen):
        loss = f", validation loss {last / lowest - 1:.0%} above its lowest" if risen else ""
        return Judgement("overfitting", f"overfitting: {at_end}{loss}")
    quarter = max(1, epochs // 4)
    climb = train_dice[-1] - train_dice[-1 - quarter]
    if gap < NARROW and (train < LOW or climb >= CLIMB):
        still = f", still rising by {climb:.2f} in the last quarter" if climb >= CLIMB else ""
        return Judgement("underfitting", f"underfitting: {at_end}{still}")
    return Judgement("neither", f"neither over- nor underfitting: {at_end}")
