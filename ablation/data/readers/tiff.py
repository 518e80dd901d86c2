"""Read one TIFF image, or say in a sentence why it cannot be read."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from ablation.data.readers.whole_files import bytes_of, silenced
from ablation.errors import DataError

Image = NDArray[np.generic]
CLASSIC = {b"II*\x00": "<", b"MM\x00*": ">"}
"""First four bytes of a TIFF file and its byte order."""
BIG = {b"II+\x00": "<", b"MM\x00+": ">"}
"""The same of a BigTIFF file, whose directory may lie beyond 4 GB."""
MIN_IS_WHITE, PALETTE = 0, 3
"""Values of the tag PhotometricInterpretation."""
REPLACED = b"\xef\xbf\xbd"
"""U+FFFD in UTF-8: what a text filter writes for a byte it does not understand."""


def read_tiff(path: Path) -> Image:
    """Return the only image of a file, as its header describes it.

    Raises:
        DataError: The fault alone, without the file's name, which the caller adds.
    """
    data = bytes_of(path, "image")
    _refuse_foreign(data)
    with silenced("tifffile"):
        return _decode(data)


def _refuse_foreign(data: bytes) -> None:
    """Refuse what is no whole TIFF file before a decoder guesses at it."""
    if data[:4] not in {**CLASSIC, **BIG}:
        raise DataError(f"is not a TIFF file (it starts with {data[:4]!r})")
    if REPLACED in data and _is_text(data):
        raise DataError(
            "was passed through a text filter (bytes above 127 became EF BF BD); "
            "the image is lost, fetch it again"
        )
    at, code = (4, CLASSIC[data[:4]] + "I") if data[:4] in CLASSIC else (8, BIG[data[:4]] + "Q")
    if len(data) < at + struct.calcsize(code):
        raise DataError(f"is truncated: {len(data)} bytes")
    (directory,) = struct.unpack_from(code, data, at)
    if directory + 2 > len(data):
        raise DataError(
            f"is truncated: its directory should start at byte {directory}, the file ends at {len(data)}"
        )


def _is_text(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decode(data: bytes) -> Image:
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            pages = len(file.pages)
            page = file.pages[0]
            ends = map(sum, zip(page.dataoffsets, page.databytecounts, strict=True))
            promised = max(ends, default=0)
            whole = pages == 1 and promised <= len(data)
            image = _pixels(page, data) if whole else None
    except DataError:
        raise
    except Exception as error:
        # On damaged bytes tifffile raises whatever its decoder trips over, of any type.
        raise DataError(f"cannot be decoded ({error})") from error
    if pages != 1:
        raise DataError(f"holds {pages} images, expected one")
    if image is None:
        raise DataError(
            f"is truncated: its header promises {promised} bytes, the file has {len(data)}"
        )
    if image.size == 0:
        raise DataError("holds no pixels; its header is damaged")
    return image


def _pixels(page: Any, data: bytes) -> Image:
    """Return what an image shows: palettes are looked up, and white is large."""
    try:
        image: Image = page.asarray(maxworkers=1)
    except ValueError as error:
        if "imagecodecs" not in str(error):
            raise
        # Pillow turns white-is-zero images and looks up no palette of an index image.
        return _by_pillow(page, data)
    if page.photometric == MIN_IS_WHITE and image.dtype.kind == "b":
        return np.invert(image)
    if page.photometric == MIN_IS_WHITE and image.dtype.kind == "u":
        return np.asarray((1 << page.bitspersample) - 1 - image, image.dtype)
    if page.photometric == PALETTE:
        return looked_up(image, np.asarray(page.colormap).T >> 8)
    return image


def _by_pillow(page: Any, data: bytes) -> Image:
    from PIL import Image as Pillow  # in here: only compressed files need it

    try:
        with Pillow.open(io.BytesIO(data)) as picture:
            return pillow_pixels(picture)
    except DataError:
        raise
    except Exception as error:
        # On damaged bytes Pillow raises whatever its decoder trips over, of any type.
        kind = getattr(page.compression, "name", page.compression)
        raise DataError(
            f"is compressed with {kind}, which cannot be decoded here ({error}); save it uncompressed"
        ) from error


def pillow_pixels(picture: Any) -> Image:
    """Return the pixels of an image that Pillow has opened: (rows, columns) or (rows, columns, 3).

    An alpha channel is dropped where it is opaque; a palette is looked up.

    Raises:
        DataError: A mode of colours that has no such form, or pixels that are transparent.
    """
    mode = picture.mode
    if mode == "P":
        colours = np.asarray(picture.getpalette("RGB"), np.uint8).reshape(-1, 3)
        return looked_up(np.asarray(picture), colours)
    if mode in {"LA", "RGBA"}:
        pixels = np.asarray(picture)
        if pixels[..., -1].min() < 255:
            raise DataError("has transparent pixels; save it without an alpha channel")
        return pixels[..., 0] if mode == "LA" else pixels[..., :3]
    if mode not in {"1", "L", "RGB", "I", "F"} and not mode.startswith("I;16"):
        raise DataError(f"has colours of mode {mode}; save it as grey or RGB")
    return np.asarray(picture)


def looked_up(index: Image, colours: NDArray[Any]) -> Image:
    """Return what an image with a palette shows.

    Grey colours are looked up. Coloured ones stand for labels, so their numbers are kept, as are
    those of more than two greys that grow with their number.

    Args:
        index: Shape (rows, columns): numbers of colours.
        colours: Shape (colours, 3), 0 to 255.

    >>> looked_up(np.array([[0, 1]]), np.array([[255, 255, 255], [0, 0, 0]])).tolist()
    [[255, 0]]
    """
    used = np.unique(index)
    if used[-1] >= len(colours):
        raise DataError(f"has pixels of colour {used[-1]}, its palette has {len(colours)}")
    shown = colours[used]
    grey = bool(np.all(shown == shown[:, :1]))
    if not grey or (len(used) > 2 and bool(np.all(np.diff(shown[:, 0].astype(int)) > 0))):
        return index
    return np.asarray(np.asarray(colours[:, 0], np.uint8)[index])
