"""The weighted sum of an overlap loss and cross-entropy."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ablation.losses.cross_entropy import bce
from ablation.losses.overlap import soft_counts, tversky_index_loss


def combo(
    truth: Any,
    logits: Any,
    *,
    reduction: str,
    dice_weight: Any = 0.5,
    bce_weight: Any = 0.5,
    fn_weight: Any = 0.5,
    smooth: Any = 1.0,
    pos_weight: Any = 1.0,
) -> Any:
    """Return dice_weight * overlap + bce_weight * cross-entropy, a scalar.

    At fn_weight 0.5 the overlap is the soft Dice loss with the same `smooth`; another value weighs
    misses against false alarms as in the Tversky loss. Cross-entropy pulls a network out of a
    confidently wrong state, where the slope of every overlap loss vanishes.

    Source: Taghanaki et al. 2019.
    """
    counts = soft_counts(truth, logits, reduction)
    # Half of smooth: Tversky's sums are half as large as Dice's.
    overlap = tf.reduce_mean(tversky_index_loss(counts, fn_weight, smooth / 2.0))
    pixels = bce(truth, logits, reduction=reduction, pos_weight=pos_weight)
    return dice_weight * overlap + bce_weight * pixels
