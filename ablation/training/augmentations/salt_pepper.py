"""Salt-and-pepper noise: some pixels of the brain become black or white."""

from __future__ import annotations

from typing import Any

from ablation.plugins.lazy import tf
from ablation.training.augmentations.augmentation import Augmentation
from ablation.training.augmentations.draws import SALT_PEPPER, uniform

SHARE = 0.01
"""Of the brain's pixels, half of them black."""


def salt_pepper(images: Any, masks: Any, rows: Any, epoch_seed: Any) -> tuple[Any, Any]:
    """Return images (batch, rows, columns, channels) with noise, the same in all channels."""
    drawn = uniform(rows, epoch_seed, SALT_PEPPER, (*images.shape[1:3], 1))
    brain = tf.reduce_any(images > 0, axis=-1, keepdims=True)
    noisy = tf.where(drawn > 1 - SHARE, 1.0, tf.where(drawn < SHARE - 1, 0.0, images))
    return tf.where(brain, noisy, images), masks


AUGMENTATION = Augmentation(
    "salt_pepper", "1 % of the brain's pixels black or white", transform=salt_pepper
)
