"""Read a NIfTI file in canonical order, or say in a sentence why it cannot be read."""

from __future__ import annotations

import gzip
import math
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablation.data.grid import Grid, canonical_grid, to_canonical
from ablation.data.readers.whole_files import bytes_of, silenced
from ablation.errors import DataError

GZIP = b"\x1f\x8b"
MAGIC_AT = 344
MAGIC = {b"n+1\x00": 1, b"n+2\x00": 2}
"""Bytes of the single-file formats; NIfTI-2 has them right behind its first field."""


@dataclass(frozen=True, slots=True)
class Volume:
    """One volume of one patient."""

    values: NDArray[Any]
    """Shape (slice, row, column), in the type they were stored in; float64 when scaled."""
    grid: Grid
    assumed: tuple[str, ...] = ()
    """What the file leaves open."""


def read_volume(path: Path) -> Volume:
    """Return the only volume of a .nii or .nii.gz file.

    Raises:
        DataError: The fault alone, without the file's name, which the caller adds.
    """
    return _canonical(_decode(path))


def volume_of(values: NDArray[Any], affine: NDArray[np.float64]) -> Volume:
    """Return an array with the axes column, row, slice in canonical order.

    Args:
        values: Shape (column, row, slice).
        affine: Shape (4, 4), from indices to mm towards the patient's right, front and head.

    Raises:
        DataError: The affine gives the axes no direction.
    """
    return _canonical(_Stored(values, affine, _letters(affine), ()))


def read_channels(path: Path) -> Volume:
    """Return all volumes of a .nii or .nii.gz file, values of shape (channel, slice, row, column).

    NIfTI puts channels behind the three axes of space; where the first axis is the shortest, as
    programs that write arrays of (channel, column, row, slice) leave it, it counts them.

    Raises:
        DataError: The fault alone, without the file's name, which the caller adds.
    """
    stored = _decode(path)
    values, sides = stored.values, "x".join(str(side) for side in stored.values.shape)
    if values.ndim == 5 and values.shape[3] == 1:
        values = values[:, :, :, 0]
    if values.ndim != 4 or values.shape[3] == 1:
        one = _canonical(stored)
        return replace(one, values=one.values[np.newaxis])
    if first := values.shape[0] < values.shape[3]:
        values = np.moveaxis(values, 0, -1)
    note = (
        f"is {sides}; its {'first' if first else 'last'} axis is read as {values.shape[3]} channels"
    )
    parts = [
        _canonical(replace(stored, values=values[..., channel], assumed=(*stored.assumed, note)))
        for channel in range(values.shape[3])
    ]
    return replace(parts[0], values=np.stack([part.values for part in parts]))


@dataclass(frozen=True, slots=True)
class _Stored:
    """A file's array as it stands there."""

    values: NDArray[Any]
    affine: NDArray[np.float64]
    axes: str
    """Directions in which the first three axes grow."""
    assumed: tuple[str, ...]


def as_stored(path: Path) -> tuple[Any, Volume]:
    """Return a file as a nibabel image and in canonical order, to write another on its grid.

    Raises:
        DataError: It cannot be read, or holds more than one volume per channel.
    """
    data, version = _bytes(path)
    image = _kind(version).from_bytes(data)
    return image, read_channels(path)


def _decode(path: Path) -> _Stored:
    return _parse(*_bytes(path))


def _bytes(path: Path) -> tuple[bytes, int]:
    """Return the file without compression, and the version of its format."""
    data = bytes_of(path, "volume")
    unpacked = _unpack(data) if path.suffix.lower() == ".gz" else data
    version = _version(unpacked)
    if path.suffix.lower() != ".gz" and version is None and data.startswith(GZIP):
        raise DataError("is compressed although its name does not end in .gz; rename it")
    if version is None:
        raise DataError(f"is not a NIfTI file (it starts with {unpacked[:4]!r})")
    return unpacked, version


def _unpack(data: bytes) -> bytes:
    if not data.startswith(GZIP):
        held = "a NIfTI file; rename it to .nii" if _version(data) else f"{data[:4]!r}..."
        raise DataError(f"is not compressed although its name ends in .gz: it holds {held}")
    try:
        return gzip.decompress(data)
    except EOFError as error:
        raise DataError("is truncated: its compressed data end early") from error
    except (OSError, zlib.error) as error:
        raise DataError(f"cannot be decompressed ({error})") from error


def _version(data: bytes) -> int | None:
    return MAGIC.get(data[MAGIC_AT : MAGIC_AT + 4]) or MAGIC.get(data[4:8])


def _kind(version: int) -> Any:
    import nibabel  # in here: only who reads volumes waits for it

    return nibabel.Nifti1Image if version == 1 else nibabel.Nifti2Image


def _parse(data: bytes, version: int) -> _Stored:
    try:
        with silenced("nibabel.global"):
            image = _kind(version).from_bytes(data)
            _refuse_truncated(image.dataobj, len(data))
            axes = _letters(image.affine)
            values = np.asanyarray(image.dataobj)
    except DataError:
        raise
    except Exception as error:
        # On a damaged header nibabel raises whatever it trips over, of any type.
        raise DataError(f"cannot be decoded ({error})") from error
    return _Stored(values, image.affine, axes, _assumed(image.header))


def _letters(affine: NDArray[np.float64]) -> str:
    """Return the directions in which the axes grow, such as "LPS"; a "?" for none."""
    import nibabel  # in here: only who reads volumes waits for it

    return "".join(letter or "?" for letter in nibabel.aff2axcodes(affine))


def _canonical(stored: _Stored) -> Volume:
    values, affine, axes, assumed = stored.values, stored.affine, stored.axes, stored.assumed
    if values.ndim == 2:
        values = values[:, :, np.newaxis]
    if values.ndim < 3 or math.prod(values.shape[3:]) != 1 or values.size == 0:
        sides = "x".join(str(side) for side in values.shape)
        raise DataError(f"is {sides}, expected one volume of columns x rows x slices")
    if values.dtype.kind not in "iuf":
        raise DataError(f"holds {values.dtype} values, expected numbers")
    if not np.all(np.isfinite(affine)) or "?" in axes:
        raise DataError("has a damaged affine: it gives the axes no direction")
    if values.ndim > 3:
        sides = "x".join(str(side) for side in values.shape)
        assumed = (f"is {sides}; read as the one volume it holds", *assumed)
    values = values.reshape(values.shape[:3])
    grid = canonical_grid(values.shape, affine, axes)
    return Volume(to_canonical(values, axes), grid, assumed)


def _refuse_truncated(stored: Any, size: int) -> None:
    promised = stored.offset + math.prod(stored.shape) * stored.dtype.itemsize
    if size < promised:
        raise DataError(f"is truncated: its header promises {promised} bytes, there are {size}")


def _assumed(header: Any) -> tuple[str, ...]:
    if header["sform_code"] or header["qform_code"]:
        return ()
    return ("has no orientation; its axes are taken as left, front, head",)
