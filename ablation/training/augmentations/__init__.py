"""Augmentations of training slices: one file each, registered here; TensorFlow is not loaded.

AUGMENTATIONS["td"].ranges
augmentation_of("td+gamma").parts
"""

from __future__ import annotations

import numpy as np

from ablation.inference.tta import VIEWS
from ablation.plugins import Registry
from ablation.training.augmentations import (
    book,
    crop,
    gamma,
    journal,
    none,
    salt_pepper,
    td,
    vertical_flip,
)
from ablation.training.augmentations.augmentation import Augmentation, Ranges

AUGMENTATIONS: Registry[Augmentation] = Registry(
    "augmentation",
    [
        none.AUGMENTATION,
        td.AUGMENTATION,
        book.AUGMENTATION,
        journal.AUGMENTATION,
        gamma.AUGMENTATION,
        salt_pepper.AUGMENTATION,
        vertical_flip.AUGMENTATION,
        crop.AUGMENTATION,
    ],
)
"""Every value of `data.augmentation`; several of them are joined by +."""

__all__ = ["AUGMENTATIONS", "CHAINED", "Augmentation", "Ranges", "augmentation_of"]

CHAINED = "+"


def augmentation_of(value: str) -> Augmentation:
    """Return the augmentation of a value of `data.augmentation`: a name, or names joined by +.

    Raises:
        UsageError: An unknown name.

    >>> sorted(augmentation_of("td+vertical_flip").views)
    ['h', 'id', 'r180', 'v']
    """
    parts = tuple(AUGMENTATIONS.find(name.strip()) for name in value.split(CHAINED))
    if len(parts) == 1:
        return parts[0]
    views = {"id"}
    for part in parts:
        views = {_after(first, second) for first in views for second in part.views}
    return Augmentation(
        name=CHAINED.join(part.name for part in parts),
        summary="; ".join(part.summary for part in parts),
        views=frozenset(views),
        parts=parts,
    )


def _after(first: str, second: str) -> str:
    """Return the view that one view of another is."""
    image = np.arange(4, dtype=np.float32).reshape(1, 2, 2, 1)
    seen = VIEWS[second].apply(VIEWS[first].apply(image))
    return next(name for name, view in VIEWS.items() if (view.apply(image) == seen).all())
