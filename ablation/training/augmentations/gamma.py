"""Random gamma: intensities to a power between 2/3 and 3/2."""

from __future__ import annotations

import math
from typing import Any

from ablation.plugins.lazy import tf
from ablation.training.augmentations.augmentation import Augmentation
from ablation.training.augmentations.draws import GAMMA, uniform

LARGEST = 1.5


def gamma(images: Any, masks: Any, rows: Any, epoch_seed: Any) -> tuple[Any, Any]:
    """Return images (batch, rows, columns, channels) to a power; background and masks stay."""
    drawn = uniform(rows, epoch_seed, GAMMA, (1, 1, 1))
    power = tf.exp(drawn * math.log(LARGEST))
    # A power of 0 has no slope and no value to change: the background stays exactly 0.
    inside = images > 0
    return tf.where(inside, tf.pow(tf.where(inside, images, 1.0), power), images), masks


AUGMENTATION = Augmentation("gamma", "intensities to a power of 2/3 to 3/2", transform=gamma)
