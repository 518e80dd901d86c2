"""What an augmentation declares: how it changes slices, and which views it shows the network."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

Transform = Callable[[Any, Any, Any, Any], tuple[Any, Any]]
"""From images (batch, rows, columns, channels) of float32 in 0..1, masks (batch, rows, columns, 1)
of 0 and 1, the number of each slice (batch,) and the seed of the epoch, both int32, to changed
images and masks of the same shapes and types. It is traced: TensorFlow operations alone, and chance
only from `tf.random.stateless_*`, so that what a slice becomes does not hang on the batch or the process."""


# Lengths are given for this side and scaled with the image, so a deformation keeps its shape.
REFERENCE_SIDE = 256
ELASTIC_SIGMA = 4.0
"""Pixels of the Gaussian that smooths a displacement."""
ELASTIC_PIXELS = 40 * math.sqrt(1 / 3) / (2 * math.sqrt(math.pi) * ELASTIC_SIGMA)
"""Standard deviation of alpha 40, sigma 4 (Simard et al. 2003) on noise in -1..1, in pixels."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """How far each change may go; 0 everywhere leaves slices as they are, bit for bit."""

    rotation: float = 0.0
    """Degrees either way."""
    shift: float = 0.0
    """Share of the side, either way, along rows and columns."""
    zoom: float = 0.0
    """Share of the size, either way."""
    flip_columns: float = 0.0
    """Probability of left becoming right."""
    elastic: float = 0.0
    """Standard deviation of the displacement, pixels of an image of 256x256."""
    brightness: float = 0.0
    """Added to the brain, either way."""
    contrast: float = 0.0
    """Share of the distance from the brain's mean, either way."""
    noise: float = 0.0
    """Standard deviation of noise added to the brain."""


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Random changes of training slices, masks with their images.

    With `ranges` alone it is a setting of the changes in augment.py; a `transform` is a change of
    its own; with neither, slices stay as they are.

    Example:
        >>> from ablation.training.augmentations import AUGMENTATIONS
        >>> sorted(AUGMENTATIONS["td"].views)
        ['h', 'id']
    """

    name: str
    """Value of `data.augmentation`."""
    summary: str
    """What it does, in half a line, for help and methods text."""
    views: frozenset[str] = frozenset({"id"})
    """Views of test-time augmentation (inference/tta.py, VIEWS) that training shows the network."""
    ranges: Ranges | None = None
    transform: Transform | None = None
    parts: tuple[Augmentation, ...] = ()
    """Of a chain: what is done one after the other."""

    @property
    def structure(self) -> Hashable:
        """What of it decides the traced step: equal structures share one, whatever their ranges."""
        if self.parts:
            return tuple(part.structure for part in self.parts)
        if self.transform is not None:
            return self.transform
        return "none" if self.ranges is None else "ranges"
