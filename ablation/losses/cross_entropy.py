"""Losses that judge pixel by pixel.

Truth is (batch, rows, columns, 1) of 0 and 1, logits have the same shape; all return a scalar.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def bce(truth: Any, logits: Any, *, reduction: str, pos_weight: Any = 1.0) -> Any:
    """Return the binary cross-entropy, mean over pixels and images.

    Args:
        truth: Masks of 0 and 1, shape (batch, rows, columns, 1).
        logits: Same shape, before the sigmoid.
        reduction: No effect: images of equal size have one mean either way.
        pos_weight: What a tumour pixel counts; the mean is not divided by the weights.
    """
    del reduction
    truth, logits = tf.cast(truth, tf.float32), tf.cast(logits, tf.float32)
    value = tf.nn.sigmoid_cross_entropy_with_logits(labels=truth, logits=logits)
    return tf.reduce_mean((1.0 + (pos_weight - 1.0) * truth) * value)


def focal(
    truth: Any,
    logits: Any,
    *,
    reduction: str,
    gamma: Any = 2.0,
    pos_weight: Any = 1.0,
    neg_weight: Any = 1.0,
) -> Any:
    """Return mean[w (1 - q)^gamma cross-entropy], q the probability given to what is true.

    Args:
        truth: Masks.
        logits: Before the sigmoid.
        reduction: No effect: images of equal size have one mean either way.
        gamma: How much pixels that are right already are discounted; 0 is plain cross-entropy.
        pos_weight: w of tumour pixels; the paper's alpha.
        neg_weight: w of the other pixels; the paper's 1 - alpha.

    Source: Lin et al. 2017.
    """
    del reduction
    truth, logits = tf.cast(truth, tf.float32), tf.cast(logits, tf.float32)
    right = logits * (2.0 * truth - 1.0)
    # (1 - q)^gamma through its logarithm: the slope of a power < 1 is infinite at 0.
    discount = tf.exp(-gamma * tf.nn.softplus(right))
    weight = pos_weight * truth + neg_weight * (1.0 - truth)
    return tf.reduce_mean(weight * discount * tf.nn.softplus(-right))


def edge_bce(
    truth: Any, logits: Any, *, reduction: str, edge_norm: bool = False, edge_weight: Any = 3.0
) -> Any:
    """Return the cross-entropy in which pixels on the tumour's border count `edge_weight`.

    Args:
        truth: Masks.
        logits: Before the sigmoid.
        reduction: What `edge_norm` divides by the weights of: each image, or the whole batch.
        edge_norm: Divide by the sum of the weights; otherwise by the number of pixels, so that an
            image costs more the longer its border is.
        edge_weight: What a pixel of the border counts; all others count 1.
    """
    truth, logits = tf.cast(truth, tf.float32), tf.cast(logits, tf.float32)
    value = tf.nn.sigmoid_cross_entropy_with_logits(labels=truth, logits=logits)
    weight = 1.0 + (edge_weight - 1.0) * border(truth)
    if not edge_norm:
        return tf.reduce_mean(weight * value)
    axes = {"per_image": (1, 2, 3), "batch": (0, 1, 2, 3)}[reduction]
    return tf.reduce_mean(tf.reduce_sum(weight * value, axes) / tf.reduce_sum(weight, axes))


def border(truth: Any) -> Any:
    """Return 1 within a pixel of where the mask changes, else 0; shape and dtype of the mask.

    Dilation minus erosion by 3x3. The rim of the image is no border: beyond it nothing changes.
    """
    dilated = tf.nn.max_pool2d(truth, 3, 1, "SAME")
    eroded = -tf.nn.max_pool2d(-truth, 3, 1, "SAME")
    return dilated - eroded
