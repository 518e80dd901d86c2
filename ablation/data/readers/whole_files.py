"""Read a file's bytes whole, or say in a sentence why it holds nothing; keep decoders quiet."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ablation.errors import DataError


def bytes_of(path: Path, kind: str) -> bytes:
    """Return the content of a file.

    Args:
        path: The file.
        kind: What it should hold, for the message: "image" or "volume".

    Raises:
        DataError: The fault alone, without the file's name, which the caller adds.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})") from error
    if not data:
        raise DataError("is empty (0 bytes)")
    if data.startswith(b"version https://git-lfs"):
        raise DataError(f"is a git-LFS pointer, not the {kind}; fetch it with git lfs pull")
    return data


@contextmanager
def silenced(name: str) -> Iterator[None]:
    """Mute a logger: of a damaged file decoders log each field, and one sentence of ours says it."""
    logger = logging.getLogger(name)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
