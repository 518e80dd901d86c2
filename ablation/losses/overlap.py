"""Losses that compare two regions by their overlap.

With p = sigmoid(logits) and sums over pixels: TP = sum y p (hits), FN = sum y (1 - p) (misses),
FP = sum (1 - y) p (false alarms). 1 - p is computed as sigmoid(-logits), which does not cancel.
`reduction` decides what is summed: each image for itself, then the mean ("per_image"), or the
whole batch as one image ("batch"), where small tumours drown in large ones.
Truth is (batch, rows, columns, 1) of 0 and 1, logits have the same shape; all return a scalar.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from pydantic import Field

from ablation.losses.loss import Loss, ReductionKeys, summed_axes
from ablation.plugins.keys import Fraction, Positive
from ablation.plugins.lazy import tf

# Below this the slope of a power < 1 would be infinite.
FLOOR = 1e-7


class DiceKeys(ReductionKeys):
    """Keys of the soft Dice loss."""

    name: str = Field("dice", description="loss")
    smooth: Positive = Field(1.0, description="pixels added to the overlap's sums")


class TverskyKeys(DiceKeys):
    """Keys of the soft Tversky loss."""

    name: str = Field("tversky", description="loss")
    fn_weight: Fraction = Field(0.5, description="Tversky alpha: weight of false negatives")


class FocalTverskyKeys(TverskyKeys):
    """Keys of the focal Tversky loss."""

    name: str = Field("focal_tversky", description="loss")
    fn_weight: Fraction = Field(0.7, description="Tversky alpha: weight of false negatives")
    exponent: Positive = Field(0.75, description="power of focal_tversky")


class SoftCounts(NamedTuple):
    """Sums over pixels of soft hits, misses and false alarms: one per image, or one in all."""

    tp: Any
    fn: Any
    fp: Any


def soft_counts(truth: Any, logits: Any, reduction: str) -> SoftCounts:
    """Return hits, misses and false alarms, float32: half precision overflows in such sums."""
    axes = summed_axes(truth, reduction)
    truth, logits = tf.cast(truth, tf.float32), tf.cast(logits, tf.float32)
    probability, complement = tf.sigmoid(logits), tf.sigmoid(-logits)
    return SoftCounts(
        tp=tf.reduce_sum(truth * probability, axes),
        fn=tf.reduce_sum(truth * complement, axes),
        fp=tf.reduce_sum((1.0 - truth) * probability, axes),
    )


def tversky_index_loss(counts: SoftCounts, fn_weight: Any, smooth: Any) -> Any:
    """Return A / (TP + A + smooth), A = fn_weight FN + (1 - fn_weight) FP, shape of the counts."""
    wrong = fn_weight * counts.fn + (1.0 - fn_weight) * counts.fp
    return wrong / (counts.tp + wrong + smooth)


def dice(truth: Any, logits: Any, *, reduction: str, smooth: Any = 1.0) -> Any:
    """Return the soft Dice loss (FN + FP) / (2 TP + FN + FP + smooth); 0 is perfect.

    Source: Drozdzal et al. 2016, plain sums (V-Net squares the terms below the line).
    """
    counts = soft_counts(truth, logits, reduction)
    wrong = counts.fn + counts.fp
    return tf.reduce_mean(wrong / (2.0 * counts.tp + wrong + smooth))


def tversky(
    truth: Any, logits: Any, *, reduction: str, fn_weight: Any = 0.5, smooth: Any = 1.0
) -> Any:
    """Return the soft Tversky loss; fn_weight 0.5 with smooth s equals `dice` with 2 s.

    Source: Salehi et al. 2017, where fn_weight is called beta.
    """
    counts = soft_counts(truth, logits, reduction)
    return tf.reduce_mean(tversky_index_loss(counts, fn_weight, smooth))


def focal_tversky(
    truth: Any,
    logits: Any,
    *,
    reduction: str,
    fn_weight: Any = 0.7,
    exponent: Any = 0.75,
    smooth: Any = 1.0,
) -> Any:
    """Return the soft Tversky loss to the power `exponent`.

    Source: Abraham and Khan 2019, who write the power as 1 / gamma with gamma 4/3.
    """
    counts = soft_counts(truth, logits, reduction)
    value = tf.maximum(tversky_index_loss(counts, fn_weight, smooth), FLOOR)
    return tf.reduce_mean(tf.pow(value, exponent))


FN_WEIGHT = {"low": 0.3, "high": 0.9}
"""Default range of the Tversky alpha in a search."""

DICE = Loss(
    name="dice",
    keys=DiceKeys,
    function=dice,
    summary="soft Dice",
    structural=("reduction",),
)
TVERSKY = Loss(
    name="tversky",
    keys=TverskyKeys,
    function=tversky,
    summary="soft Tversky",
    structural=("reduction",),
    space={"fn_weight": FN_WEIGHT},
)
FOCAL_TVERSKY = Loss(
    name="focal_tversky",
    keys=FocalTverskyKeys,
    function=focal_tversky,
    summary="soft Tversky to a power",
    structural=("reduction",),
    space={"fn_weight": FN_WEIGHT, "exponent": {"low": 0.5, "high": 1.5}},
)
