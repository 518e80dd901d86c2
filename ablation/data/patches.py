"""Patches of volumes: where they are drawn in an epoch, and the voxels there.

A patch is named by its corner, the number of its first voxel in the array of all slices. Some patches
hold a voxel of a target for sure, because a patch at random hardly ever meets a small tumour.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Corners = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Patches:
    """Volumes of several patients in one array, read by corners: `patches[corners]`."""

    values: NDArray[Any]
    """Shape (slice, rows, columns, channel), the slices of all patients."""
    patients: tuple[slice, ...]
    """The slices of each patient, in order."""
    extent: tuple[int, int, int]
    """Slices, rows and columns of a patch."""

    def __getitem__(self, corners: Corners) -> NDArray[Any]:
        """Return the patches, (patch, slices, rows, columns, channel), 0 beyond the last slice."""
        found = np.zeros((len(corners), *self.extent, self.values.shape[-1]), self.values.dtype)
        for patch, corner in zip(found, corners, strict=True):
            start, row, column = np.unravel_index(corner, self.values.shape[:3])
            own = next(one for one in self.patients if one.start <= start < one.stop)
            depth, height, width = self.extent
            stop = min(int(start) + depth, own.stop)
            part = self.values[start:stop, row : row + height, column : column + width]
            patch[: len(part)] = part
        return found


@dataclass(frozen=True, slots=True)
class Drawn:
    """Draws the patches of an epoch: as many as cover each training volume once."""

    masks: NDArray[np.uint8]
    """Shape (slice, rows, columns, target)."""
    patients: tuple[slice, ...]
    """The slices of each training patient."""
    extent: tuple[int, int, int]
    foreground: float
    """Share of the patches that hold a voxel of a target, 0 to 1."""

    def __len__(self) -> int:
        """Return how many patches an epoch has."""
        return sum(self._count(own) for own in self.patients)

    def __call__(self, seed: int) -> Corners:
        """Return the corners of an epoch; they depend on its seed and the patient alone."""
        found = [
            self._corner(own, np.random.default_rng([seed, number, patch]))
            for number, own in enumerate(self.patients)
            for patch in range(self._count(own))
        ]
        return np.array(found, np.intp)

    def _count(self, own: slice) -> int:
        volume = (own.stop - own.start, *self.masks.shape[1:3])
        sides = zip(volume, self.extent, strict=True)
        return math.prod(math.ceil(size / side) for size, side in sides)

    def _corner(self, own: slice, rng: np.random.Generator) -> int:
        volume = (own.stop - own.start, *self.masks.shape[1:3])
        last = [max(0, size - side) for size, side in zip(volume, self.extent, strict=True)]
        corner = [int(rng.integers(0, high + 1)) for high in last]
        if rng.uniform() < self.foreground and (voxel := self._voxel(own, rng)) is not None:
            inside = [int(rng.integers(0, side)) for side in self.extent]
            corner = [
                min(max(0, at - shift), high)
                for at, shift, high in zip(voxel, inside, last, strict=True)
            ]
        flat = np.ravel_multi_index((own.start + corner[0], *corner[1:]), self.masks.shape[:3])
        return int(flat)

    def _voxel(self, own: slice, rng: np.random.Generator) -> Sequence[int] | None:
        """Return a random voxel of a random target that the patient has; None without any."""
        masks = self.masks[own]
        present = np.flatnonzero(masks.any(axis=(0, 1, 2)))
        if not len(present):
            return None
        voxels = np.flatnonzero(masks[..., rng.choice(present)])
        at = np.unravel_index(rng.choice(voxels), masks.shape[:3])
        return [int(one) for one in at]
