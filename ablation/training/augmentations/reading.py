"""Images and masks read at any coordinates; outside is 0."""

from __future__ import annotations

from typing import Any

from ablation.plugins.lazy import tf


def bilinear(images: Any, y: Any, x: Any) -> Any:
    """Return images (batch, rows, columns, channels) read at pixel coordinates (batch, ., .)."""
    top, left = tf.floor(y), tf.floor(x)
    below, right = (y - top)[..., None], (x - left)[..., None]
    upper = _at(images, top, left) * (1 - right) + _at(images, top, left + 1) * right
    lower = _at(images, top + 1, left) * (1 - right) + _at(images, top + 1, left + 1) * right
    return upper * (1 - below) + lower * below


def nearest(masks: Any, y: Any, x: Any) -> Any:
    """Return masks (batch, rows, columns, 1) read at the pixels nearest to the coordinates."""
    return _at(masks, tf.floor(y + 0.5), tf.floor(x + 0.5))


def _at(images: Any, y: Any, x: Any) -> Any:
    height, width = images.shape[1:3]
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    row = tf.cast(tf.clip_by_value(y, 0, height - 1), tf.int32)
    column = tf.cast(tf.clip_by_value(x, 0, width - 1), tf.int32)
    values = tf.gather_nd(images, tf.stack([row, column], axis=-1), batch_dims=1)
    return tf.where(inside[..., None], values, 0.0)
