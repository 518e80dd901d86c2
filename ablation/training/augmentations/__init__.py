"""Augmentations of training slices: one file each, registered here; TensorFlow is not loaded.

AUGMENTATIONS["td"].ranges
"""

from __future__ import annotations

from ablation.plugins import Registry
from ablation.training.augmentations import book, journal, none, td
from ablation.training.augmentations.augmentation import Augmentation, Ranges

AUGMENTATIONS: Registry[Augmentation] = Registry(
    "augmentation",
    [none.AUGMENTATION, td.AUGMENTATION, book.AUGMENTATION, journal.AUGMENTATION],
)
"""Every value of `data.augmentation`."""

__all__ = ["AUGMENTATIONS", "Augmentation", "Ranges"]
