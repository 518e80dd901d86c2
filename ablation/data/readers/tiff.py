"""Read one TIFF image, or say in a sentence why it cannot be read."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from ablation.data.readers.whole_files import bytes_of, silenced
from ablation.errors import DataError

Image = NDArray[np.generic]
CLASSIC = {b"II*\x00": "<", b"MM\x00*": ">"}
"""First four bytes of a TIFF file and its byte order."""
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
    if data[:4] not in CLASSIC:
        raise DataError(f"is not a TIFF file (it starts with {data[:4]!r})")
    if REPLACED in data and _is_text(data):
        raise DataError(
            "was passed through a text filter (bytes above 127 became EF BF BD); "
            "the image is lost, fetch it again"
        )
    if len(data) < 8:
        raise DataError(f"is truncated: {len(data)} bytes")
    (directory,) = struct.unpack(CLASSIC[data[:4]] + "I", data[4:8])
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
            image: Image | None = page.asarray(maxworkers=1) if whole else None
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
