"""A lock file of the storage has the rights of the umask, so that a group can share a workspace."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from sweeps.errors import SweepError
from sweeps.storage import exclusive


@pytest.mark.parametrize(("mask", "rights"), [(0o002, 0o664), (0o022, 0o644), (0o077, 0o600)])
def test_the_lock_has_the_rights_of_the_umask(tmp_path: Path, mask: int, rights: int) -> None:
    before = os.umask(mask)
    try:
        for _ in range(2):  # made, then opened again
            with exclusive(f"sqlite:///{tmp_path}/optuna.db"):
                assert (tmp_path / "optuna.db.lock").stat().st_mode & 0o777 == rights
    finally:
        os.umask(before)


@pytest.mark.parametrize("error", [OSError(errno.ENOLCK, "no locks"), NotImplementedError("flock")])
def test_a_disk_without_locks_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def acquire(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("filelock.FileLock.acquire", acquire)
    with (
        pytest.raises(SweepError, match="does not support locks"),
        exclusive(f"sqlite:///{tmp_path}/optuna.db"),
    ):
        pass
