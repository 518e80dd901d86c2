"""Soft Dice and the boundary loss: probabilities weighed by their distance from the truth's border.

The boundary term alone teaches nothing where there is no tumour and may fall below 0, so it is added
to an overlap. Truth is (batch, rows, columns, targets) of 0 and 1, logits have the same shape.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ablation.losses.loss import Loss, ReductionKeys
from ablation.losses.overlap import dice
from ablation.plugins.keys import NotNegative, Positive
from ablation.plugins.lazy import tf


class BoundaryKeys(ReductionKeys):
    """Keys of the sum of soft Dice and the boundary loss."""

    name: str = Field("boundary", description="loss")
    dice_weight: NotNegative = Field(1.0, description="weight of the overlap term")
    boundary_weight: NotNegative = Field(0.01, description="weight of the boundary term")
    smooth: Positive = Field(1.0, description="pixels added to the overlap's sums")


def boundary(
    truth: Any,
    logits: Any,
    *,
    distance_map: Any,
    reduction: str,
    dice_weight: Any = 1.0,
    boundary_weight: Any = 0.01,
    smooth: Any = 1.0,
) -> Any:
    """Return dice_weight * soft Dice + boundary_weight * mean of distance times probability.

    Source: Kervadec et al. 2019; distances in pixels, as `ablation.losses.maps` defines them.
    """
    probability = tf.sigmoid(tf.cast(logits, tf.float32))
    overlap = dice(truth, logits, reduction=reduction, smooth=smooth)
    return dice_weight * overlap + boundary_weight * tf.reduce_mean(distance_map * probability)


BOUNDARY = Loss(
    name="boundary",
    keys=BoundaryKeys,
    function=boundary,
    summary="soft Dice plus distance from the truth's border",
    structural=("reduction",),
    space={"boundary_weight": {"low": 0.001, "high": 0.1, "log": True}},
    needs=("distance_map",),
)
