"""The generalised Dice loss: foreground and background weigh by the inverse square of their size.

Truth is (batch, rows, columns, targets) of 0 and 1, logits have the same shape; it returns a scalar.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ablation.losses.loss import Loss, ReductionKeys
from ablation.losses.overlap import soft_counts
from ablation.plugins.lazy import tf


class GeneralizedDiceKeys(ReductionKeys):
    """Keys of the generalised Dice loss."""

    name: str = Field("generalized_dice", description="loss")


def generalized_dice(truth: Any, logits: Any, *, reduction: str) -> Any:
    """Return 1 - 2 sum_l w_l sum r q / sum_l w_l sum (r + q) over foreground and background l.

    w_l = 1 / (sum r)^2, and 0 for a class that the truth lacks.

    Source: Sudre et al. 2017.
    """
    counts = soft_counts(truth, logits, reduction)
    tumour = counts.tp + counts.fn
    pixels = tf.cast(tf.size(truth) / tf.size(tumour), tf.float32)
    foreground, background = _weight(tumour), _weight(pixels - tumour)
    wrong = counts.fn + counts.fp
    hits = foreground * counts.tp + background * (pixels - tumour - counts.fp)
    # sum (r + q) = 2 hits + misses + false positives, of either class.
    both = 2.0 * hits + (foreground + background) * wrong
    return tf.reduce_mean(1.0 - 2.0 * hits / both)


def _weight(size: Any) -> Any:
    return tf.math.divide_no_nan(1.0, tf.square(size))


GENERALIZED_DICE = Loss(
    name="generalized_dice",
    keys=GeneralizedDiceKeys,
    function=generalized_dice,
    summary="soft Dice of tumour and background, weighed by their size",
    structural=("reduction",),
)
