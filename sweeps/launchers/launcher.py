"""What a launcher is: it starts, lists and ends the workers of a study on some kind of machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sweeps.owner import Owner


@dataclass(frozen=True, slots=True)
class Job:
    """The one worker of a study that a parent wants to run."""

    argv: tuple[str, ...]
    """command line of a process that calls work() and exits with its exit_code"""
    lock: Path
    """what the worker holds for as long as it lives, so that there is only one"""
    log: Path
    """what the worker prints is appended here"""


def unknown_end() -> int | None:
    """Return None: how a worker that another parent started ends, only that parent learns."""
    return None


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker that was started or found."""

    id: str
    """what its machine calls it; "" while it is being started"""
    starter: Owner | None
    """the parent that started it; None where that is not known yet"""
    exit_code: Callable[[], int | None] = unknown_end
    """how it has ended; None while it runs, and always where another parent started it"""


@dataclass(frozen=True, slots=True)
class Launcher:
    """One way to run workers; LAUNCHERS in sweeps.launchers has one line for each."""

    name: str
    start: Callable[[Job], Worker | None]
    """start the job's worker; None where one runs already"""
    list: Callable[[Job], tuple[Worker, ...]]
    """the job's workers that run now, whoever started them"""
    end: Callable[[Worker, bool], None]
    """end(worker, at_once): False asks it to end its epoch and put its trial back, True ends it
    with all that it started and waits for that; one that has ended already is left alone"""
