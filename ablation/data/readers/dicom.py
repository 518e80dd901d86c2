"""Read a DICOM series, one file per slice, as a volume in space."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablation.data.readers.endings import is_dicom
from ablation.data.readers.volumes import Volume, volume_of
from ablation.errors import DataError

UNEVEN = 0.02
"""Share of the usual distance by which the distances of neighbouring slices may differ."""


def dicom_files(folder: Path) -> tuple[Path, ...]:
    """Return the DICOM files in a folder, sorted: by their ending, or without one by their content."""
    if not folder.is_dir():
        return ()
    files = (path for path in folder.iterdir() if path.is_file() and path.name[0] != ".")
    return tuple(sorted(path for path in files if is_dicom(path)))


def read_series(folder: Path) -> Volume:
    """Return the volume that the files of a folder make up.

    Raises:
        DataError: The fault alone, without the folder's name, which the caller adds.
    """
    slices = [_opened(path) for path in dicom_files(folder)]
    series = {str(one.get("SeriesInstanceUID", "")) for one in slices}
    if len(series) > 1:
        raise DataError(f"holds {len(series)} series, expected one; make a folder of each")
    across, along = _directions(slices[0])
    normal = np.cross(across, along)
    slices.sort(key=lambda one: float(np.dot(_position(one), normal)))
    first = slices[0]
    for one in slices:
        if not np.allclose([*_directions(one)], [across, along], atol=1e-3):
            raise DataError("holds slices of different orientation, such as a localizer")
        if (one.Rows, one.Columns) != (first.Rows, first.Columns):
            raise DataError(
                f"holds slices of {one.Rows}x{one.Columns} and of {first.Rows}x{first.Columns}"
            )
    rows, columns = (float(side) for side in first.PixelSpacing)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1] = across * columns, along * rows
    affine[:3, 2] = _step(slices, normal)
    affine[:3, 3] = _position(first)
    # DICOM counts towards the patient's left and back, NIfTI to the right and front.
    affine[:2] *= -1
    values = np.stack([_pixels(one).T for one in slices], axis=-1)
    return volume_of(values, affine)


def _opened(path: Path) -> Any:
    try:
        import pydicom  # in here: only who has DICOM files waits for it
    except ImportError as error:
        raise DataError("is DICOM, and pydicom is not installed: pip install pydicom") from error
    try:
        opened = pydicom.dcmread(path)
    except Exception as error:
        # On damaged bytes pydicom raises whatever it trips over, of any type.
        raise DataError(f"holds {path.name}, which cannot be read ({error})") from error
    wanted = ("Rows", "Columns", "PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient")
    lacking = [name for name in wanted if name not in opened]
    if lacking or int(opened.get("NumberOfFrames", 1) or 1) > 1:
        fault = f"without {', '.join(lacking)}" if lacking else "with several frames"
        raise DataError(f"holds {path.name} {fault}; convert the series to NIfTI, as dcm2niix does")
    return opened


def _directions(one: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where columns and rows are counted towards."""
    cosines = np.array([float(value) for value in one.ImageOrientationPatient])
    return cosines[:3], cosines[3:]


def _position(one: Any) -> NDArray[np.float64]:
    return np.array([float(value) for value in one.ImagePositionPatient])


def _step(slices: Sequence[Any], normal: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the way from a slice to the next."""
    places = np.array([_position(one) for one in slices])
    if len(places) == 1:
        return normal * float(slices[0].get("SliceThickness", None) or 1.0)
    gaps = np.diff(places @ normal)
    usual = float(np.median(gaps))
    if usual <= 0 or np.any(np.abs(gaps - usual) > UNEVEN * usual):
        listed = ", ".join(f"{gap:g}" for gap in np.unique(gaps.round(3))[:4])
        raise DataError(
            f"has slices at uneven distances ({listed} mm): slices are missing or stand twice"
        )
    way: NDArray[np.float64] = (places[-1] - places[0]) / (len(places) - 1)
    return way


def _pixels(one: Any) -> NDArray[np.generic]:
    """Return the values of a slice, shape (rows, columns), scaled as its header says."""
    try:
        pixels: NDArray[Any] = one.pixel_array
    except Exception as error:
        # What a decoder that is not installed or damaged bytes raise is of any type.
        raise DataError(
            f"holds {Path(str(one.filename)).name}, whose pixels cannot be decoded ({error})"
        ) from error
    if pixels.ndim != 2:
        raise DataError("holds colour images, expected grey ones")
    if one.get("PhotometricInterpretation") == "MONOCHROME1":
        top = (1 << int(one.BitsStored)) - 1 if int(one.PixelRepresentation) == 0 else -1
        pixels = (top - pixels.astype(np.int64)).astype(pixels.dtype)
    slope, intercept = (float(one.get(name, usual) or usual) for name, usual in SCALE.items())
    return pixels if (slope, intercept) == (1.0, 0.0) else pixels * slope + intercept


SCALE = {"RescaleSlope": 1.0, "RescaleIntercept": 0.0}
"""Tags that scale the stored values, and their values where they are absent."""
