"""Locks between processes of one machine, freed by the kernel when their holder dies."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tracking.errors import TrackingError


@contextmanager
def locked(path: Path, wait_s: float | None = None) -> Iterator[bool]:
    """Hold the lock file `path`; yield whether it is ours.

    Args:
        path: The lock file, made when absent and never removed (removing it would race).
        wait_s: Seconds to wait for another holder; None waits for as long as it takes.

    Raises:
        OSError: The file cannot be made or opened.
        TrackingError: The file system has no locks.
    """
    from filelock import FileLock, Timeout  # takes 0.15 s, and most readers lock nothing

    seconds = -1 if wait_s is None else wait_s
    lock = FileLock(path, timeout=seconds, mode=rights_of(path))
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    except NotImplementedError:
        raise _no_locks(path) from None
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP):
            raise _no_locks(path) from error
        raise
    try:
        yield True
    finally:
        lock.release()


def rights_of(path: Path) -> int:
    """Return the rights of a shared file, made when absent: what the umask gives, also to a group.

    Lock files by filelock and databases by SQLite would give a group none to write.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o666))
    return path.stat().st_mode & 0o777


def _no_locks(path: Path) -> TrackingError:
    return TrackingError(
        f"{path.parent}: this file system does not support locks",
        hint="Put the workspace on a local disk; two processes would overwrite each other here.",
    )
