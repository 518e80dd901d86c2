"""The plane of the slices: a volume with its axes turned, and its neighbours as channels.

A volume is (slice, row, column) from feet to head, front to back, right to left. The slices of
another plane are the same voxels with another axis in front.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

AXES: Mapping[str, tuple[int, int, int]] = {
    "axial": (0, 1, 2),
    "coronal": (1, 0, 2),
    "sagittal": (2, 0, 1),
}
"""Which axes of an axial volume are the slice, the row and the column in each plane."""


def to_plane(volume: NDArray[Scalar], plane: str) -> NDArray[Scalar]:
    """Return a view of a volume whose first three axes are axial, with slices of this plane.

    >>> to_plane(np.zeros((24, 128, 100)), "coronal").shape
    (128, 24, 100)
    """
    return volume.transpose(*AXES[plane], *range(3, volume.ndim))


def to_axial(volume: NDArray[Scalar], plane: str) -> NDArray[Scalar]:
    """Return a view with axial slices of a volume with slices of this plane: undoes `to_plane`."""
    return volume.transpose(*np.argsort(AXES[plane]).tolist(), *range(3, volume.ndim))


def in_plane(shape: Sequence[int], plane: str) -> tuple[int, int, int]:
    """Return slices, rows and columns in this plane of a volume of an axial shape.

    >>> in_plane((24, 128, 100), "sagittal")
    (100, 24, 128)
    """
    slices, rows, columns = (shape[axis] for axis in AXES[plane])
    return slices, rows, columns


@dataclass(frozen=True, slots=True)
class Stack:
    """Slices with their neighbours as channels, read as an array is: `stack[rows]`.

    The channels of a slice are those of the lowest neighbour, then the next, up to the highest.
    Beyond the first and last slice of a patient, that slice stands in.
    """

    images: NDArray[np.float32]
    """Shape (slice, rows, columns, modality)."""
    near: NDArray[np.intp]
    """Rows of the images that each slice is seen with, itself among them; (slice, 2 k + 1)."""

    def __len__(self) -> int:
        """Return how many slices there are."""
        return len(self.near)

    def __getitem__(self, rows: slice | NDArray[np.intp]) -> NDArray[np.float32]:
        """Return the images of these rows, (slice, rows, columns, (2 k + 1) * modality)."""
        near = self.near[rows]
        seen = np.moveaxis(np.asarray(self.images[near]), 1, 3)
        return seen.reshape(*seen.shape[:3], -1)


def stack(
    images: NDArray[np.float32], patients: Sequence[slice], neighbours: int
) -> NDArray[np.float32] | Stack:
    """Return the slices as a network sees them: alone, or with so many neighbours either way.

    Args:
        images: Shape (slice, rows, columns, modality), of all patients.
        patients: The rows of each patient, in slice order.
        neighbours: Slices above and as many below.
    """
    if neighbours == 0:
        return images
    steps = np.arange(-neighbours, neighbours + 1)
    near = np.empty((len(images), len(steps)), np.intp)
    for rows in patients:
        own = np.arange(rows.start, rows.stop)
        near[rows] = np.clip(own[:, None] + steps, rows.start, rows.stop - 1)
    return Stack(images, near)
