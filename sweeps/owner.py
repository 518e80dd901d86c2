"""Who works on a trial: one process of one machine, recognised even after its pid is used again."""

from __future__ import annotations

import functools
import os
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

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
    """Return when a process started, "" when it has ended (a zombie has)."""
    if not (PROC / "self/stat").exists():
        return _started_by_ps(pid)
    try:
        # The name, in brackets, may hold blanks and brackets; state is the first field after it.
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
    return "" if fields[0] in "ZX" else f"{boot} {fields[19]}"


def _started_by_ps(pid: int) -> str:
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
