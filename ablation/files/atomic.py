"""Locks between processes, and writes that leave a whole file or the old one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tracking import locks
from tracking.atomic import to_disk


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file; other processes and threads wait, and the lock of a killed one is free."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with locks.locked(path):
        yield


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing that takes the place of `path` when the block ends without an error.

    The bytes are written to a hidden file beside it; after an error nothing is left of them and the
    old file is as it was. They are on the disk before the name is, so a power cut leaves the old
    file or the new one. Missing folders are made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            yield file
        to_disk(beside)
        beside.replace(path)
        to_disk(path.parent)
    finally:
        beside.unlink(missing_ok=True)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file at once; a text in UTF-8 with its line ends as they are."""
    with whole_file(path) as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)
