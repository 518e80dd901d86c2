"""Wide rotation, zoom, mirroring, brightness, contrast and noise."""

from __future__ import annotations

from ablation.training.augmentations.augmentation import Augmentation, Ranges

# The book names brightness, contrast and noise without amounts; these are moderate ones.
AUGMENTATION = Augmentation(
    name="book",
    summary="rotation to 36 degrees, zoom to 10 %, left-right mirroring, brightness, contrast, noise",
    views=frozenset({"id", "h"}),
    ranges=Ranges(
        rotation=36, zoom=0.1, flip_columns=0.5, brightness=0.1, contrast=0.1, noise=0.01
    ),
)
