"""Whole files: written under a hidden name beside their place, then renamed to it.

The bytes are on the disk before the new name is, and the name before the block ends: after a power
cut a reader finds the old file or the new one.
"""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a hidden path with the ending of `target`; it becomes `target` when the block succeeds.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "table.csv"
        >>> with replacing(file) as path:
        ...     _ = path.write_text("a,b")
        >>> file.read_text()
        'a,b'
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{uuid.uuid4().hex[:8]}-{target.name}")
    try:
        yield beside
        to_disk(beside)
        beside.replace(target)
        to_disk(target.parent)
    finally:
        beside.unlink(missing_ok=True)


def to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk.

    File systems that cannot say so for a folder (some network and FUSE ones) are taken as they are.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(descriptor)
