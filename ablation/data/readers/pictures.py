"""Read an image or a mask of any kind of file: NIfTI, TIFF, PNG, JPEG, or a folder of DICOM slices."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablation.data.grid import Grid
from ablation.data.readers.dicom import read_series
from ablation.data.readers.endings import FLAT, LOSSY, NIFTI, TIFF, ending_of
from ablation.data.readers.tiff import pillow_pixels, read_tiff
from ablation.data.readers.volumes import read_channels
from ablation.data.readers.whole_files import bytes_of
from ablation.data.readers.whole_numbers import whole_numbers
from ablation.errors import DataError

COLOURS = ("red", "green", "blue")
HIGHEST = 255
MOST_LABELS = 32
"""Values of a file that may be a mask; an image of 8 bits has more."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What a file holds."""

    values: NDArray[Any]
    """Shape (channel, slice, row, column)."""
    grid: Grid | None
    """Where the voxels lie; None for a file that does not say."""
    assumed: tuple[str, ...] = ()


def read_picture(path: Path) -> Picture:
    """Return the image of a file, or of a folder of DICOM slices.

    A grey image that was saved as three equal colours has one channel.

    Raises:
        DataError: The fault alone, without the file's name, which the caller adds.
    """
    if path.is_dir():
        series = read_series(path)
        return Picture(series.values[np.newaxis], series.grid, series.assumed)
    ending = ending_of(path)
    if ending in NIFTI:
        volume = read_channels(path)
        return Picture(volume.values, volume.grid, volume.assumed)
    pixels = read_tiff(path) if ending in TIFF else _with_pillow(path)
    if pixels.ndim == 2:
        return Picture(pixels[np.newaxis, np.newaxis], None)
    if pixels.ndim != 3 or pixels.shape[-1] != len(COLOURS):
        sides = "x".join(map(str, pixels.shape))
        raise DataError(f"is {sides}, expected rows x columns, grey or in three colours")
    if np.array_equal(pixels[..., 0], pixels[..., 1]) and np.array_equal(
        pixels[..., 0], pixels[..., 2]
    ):
        return Picture(pixels[np.newaxis, np.newaxis, ..., 0], None)
    return Picture(np.moveaxis(pixels, -1, 0)[:, np.newaxis], None)


def read_labels(path: Path) -> tuple[NDArray[np.uint8], Grid | None, tuple[str, ...]]:
    """Return the labels of a mask, shape (slice, row, column), where they lie, and what was assumed.

    Raises:
        DataError: The fault alone: values that are no labels, colours, a lossy file.
    """
    ending = ending_of(path)
    if ending in LOSSY:
        raise DataError(
            "is a mask saved as JPEG, which blurs labels; save it as PNG, TIFF or NIfTI"
        )
    if ending in FLAT:
        pixels = read_tiff(path) if ending in TIFF else _with_pillow(path)
        if pixels.ndim != 2:
            sides = "x".join(map(str, pixels.shape))
            raise DataError(
                f"is a mask in colours ({sides}), expected rows x columns with a number for each "
                "label; save it as grey image"
            )
        return whole_labels(pixels)[np.newaxis], None, ()
    picture = read_picture(path)
    if len(picture.values) != 1:
        raise DataError(
            f"is a mask of {len(picture.values)} channels, expected one volume of labels"
        )
    return whole_labels(picture.values[0]), picture.grid, picture.assumed


def whole_labels(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Return values as labels from 0 to 255.

    Raises:
        DataError: Values that are no labels.
    """
    values = whole_numbers(values, "probabilities or an interpolated mask")
    if values.min() < 0 or values.max() > HIGHEST:
        odd = values.min() if values.min() < 0 else values.max()
        raise DataError(f"holds label {odd:g}, labels are whole numbers from 0 to {HIGHEST}")
    return np.ascontiguousarray(values, np.uint8)


def _with_pillow(path: Path) -> NDArray[Any]:
    from PIL import Image as Pillow  # in here: only who has such files waits for it

    data = bytes_of(path, "image")
    try:
        with Pillow.open(io.BytesIO(data)) as picture:
            return pillow_pixels(picture)
    except DataError:
        raise
    except Exception as error:
        # On damaged bytes Pillow raises whatever its decoder trips over, of any type.
        raise DataError(f"cannot be decoded ({error})") from error


def looks_like_mask(path: Path) -> bool:
    """Tell whether a file holds few whole values, as labels are."""
    try:
        values = read_picture(path).values
    except DataError:
        return False
    return len(values) == 1 and len(np.unique(values)) <= MOST_LABELS
