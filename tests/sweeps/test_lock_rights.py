"""A lock file of the storage has the rights of the umask, so that a group can share a workspace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

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
