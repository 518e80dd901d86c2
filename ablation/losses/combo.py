"""The weighted sums of an overlap loss and one that judges pixel by pixel.

The pixels pull a network out of a confidently wrong state, where the slope of every overlap loss
vanishes; the overlap does not let the many background pixels decide.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ablation.losses.cross_entropy import bce, edge_bce, focal
from ablation.losses.overlap import dice, soft_counts, tversky_index_loss


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
    misses against false alarms as in the Tversky loss.

    Source: Taghanaki et al. 2019.
    """
    counts = soft_counts(truth, logits, reduction)
    # Half of smooth: Tversky's sums are half as large as Dice's.
    overlap = tf.reduce_mean(tversky_index_loss(counts, fn_weight, smooth / 2.0))
    pixels = bce(truth, logits, reduction=reduction, pos_weight=pos_weight)
    return dice_weight * overlap + bce_weight * pixels


def hybrid(
    truth: Any,
    logits: Any,
    *,
    reduction: str,
    dice_weight: Any = 0.5,
    focal_weight: Any = 0.5,
    gamma: Any = 2.0,
    smooth: Any = 1.0,
    pos_weight: Any = 1.0,
    neg_weight: Any = 1.0,
) -> Any:
    """Return dice_weight * soft Dice + focal_weight * focal, a scalar.

    Source: Zhu et al. 2019.
    """
    overlap = dice(truth, logits, reduction=reduction, smooth=smooth)
    pixels = focal(
        truth,
        logits,
        reduction=reduction,
        gamma=gamma,
        pos_weight=pos_weight,
        neg_weight=neg_weight,
    )
    return dice_weight * overlap + focal_weight * pixels


def edge_combo(
    truth: Any,
    logits: Any,
    *,
    reduction: str,
    edge_norm: bool = False,
    dice_weight: Any = 0.5,
    bce_weight: Any = 0.5,
    edge_weight: Any = 3.0,
    smooth: Any = 1.0,
) -> Any:
    """Return dice_weight * soft Dice + bce_weight * edge_bce, a scalar."""
    overlap = dice(truth, logits, reduction=reduction, smooth=smooth)
    pixels = edge_bce(
        truth, logits, reduction=reduction, edge_norm=edge_norm, edge_weight=edge_weight
    )
    return dice_weight * overlap + bce_weight * pixels
