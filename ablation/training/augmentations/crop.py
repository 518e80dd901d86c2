"""Random crops, enlarged to the slice's size."""

from __future__ import annotations

from typing import Any

from ablation.plugins.lazy import tf
from ablation.training.augmentations.augmentation import Augmentation
from ablation.training.augmentations.draws import CROP, uniform
from ablation.training.augmentations.reading import bilinear, nearest

SMALLEST = 0.75
"""Side of the window, as a share of the slice's."""


def crop(images: Any, masks: Any, rows: Any, epoch_seed: Any) -> tuple[Any, Any]:
    """Return a window of images and masks (batch, rows, columns, channels), at their size."""
    height, width = images.shape[1:3]
    size, down, across = tf.unstack(uniform(rows, epoch_seed, CROP, (3, 1, 1)), axis=1)
    side = SMALLEST + (1 - SMALLEST) * (size + 1) / 2
    grid_y = tf.range(height, dtype=tf.float32)[None, :, None] + tf.zeros((1, 1, width))
    grid_x = tf.range(width, dtype=tf.float32)[None, None, :] + tf.zeros((1, height, 1))
    y = side * grid_y + (down + 1) / 2 * (1 - side) * (height - 1)
    x = side * grid_x + (across + 1) / 2 * (1 - side) * (width - 1)
    return bilinear(images, y, x), nearest(masks, y, x)


AUGMENTATION = Augmentation(
    "crop", "windows of 75 to 100 % of the side, enlarged to the slice", transform=crop
)
