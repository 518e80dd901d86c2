"""Which of two labels is the oedema: the one that lies at the rim of the tumour all round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CLEARLY = 3.0
"""One label has at least so many times the rim of the other."""
ENOUGH = 20
"""Faces at the rim below which nothing is told."""
MAJORITY = 0.75
"""Share of the masks that must agree."""


@dataclass(frozen=True, slots=True)
class Count:
    """What one mask holds."""

    voxels: Mapping[int, int]
    """Voxels of each label but 0."""
    rim: Mapping[int, int]
    """Faces of each label's voxels that touch the background."""


def count(labels: NDArray[np.uint8]) -> Count:
    """Count the labels of one mask, shape (slice, row, column)."""
    padded = np.pad(labels, 1)
    rim = np.zeros(256, np.int64)
    for axis in range(labels.ndim):
        if labels.shape[axis] == 1:
            continue  # an image has no rim above and below
        along = np.moveaxis(padded, axis, 0)
        for inner, outer in ((along[1:], along[:-1]), (along[:-1], along[1:])):
            rim += np.bincount(inner[outer == 0], minlength=256)
    voxels = np.bincount(labels.ravel(), minlength=256)
    present = [label for label in np.flatnonzero(voxels).tolist() if label]
    return Count(
        {label: int(voxels[label]) for label in present},
        {label: int(rim[label]) for label in present},
    )


def oedema_of(counts: Sequence[Count]) -> int | None:
    """Return which of the labels 1 and 2 is oedema, None where the masks do not tell.

    Oedema surrounds necrosis and enhancing tumour, so that nearly all faces between tumour and
    background are its own.

    >>> oedema_of([Count({1: 10, 2: 90}, {1: 2, 2: 60})])
    2
    """
    both = [one for one in counts if one.voxels.get(1) and one.voxels.get(2)]
    first, second = (sum(one.rim[label] for one in both) for label in (1, 2))
    votes = [1 if one.rim[1] > one.rim[2] else 2 for one in both]
    for label, own, other in ((1, first, second), (2, second, first)):
        if own >= ENOUGH and own > CLEARLY * other and votes.count(label) >= MAJORITY * len(votes):
            return label
    return None
