"""Slices as they are."""

from __future__ import annotations

from ablation.training.augmentations.augmentation import Augmentation

AUGMENTATION = Augmentation("none", "slices as they are")
