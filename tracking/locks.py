"""Locks between processes of one machine, freed by the kernel when their holder dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(path: Path, wait_s: float | None = None) -> Iterator[bool]:
    """Hold the lock file `path`; yield whether it is ours.

    Args:
        path: The lock file, made when absent and never removed (removing it would race).
        wait_s: Seconds to wait for another holder; None waits for as long as it takes.
    """
    from filelock import FileLock, Timeout  # takes 0.15 s, and most readers lock nothing

    lock = FileLock(path, timeout=-1 if wait_s is None else wait_s, mode=0o644)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
