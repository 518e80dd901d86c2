"""Rotation, shift and zoom."""

from __future__ import annotations

from ablation.training.augmentations.augmentation import Augmentation, Ranges

AUGMENTATION = Augmentation(
    name="journal",
    summary="rotation to 15 degrees, shift and zoom to 10 %",
    ranges=Ranges(rotation=15, shift=0.1, zoom=0.1),
)
