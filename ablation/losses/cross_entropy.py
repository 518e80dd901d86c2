"""Losses that judge pixel by pixel."""

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
