"""Read one file of masks: a map of labels, or a mask in each channel; anything else is refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablation.data.grid import Grid, difference, onto
from ablation.data.readers.tiff import read_tiff
from ablation.data.readers.volumes import read_channels
from ablation.data.readers.whole_numbers import whole_numbers
from ablation.errors import DataError

NIFTI = (".nii", ".nii.gz")
TIFF = (".tif", ".tiff")
HIGHEST_LABEL = 65535


@dataclass(frozen=True, slots=True, eq=False)
class MaskFile:
    """The masks of one case."""

    values: NDArray[Any]
    """Labels (slice, row, column), or of an image (row, column); booleans with a first axis of
    channels."""
    has_channels: bool
    grid: Grid | None
    """Where the voxels lie; None for an image, whose file does not say."""
    assumed: tuple[str, ...] = ()

    @property
    def spacing_mm(self) -> tuple[float, ...] | None:
        """Voxel size in the order of the axes; None when the file does not say."""
        return None if self.grid is None else self.grid.spacing_mm

    @property
    def channels(self) -> int:
        """How many masks the file holds side by side; 1 for a map of labels."""
        return len(self.values) if self.has_channels else 1

    @property
    def shape(self) -> tuple[int, ...]:
        """Slices, rows, columns; of an image rows, columns."""
        return tuple(self.values.shape[1:] if self.has_channels else self.values.shape)

    def where(self, numbers: tuple[int, ...] | None) -> NDArray[np.bool_]:
        """Return where one of these labels or channels is; None: any label."""
        if numbers is None:
            return np.asarray(self.values > 0)
        if self.has_channels:
            return np.asarray(self.values[list(numbers)].any(axis=0))
        wanted = np.zeros(HIGHEST_LABEL + 1, bool)
        wanted[list(numbers)] = True
        return np.asarray(wanted[self.values])


def is_mask_file(path: Path) -> bool:
    """Tell by its name whether a file can hold masks; macOS leaves a ._NAME beside each NAME."""
    return not path.name.startswith(".") and path.name.lower().endswith((*NIFTI, *TIFF))


def stem_of(path: Path) -> str:
    """Return a file's name without the ending, which may have two parts.

    >>> stem_of(Path("case.1_pred.nii.gz"))
    'case.1_pred'
    """
    ending = next((end for end in (*NIFTI[::-1], *TIFF) if path.name.lower().endswith(end)), "")
    return path.name[: len(path.name) - len(ending)]


def read_mask(path: Path) -> MaskFile:
    """Return the masks of a NIfTI file, or of a TIFF image.

    Raises:
        DataError: The fault alone, without the file's name, which the caller adds.
    """
    if path.name.lower().endswith(TIFF):
        image = read_tiff(path)
        if image.ndim != 2:
            raise DataError(f"is {'x'.join(map(str, image.shape))}, expected rows x columns")
        return MaskFile(_labels(image), False, None)
    volume = read_channels(path)
    if len(volume.values) == 1:
        return MaskFile(_labels(volume.values[0]), False, volume.grid, volume.assumed)
    labels = _labels(volume.values)
    if labels.max() > 1:
        raise DataError(
            f"holds {labels.max()} in one of its {len(labels)} channels, known are 0 and 1"
        )
    return MaskFile(labels.astype(bool), True, volume.grid, volume.assumed)


def resampled(mask: MaskFile, grid: Grid) -> MaskFile:
    """Return the masks on another grid, each voxel with the nearest value.

    Raises:
        DataError: An image without a place in space, or masks that end up empty.
    """
    if mask.grid is None:
        raise DataError("cannot be resampled: the file does not say where it lies")
    parts = mask.values if mask.has_channels else mask.values[np.newaxis]
    moved = np.stack([onto(part, mask.grid, grid) for part in parts])
    if mask.values.any() and not moved.any():
        raise DataError("lies wholly outside the truth's grid: its affine places it elsewhere")
    return replace(mask, values=moved if mask.has_channels else moved[0], grid=grid)


def misplaced(prediction: MaskFile, truth: MaskFile) -> str:
    """Say how the grid of a prediction differs from its truth's; empty when it is the same."""
    if prediction.grid is None or truth.grid is None:
        shapes = ["x".join(map(str, one.shape)) for one in (prediction, truth)]
        return "" if shapes[0] == shapes[1] else f"is {shapes[0]}, the truth is {shapes[1]}"
    return difference(prediction.grid, truth.grid, "the truth's voxels")


def _labels(values: NDArray[Any]) -> NDArray[Any]:
    """Return the values as whole numbers in the smallest type that holds them."""
    values = whole_numbers(values, "probabilities or an interpolated mask; apply a threshold first")
    lowest, highest = values.min(), values.max()
    if lowest < 0 or highest > HIGHEST_LABEL:
        odd = lowest if lowest < 0 else highest
        raise DataError(f"holds label {odd:g}, known are 0 to {HIGHEST_LABEL}")
    return values.astype(np.uint8 if highest < 256 else np.uint16)
