"""Which process writes a run folder, and whether it still lives."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Owner:
    """A process, told apart from a later one with the same number by its start."""

    host: str
    pid: int
    started: str

    @property
    def gone(self) -> bool:
        """True when the process surely ended; a process of another host is never known to be gone."""
        return self.host == platform.node() and start_of(self.pid) != self.started


@cache
def _me(pid: int) -> Owner:
    return Owner(host=platform.node(), pid=pid, started=start_of(pid))


def this_process() -> Owner:
    """Return the owner that stands for the calling process."""
    return _me(os.getpid())


def start_of(pid: int) -> str:
    """Return a text that names the start of a living process, "" when there is none.

    A process that ended and was not yet collected (a zombie) counts as ended. On Linux the text
    holds the boot and the clock tick since then: psutil.Process.create_time() is a time of day,
    and jumps when the clock of the machine is set. Elsewhere it is the time psutil gives, in the
    words of `ps`, as version 0.1 wrote it.
    """
    try:
        process = psutil.Process(pid)
        if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
            return ""
        if not (PROC / "self/stat").exists():
            return time.ctime(process.create_time())
        # The command's name stands in brackets and may hold anything, so count from the last one.
        after_name = (PROC / str(pid) / "stat").read_text().rpartition(")")[2]
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return ""
    except psutil.AccessDenied:
        return "another user's"  # on macOS; this process could not have written our files
    return f"{_boot()}-{after_name.split()[19]}"


@cache
def _boot() -> str:
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()[:8]
