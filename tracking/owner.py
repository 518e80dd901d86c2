"""Which process writes a run folder, and whether it still lives."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path


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

    Linux: boot and clock tick, from /proc; elsewhere what `ps` says. A zombie is dead.
    """
    try:
        # The command's name stands in brackets and may hold anything, so count from the last one.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return "" if Path("/proc/self/stat").exists() else _start_by_ps(pid)
    except ProcessLookupError:
        return ""
    return "" if fields[0] in "ZX" else f"{_boot()}-{fields[19]}"


@cache
def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]


def _start_by_ps(pid: int) -> str:
    listing = subprocess.run(
        ["/bin/ps", "-o", "stat=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return "" if listing.startswith("Z") else listing.partition(" ")[2].strip()
