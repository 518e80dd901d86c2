"""Who works on a trial: one process of one machine, recognised even after its pid is used again."""

from __future__ import annotations

import contextlib
import functools
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Owner:
    """A process: machine, process id, and when it started (in the machine's own words)."""

    host: str
    pid: int
    start: str

    def is_gone(self) -> bool:
        """Return whether the process has surely ended; False when it runs on another machine."""
        return self.host == this_host() and started(self.pid) != self.start


@functools.cache
def this_host() -> str:
    """Return the name of this machine; containers see other pids and so are other machines."""
    try:
        return f"{socket.gethostname()} {(PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return socket.gethostname()


def this_process() -> Owner:
    """Return the calling process as an owner."""
    return Owner(this_host(), os.getpid(), started(os.getpid()))


def started(pid: int) -> str:
    """Return when a process started, "" when it has ended (a zombie has).

    Not psutil's create_time() on Linux: it is a time of day there, and jumps with the clock.
    """
    with contextlib.suppress(psutil.NoSuchProcess, OSError):
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return ""
        if not (PROC / "self/stat").exists():
            return time.ctime(process.create_time())
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        # The name, in brackets, may hold blanks and brackets; the fields after it do not.
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        return f"{boot} {fields[19]}"
    return ""
