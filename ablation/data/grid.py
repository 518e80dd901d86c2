"""Where the voxels of a volume lie in the patient, and how to turn arrays between two orders.

Arrays of a volume are (slice, row, column): slices from feet to head, rows from front to back,
columns from the patient's right to left. A file may store its axes in any order and direction.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

CANONICAL = "SPL"
"""Directions in which slice, row and column grow: superior, posterior, left."""
OPPOSITE = {"S": "I", "I": "S", "P": "A", "A": "P", "L": "R", "R": "L"}
TOLERANCE = 0.1
"""Voxels by which two grids may differ: rotations are stored in few digits."""

Values = NDArray[np.generic]
Affine = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """The voxels of a volume in space."""

    shape: tuple[int, int, int]
    """Slices, rows, columns."""
    affine: Affine
    """Shape (4, 4): (slice, row, column, 1) to mm towards the patient's right, front and head."""
    stored: str
    """Directions in which the three axes of the file grow; what brings a result back."""

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance of neighbouring slices, rows and columns."""
        slices, rows, columns = np.linalg.norm(self.affine[:3, :3], axis=0).round(6).tolist()
        return slices, rows, columns

    @property
    def corners_mm(self) -> NDArray[np.float64]:
        """Centres of the eight outermost voxels, shape (8, 3)."""
        ends = itertools.product(*[(0, side - 1) for side in self.shape])
        corners: NDArray[np.float64] = np.array([(*end, 1) for end in ends]) @ self.affine[:3].T
        return corners


def canonical_grid(shape: Sequence[int], affine: Affine, stored: str) -> Grid:
    """Return the grid of a file's array once it is in canonical order.

    Args:
        shape: Of the array in the file.
        affine: Shape (4, 4), from the indices of the file's array to mm.
        stored: Directions in which the axes of the file grow, such as "LPS".
    """
    slices, rows, columns = (shape[axis] for axis in _axes(stored))
    return Grid((slices, rows, columns), affine @ _turned(shape, stored), stored)


def stored_affine(grid: Grid) -> Affine:
    """Return the affine of the file's array: undoes what `canonical_grid` does to it."""
    shape = [0, 0, 0]
    for new, old in enumerate(_axes(grid.stored)):
        shape[old] = grid.shape[new]
    affine: Affine = grid.affine @ np.linalg.inv(_turned(shape, grid.stored))
    return affine


def _turned(shape: Sequence[int], stored: str) -> Affine:
    """Return the matrix from canonical indices to those of the file's array."""
    turned = np.zeros((4, 4))
    turned[3, 3] = 1.0
    for new, old in enumerate(_axes(stored)):
        forward = stored[old] == CANONICAL[new]
        turned[old, new] = 1.0 if forward else -1.0
        turned[old, 3] = 0.0 if forward else shape[old] - 1
    return turned


def to_canonical(values: Values, stored: str) -> Values:
    """Return a view of a file's array in the order slice, row, column.

    >>> to_canonical(np.array([[[1, 2]], [[3, 4]]]), "RPS").tolist()  # two columns, two slices
    [[[3, 1]], [[4, 2]]]
    """
    return values.transpose(_axes(stored))[_flips(stored)]


def to_stored(values: Values, stored: str) -> Values:
    """Return a view of a canonical array in the order of the file: undoes `to_canonical`."""
    return values[_flips(stored)].transpose(np.argsort(_axes(stored)).tolist())


def difference(grid: Grid, usual: Grid, others: str = "the patient's other volumes") -> str:
    """Say how a grid differs from another one; empty when the same voxels lie at the same places.

    Sizes are columns x rows x slices, as other programs print them for BraTS; `others` names what
    has the other grid, in the plural.
    """
    if grid.shape == usual.shape and is_identity(grid) and not is_identity(usual):
        return (
            f"has lost its place in space (its affine is the identity), {others} have theirs; save it "
            "with the affine of the image, as in nibabel.Nifti1Image(mask, image.affine)"
        )
    if grid.shape != usual.shape:
        return f"is {_times(grid.shape)} voxels, {others} are {_times(usual.shape)}"
    finest = min(usual.spacing_mm)
    if not np.allclose(grid.spacing_mm, usual.spacing_mm, rtol=0.01):
        return (
            f"has voxels of {_times(grid.spacing_mm)} mm, {others} of {_times(usual.spacing_mm)} mm"
        )
    away = float(np.linalg.norm(grid.corners_mm - usual.corners_mm, axis=1).max())
    if away > TOLERANCE * finest:
        return (
            f"lies up to {away:.4g} mm away from {others}: its affine places "
            f"axes {grid.stored}, theirs {usual.stored}, elsewhere"
        )
    return ""


def is_identity(grid: Grid) -> bool:
    """Tell whether a file's affine was the identity, which programs write that know no place."""
    if grid.stored != "RAS":
        return False
    stored = grid.affine[:3, [2, 1, 0]]
    unit = bool(np.allclose(np.abs(stored), np.eye(3)))
    first = grid.affine @ np.array([0, grid.shape[1] - 1, grid.shape[2] - 1, 1])
    return unit and bool(np.allclose(first[:3], 0))


def onto(values: NDArray[Any], grid: Grid, other: Grid) -> NDArray[Any]:
    """Return the values on the voxels of another grid: each takes the nearest, 0 where there is none.

    Args:
        values: Shape (slice, row, column), of `grid`.
        grid: Where the values lie.
        other: Where they are wanted.
    """
    to_own = np.linalg.inv(grid.affine) @ other.affine
    # "constant" would leave out the outer half of the outermost voxels.
    moved: NDArray[Any] = ndimage.affine_transform(
        values,
        to_own[:3, :3],
        to_own[:3, 3],
        output_shape=other.shape,
        order=0,
        mode="grid-constant",
    )
    return moved


def _axes(stored: str) -> list[int]:
    """Return which axis of the file is the slice, the row and the column."""
    return [
        next(i for i, letter in enumerate(stored) if letter in (wanted, OPPOSITE[wanted]))
        for wanted in CANONICAL
    ]


def _flips(stored: str) -> tuple[slice, ...]:
    steps = (1 if wanted in stored else -1 for wanted in CANONICAL)
    return tuple(slice(None, None, step) for step in steps)


def _times(sides: tuple[float, float, float]) -> str:
    return "x".join(f"{side:g}" for side in reversed(sides))
