"""Pictures with a palette as PNG bytes (ISO/IEC 15948): nothing in them but the picture."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"

Colour = tuple[int, int, int]
"""Red, green, blue; 0 to 255."""


def png(picture: NDArray[np.uint8], palette: Sequence[Colour]) -> bytes:
    """Return a picture (rows, columns) of indices into a palette of at most 256 colours.

    >>> png(np.zeros((1, 1), np.uint8), [(0, 0, 0)])[12:16]
    b'IHDR'
    """
    rows, columns = picture.shape
    header = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)  # 8 bits, indexed
    # Each row begins with its filter: 0, as it is.
    lines = np.pad(picture, ((0, 0), (1, 0))).tobytes()
    chunks = (
        (b"IHDR", header),
        (b"PLTE", bytes(value for colour in palette for value in colour)),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    )
    return SIGNATURE + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))
