"""What a killed process started ends with it; lock files have the rights of the umask."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tracking.errors import TrackingError
from tracking.locks import locked

STARTER = """
import subprocess, sys, time
subprocess.Popen(
    [sys.executable, "-m", "tracking.guard", sys.executable, "-c", sys.argv[1]],
    stdin=subprocess.PIPE, start_new_session=True,
)
time.sleep(600)
"""
SERVER = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[-1] if len(sys.argv) > 1 else os.environ["PIDS"], "w").write(f"{os.getpid()} {child.pid}\\n")
time.sleep(600)
"""


def wait_for(condition, seconds: float = 60.0) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_starter_leaves_no_server(tmp_path: Path, sign: int) -> None:
    pids = tmp_path / "pids"
    root = str(Path(__file__).parents[2])
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, SERVER],
        env=os.environ | {"PIDS": str(pids), "PYTHONPATH": root},
    )
    wait_for(lambda: pids.exists() and pids.read_text().endswith("\n"))
    started = [int(pid) for pid in pids.read_text().split()]
    assert all(map(alive, started))
    starter.send_signal(sign)
    starter.wait()
    wait_for(lambda: not any(map(alive, started)))


@pytest.mark.parametrize(("mask", "rights"), [(0o002, 0o664), (0o027, 0o640), (0o077, 0o600)])
def test_a_lock_file_has_the_rights_of_the_umask(tmp_path: Path, mask: int, rights: int) -> None:
    before = os.umask(mask)
    try:
        with locked(tmp_path / "lock") as mine:
            assert mine
    finally:
        os.umask(before)
    assert (tmp_path / "lock").stat().st_mode & 0o777 == rights


@pytest.mark.parametrize("error", [OSError(errno.ENOLCK, "no locks"), NotImplementedError("flock")])
def test_a_disk_without_locks_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def acquire(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("filelock.FileLock.acquire", acquire)
    with pytest.raises(TrackingError, match="does not support locks"), locked(tmp_path / "lock"):
        pass
