"""The parent of a sweep: keeps one worker running, shows progress, obeys Ctrl-C.

The parent is a viewer and may die: the worker has its own session, goes on alone, and holds the
worker lock for as long as it lives. Whoever finds the lock free and the study unfinished starts
the next worker, so any number of parents may look at one study.
"""

from __future__ import annotations

import _thread
import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Literal

from sweeps.launchers import Job, Launcher, Worker, launcher_named
from sweeps.owner import this_process
from sweeps.progress import StudyProgress, read_progress
from sweeps.queue import Lost, Watch, open_queue, reap
from sweeps.storage import exclusive, patiently
from sweeps.study import load_spec
from sweeps.worker import HOPELESS_CODE, INTERRUPTED_CODE

LOG_LINES = 15


@dataclass(frozen=True, slots=True)
class SweepEnd:
    """How a parent's watch has ended."""

    how: Literal["done", "interrupted", "hopeless", "crashed"]
    detail: str = ""
    """the last lines of the log, where something went wrong"""
    at_once: bool = False
    """whether the worker was killed by a second Ctrl-C"""


def supervise(
    worker_argv: Sequence[str],
    storage: str,
    name: str,
    *,
    lock: Path,
    log: Path,
    on_progress: Callable[[StudyProgress], None],
    on_lost: Callable[[Lost], None],
    on_stopping: Callable[[StudyProgress], None] = lambda _: None,
    launcher: str = "local",
    max_crashes: int = 3,
    poll_s: float = 0.5,
) -> SweepEnd:
    """Keep one worker on the study until it is finished; main thread only.

    The first Ctrl-C (or SIGTERM) lets the worker end what it does and put its trial back, the
    second ends it at once; no finished trial is lost. A worker that another living parent has started is
    left to that parent.

    Args:
        worker_argv: Command line of a process that calls work() and exits with its exit_code.
        storage: Database URL.
        name: A study made by open_study.
        lock: File that the one worker of the study holds locked.
        log: File the worker's output is appended to.
        on_progress: Called with each new state.
        on_lost: As in work().
        on_stopping: Called at the first Ctrl-C with the state of that moment.
        launcher: How the worker is started: a name of sweeps.launchers.LAUNCHERS.
        max_crashes: Crashes of the worker in a row, without a new epoch, that end the sweep.
        poll_s: Seconds between looks at the storage.

    Raises:
        SweepError: No such study, storage or launcher.
    """
    job, by = Job(tuple(worker_argv), lock, log), launcher_named(launcher)
    lock.parent.mkdir(parents=True, exist_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    end = shown = None
    with _counted_presses() as presses:
        max_failures = load_spec(storage, name).max_consecutive_failures
        parent = _Parent(by, job, presses, on_stopping, max_crashes, max_failures)
        while end is None:
            parent.poll()  # before the storage is read: it then shows all an ended worker did
            now = patiently(lambda: read_progress(storage, name))
            if now != shown:
                on_progress(now)
                shown = now
            end = parent.act(now)
            if end is None:
                presses.wait(poll_s)
        patiently(lambda: _put_back_lost(storage, name, on_lost))
        on_progress(patiently(lambda: read_progress(storage, name)))
    return end


def _put_back_lost(storage: str, name: str, on_lost: Callable[[Lost], None]) -> None:
    """Leave no trial running whose process is gone, whatever ended this watch."""
    spec, nobody_slow = load_spec(storage, name), Watch(grace_s=float("inf"))
    with exclusive(storage):
        for finals in (False, True):
            reap(open_queue(spec, finals=finals), this_process(), nobody_slow, on_lost)


class _Presses:
    """How often Ctrl-C was pressed."""

    def __init__(self) -> None:
        self.count = 0
        self._pressed = threading.Event()

    def press(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
        # Elsewhere: set() takes the lock that the interrupted wait() of this thread may hold.
        _thread.start_new_thread(self._pressed.set, ())

    def wait(self, seconds: float) -> None:
        """Wait, but wake up at once when Ctrl-C is pressed."""
        self._pressed.wait(seconds)
        self._pressed.clear()


@contextlib.contextmanager
def _counted_presses() -> Iterator[_Presses]:
    presses = _Presses()
    before = {s: signal.signal(s, presses.press) for s in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield presses
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Parent:
    """The worker this parent has started, if any, and what became of those before."""

    def __init__(
        self,
        launcher: Launcher,
        job: Job,
        presses: _Presses,
        on_stopping: Callable[[StudyProgress], None],
        max_crashes: int,
        max_failures: int,
    ) -> None:
        self._launcher = launcher
        self._job = job
        self._presses = presses
        self._on_stopping = on_stopping
        self._max_crashes = max_crashes
        self._max_failures = max_failures
        self._worker: Worker | None = None
        self._code: int | None = None
        self._told_to_stop = False
        self._crashes = 0
        self._epochs_at_crash = -1
        self._log_begins = 0
        self._done, self._failed_when_done = -1, 0

    def poll(self) -> None:
        """Notice whether our worker has ended."""
        if self._worker is not None:
            self._code = self._worker.exit_code()

    def act(self, now: StudyProgress) -> SweepEnd | None:
        """Do what the moment asks for; the end, when there is nothing left to wait for."""
        if now.done > self._done:
            self._done, self._failed_when_done = now.done, now.failed
        if self._worker is not None:
            if self._code is None:
                self._obey(self._worker, now)
                return None
            self._worker = None
            return self._after(self._code, now)
        if now.is_finished:
            return SweepEnd("done")
        if self._presses.count:
            return self._end_foreign(now)
        log = self._job.log
        self._log_begins = log.stat().st_size if log.exists() else 0
        self._worker = self._launcher.start(self._job)  # None: another parent's worker runs
        return None

    def _after(self, code: int, now: StudyProgress) -> SweepEnd | None:
        """Judge the end of our worker; None: start another one."""
        if code == 0:
            return SweepEnd("done")
        if code == INTERRUPTED_CODE or self._presses.count:
            return SweepEnd("interrupted", at_once=code != INTERRUPTED_CODE)
        # A trial that takes its worker along fails as lost: no worker lives to count those.
        failures = now.failed - self._failed_when_done
        if code == HOPELESS_CODE or failures >= self._max_failures:
            return SweepEnd("hopeless", self._last_lines())
        self._crashes = 1 if now.epochs > self._epochs_at_crash else self._crashes + 1
        self._epochs_at_crash = now.epochs
        if self._crashes > self._max_crashes:
            return SweepEnd("crashed", self._last_lines())
        return None

    def _end_foreign(self, now: StudyProgress) -> SweepEnd | None:
        """Leave a worker to the parent that started it; when that one is gone, it is ours."""
        found = self._launcher.list(self._job)
        if not found:
            return SweepEnd("interrupted")
        for worker in found:
            if worker.starter is None:
                continue  # it is being started: the next look shows by whom
            if not worker.starter.is_gone():
                return SweepEnd("interrupted")
            self._obey(worker, now)
        return None

    def _obey(self, worker: Worker, now: StudyProgress) -> None:
        """Pass Ctrl-C on: the first asks the worker to end its epoch, the second ends it."""
        if self._presses.count > 1:
            self._launcher.end(worker, True)
        elif self._presses.count == 1 and not self._told_to_stop:
            self._told_to_stop = True
            self._on_stopping(now)
            self._launcher.end(worker, False)

    def _last_lines(self) -> str:
        written = self._job.log.read_bytes()[self._log_begins :].decode(errors="replace")
        return "\n".join(written.splitlines()[-LOG_LINES:])
