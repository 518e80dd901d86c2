"""Workers as processes of this machine, each with a session of its own: Ctrl-C does not reach them.

The worker holds its lock file for as long as it lives, and the file notes who it is.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from sweeps.launchers.launcher import Job, Launcher, Worker
from sweeps.owner import Owner, started, this_process

# The new process notes its own pid in the lock file, then becomes the worker: were the parent to
# write the pid and be killed before, the next parent could not end the worker it finds.
BECOME_WORKER = (
    "import os, sys; "
    "os.write(int(sys.argv[1]), f'{os.getpid()} {sys.argv[2]}'.encode()); "
    "os.execvp(sys.argv[3], sys.argv[3:])"
)


def start(job: Job) -> Worker | None:
    """Start the worker; None where one holds the lock."""
    with _locked(job.lock) as descriptor:
        if descriptor is None:
            return None
        os.truncate(descriptor, 0)
        starter = this_process()
        note = json.dumps(asdict(starter))
        become = [sys.executable, "-I", "-S", "-c", BECOME_WORKER, str(descriptor), note]
        with job.log.open("ab") as output:
            process = subprocess.Popen(
                [*become, *job.argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(descriptor,),  # the lock now lives as long as the worker
                start_new_session=True,  # Ctrl-C in the terminal reaches the parent only
            )
    return Worker(str(process.pid), starter, process.poll)


def list_workers(job: Job) -> tuple[Worker, ...]:
    """Return the worker that holds the lock, as the file notes it."""
    with _locked(job.lock) as descriptor:
        if descriptor is not None:
            return ()
    pid, _, note = job.lock.read_text().partition(" ")
    return (Worker(pid, Owner(**json.loads(note))) if note else Worker("", None),)


def end(worker: Worker, at_once: bool) -> None:
    """Send SIGTERM to the worker, or SIGKILL to it and all it started."""
    pid = int(worker.id)
    with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
        if at_once:
            os.killpg(pid, signal.SIGKILL)
            _wait_until_gone(pid)
        else:
            os.kill(pid, signal.SIGTERM)


def _wait_until_gone(pid: int, patience_s: float = 10.0) -> None:
    deadline = time.monotonic() + patience_s
    while started(pid) and time.monotonic() < deadline:
        time.sleep(0.02)  # only its parent can wait for a process


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[int | None]:
    """Yield the descriptor of the locked file, None when somebody else holds the lock.

    By fcntl, unlike every other lock: the descriptor is handed to the worker, which so keeps the
    lock after its parent has died. A filelock is released by the process that took it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield descriptor
    finally:
        os.close(descriptor)


LOCAL = Launcher("local", start, list_workers, end)
