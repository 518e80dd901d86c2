"""Losses that judge pixel by pixel.

Truth is (batch, rows, columns, 1) of 0 and 1, logits have the same shape; all return a scalar.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ablation.losses.loss import Loss, LossKeys, ReductionKeys, summed_axes
from ablation.plugins.keys import NotNegative, Positive
from ablation.plugins.lazy import tf


class BceKeys(LossKeys):
    """Keys of the binary cross-entropy."""

    name: str = Field("bce", description="loss")
    pos_weight: Positive = Field(1.0, description="weight of tumour pixels in cross-entropy")


class FocalTermKeys(LossKeys):
    """Keys of the focal term."""

    gamma: NotNegative = Field(
        2.0, description="focal gamma: how much pixels that are right already are discounted"
    )
    pos_weight: Positive = Field(1.0, description="weight of tumour pixels; the paper's alpha")
    neg_weight: Positive = Field(
        1.0, description="weight of the other pixels; 1 - alpha where alpha is used"
    )


class FocalKeys(FocalTermKeys):
    """Keys of the focal loss."""

    name: str = Field("focal", description="loss")


class EdgeKeys(ReductionKeys):
    """Keys of losses that weigh the tumour's border."""

    edge_weight: Positive = Field(3.0, description="weight of pixels on the tumour's border")
    edge_norm: bool = Field(
        False, description="divide by the sum of the weights, so that long borders cost no more"
    )


class EdgeBceKeys(EdgeKeys):
    """Keys of the cross-entropy with weighted border."""

    name: str = Field("edge_bce", description="loss")


def bce(truth: Any, logits: Any, *, pos_weight: Any = 1.0) -> Any:
    """Return the binary cross-entropy, mean over pixels and images.

    Args:
        truth: Masks of 0 and 1, shape (batch, rows, columns, 1).
        logits: Same shape, before the sigmoid.
        pos_weight: What a tumour pixel counts; the mean is not divided by the weights.
    """
    truth, logits = tf.cast(truth, tf.float32), tf.cast(logits, tf.float32)
    value = tf.nn.sigmoid_cross_entropy_with_logits(labels=truth, logits=logits)
    return tf.reduce_mean((1.0 + (pos_weight - 1.0) * truth) * value)


def focal(
    truth: Any,
    logits: Any,
    *,
    gamma: Any = 2.0,
    pos_weight: Any = 1.0,
    neg_weight: Any = 1.0,
) -> Any:
    """Return mean[w (1 - q)^gamma cross-entropy], q the probability given to what is true.

    Args:
        truth: Masks.
        logits: Before the sigmoid.
        gamma: How much pixels that are right already are discounted; 0 is plain cross-entropy.
        pos_weight: w of tumour pixels; the paper's alpha.
        neg_weight: w of the other pixels; the paper's 1 - alpha.

    Source: Lin et al. 2017.
    """
    truth, logits = tf.cast(truth, tf.float32), tf.cast(logits, tf.float32)
    right = logits * (2.0 * truth - 1.0)
    # (1 - q)^gamma through its logarithm: the slope of a power < 1 is infinite at 0.
    discount = tf.exp(-gamma * tf.nn.softplus(right))
    weight = pos_weight * truth + neg_weight * (1.0 - truth)
    return tf.reduce_mean(weight * discount * tf.nn.softplus(-right))


def edge_bce(
    truth: Any,
    logits: Any,
    *,
    edge_map: Any,
    reduction: str,
    edge_norm: bool = False,
    edge_weight: Any = 3.0,
) -> Any:
    """Return the cross-entropy in which pixels on the tumour's border count `edge_weight`.

    Args:
        truth: Masks.
        logits: Before the sigmoid.
        edge_map: 1 on the tumour's border, else 0, shape of the masks (`ablation.losses.maps`).
        reduction: What `edge_norm` divides by the weights of: each image, or the whole batch.
        edge_norm: Divide by the sum of the weights; otherwise by the number of pixels, so that an
            image costs more the longer its border is.
        edge_weight: What a pixel of the border counts; all others count 1.
    """
    truth, logits = tf.cast(truth, tf.float32), tf.cast(logits, tf.float32)
    value = tf.nn.sigmoid_cross_entropy_with_logits(labels=truth, logits=logits)
    weight = 1.0 + (edge_weight - 1.0) * edge_map
    if not edge_norm:
        return tf.reduce_mean(weight * value)
    axes = summed_axes(truth, reduction)
    return tf.reduce_mean(tf.reduce_sum(weight * value, axes) / tf.reduce_sum(weight, axes))


BCE = Loss(name="bce", keys=BceKeys, function=bce, summary="binary cross-entropy")
FOCAL = Loss(
    name="focal",
    keys=FocalKeys,
    function=focal,
    summary="cross-entropy that discounts pixels which are right already",
    space={"gamma": {"low": 0.5, "high": 4.0}},
)
EDGE_BCE = Loss(
    name="edge_bce",
    keys=EdgeBceKeys,
    function=edge_bce,
    summary="cross-entropy that weighs the tumour's border",
    structural=("reduction", "edge_norm"),
    space={"edge_weight": {"low": 1.0, "high": 5.0}},
    needs=("edge_map",),
)
