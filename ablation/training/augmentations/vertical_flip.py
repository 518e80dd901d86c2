"""Top-bottom mirroring of every second slice."""

from __future__ import annotations

from typing import Any

from ablation.plugins.lazy import tf
from ablation.training.augmentations.augmentation import Augmentation
from ablation.training.augmentations.draws import VERTICAL_FLIP, uniform


def vertical_flip(images: Any, masks: Any, rows: Any, epoch_seed: Any) -> tuple[Any, Any]:
    """Return images and masks, mirrored with probability 1/2."""
    flipped = uniform(rows, epoch_seed, VERTICAL_FLIP, (1, 1, 1)) < 0
    return (
        tf.where(flipped, images[:, ::-1], images),
        tf.where(flipped, masks[:, ::-1], masks),
    )


AUGMENTATION = Augmentation(
    "vertical_flip",
    "top-bottom mirroring",
    views=frozenset({"id", "v"}),
    transform=vertical_flip,
)
