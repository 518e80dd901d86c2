"""Rotation, shift, zoom, mirroring, elastic displacement, brightness and noise."""

from __future__ import annotations

from ablation.training.augmentations.augmentation import ELASTIC_PIXELS, Augmentation, Ranges

AUGMENTATION = Augmentation(
    name="td",
    summary="rotation to 15 degrees, shift and zoom to 10 %, left-right mirroring, elastic displacement, brightness, noise",
    views=frozenset({"id", "h"}),
    ranges=Ranges(
        rotation=15,
        shift=0.1,
        zoom=0.1,
        flip_columns=0.5,
        elastic=ELASTIC_PIXELS,
        brightness=0.2,
        noise=0.01,
    ),
)
