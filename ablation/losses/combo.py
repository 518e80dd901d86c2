"""The weighted sums of an overlap loss and one that judges pixel by pixel.

The pixels pull a network out of a confidently wrong state, where the slope of every overlap loss
vanishes; the overlap does not let the many background pixels decide.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ablation.losses.cross_entropy import EdgeKeys, FocalTermKeys, bce, edge_bce, focal
from ablation.losses.loss import Loss, ReductionKeys
from ablation.losses.overlap import FN_WEIGHT, dice, soft_counts, tversky_index_loss
from ablation.plugins.keys import Fraction, NotNegative, Positive
from ablation.plugins.lazy import tf

DICE_WEIGHT = {"low": 0.2, "high": 0.8}
"""Default range of the overlap's weight in a search."""


class _SumKeys(ReductionKeys):
    dice_weight: NotNegative = Field(0.5, description="weight of the overlap term")
    smooth: Positive = Field(1.0, description="pixels added to the overlap's sums")


class ComboKeys(_SumKeys):
    """Keys of the sum of overlap and cross-entropy."""

    name: str = Field("combo", description="loss")
    bce_weight: NotNegative | None = Field(
        None, description="weight of the cross-entropy term; none: 1 - dice_weight"
    )
    fn_weight: Fraction = Field(0.5, description="Tversky alpha: weight of false negatives")
    pos_weight: Positive = Field(1.0, description="weight of tumour pixels in cross-entropy")


class HybridKeys(_SumKeys, FocalTermKeys):
    """Keys of the sum of soft Dice and focal."""

    name: str = Field("hybrid", description="loss")
    focal_weight: NotNegative | None = Field(
        None, description="weight of the focal term; none: 1 - dice_weight"
    )


class EdgeComboKeys(_SumKeys, EdgeKeys):
    """Keys of the sum of soft Dice and cross-entropy with weighted border."""

    name: str = Field("edge_combo", description="loss")
    bce_weight: NotNegative | None = Field(
        None, description="weight of the cross-entropy term; none: 1 - dice_weight"
    )


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
    pixels = bce(truth, logits, pos_weight=pos_weight)
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
    pixels = focal(truth, logits, gamma=gamma, pos_weight=pos_weight, neg_weight=neg_weight)
    return dice_weight * overlap + focal_weight * pixels


def edge_combo(
    truth: Any,
    logits: Any,
    *,
    edge_map: Any,
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
        truth,
        logits,
        edge_map=edge_map,
        reduction=reduction,
        edge_norm=edge_norm,
        edge_weight=edge_weight,
    )
    return dice_weight * overlap + bce_weight * pixels


def _rest(keys: _SumKeys) -> dict[str, float]:
    """Without a weight of its own, the pixel-wise term gets what the overlap leaves."""
    left = 1.0 - keys.dice_weight
    return {"bce_weight": left, "focal_weight": left}


COMBO = Loss(
    name="combo",
    keys=ComboKeys,
    function=combo,
    summary="weighted sum of overlap and cross-entropy",
    structural=("reduction",),
    space={"dice_weight": DICE_WEIGHT, "fn_weight": FN_WEIGHT},
    filled=_rest,
)
HYBRID = Loss(
    name="hybrid",
    keys=HybridKeys,
    function=hybrid,
    summary="weighted sum of soft Dice and focal",
    structural=("reduction",),
    space={"dice_weight": DICE_WEIGHT, "gamma": {"low": 0.5, "high": 4.0}},
    filled=_rest,
)
EDGE_COMBO = Loss(
    name="edge_combo",
    keys=EdgeComboKeys,
    function=edge_combo,
    summary="weighted sum of soft Dice and edge_bce",
    structural=("reduction", "edge_norm"),
    space={"dice_weight": DICE_WEIGHT, "edge_weight": {"low": 1.0, "high": 5.0}},
    needs=("edge_map",),
    filled=_rest,
)
