"""The parent of a sweep: keeps one local worker running, shows progress, obeys Ctrl-C.

The parent is a viewer and may die: the worker has its own session, goes on alone, and holds the
worker lock for as long as it lives. Whoever finds the lock free and the study unfinished starts
the next worker, so any number of parents may look at one study.
"""

from __future__ import annotations

import _thread
import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Literal

from sweeps.owner import Owner, started, this_process
from sweeps.progress import StudyProgress, read_progress
from sweeps.queue import Lost, Watch, open_queue, reap
from sweeps.storage import exclusive, patiently
from sweeps.study import load_spec
from sweeps.worker import HOPELESS_CODE, INTERRUPTED_CODE

# The new process notes its own pid in the lock file, then becomes the worker: were the parent to
# write the pid and be killed before, the next parent could not end the worker it finds.
BECOME_WORKER = (
    "import os, sys; "
    "os.write(int(sys.argv[1]), f'{os.getpid()} {sys.argv[2]}'.encode()); "
    "os.execvp(sys.argv[3], sys.argv[3:])"
)
LOG_LINES = 15


@dataclass(frozen=True, slots=True)
class SweepEnd:
    """How a parent's watch has ended."""

    how: Literal["done", "interrupted", "hopeless", "crashed"]
    detail: str = ""
    """the last lines of the log, where something went wrong"""


def supervise(
    worker_argv: Sequence[str],
    storage: str,
    name: str,
    *,
    lock: Path,
    log: Path,
    on_progress: Callable[[StudyProgress], None],
    on_lost: Callable[[Lost], None],
    on_stopping: Callable[[], None] = lambda: None,
    max_crashes: int = 3,
    poll_s: float = 0.5,
) -> SweepEnd:
    """Keep one worker of this machine on the study until it is finished; main thread only.

    The first Ctrl-C (or SIGTERM) lets the worker end its epoch and put its trial back, the second
    ends it at once; no finished trial is lost. A worker that another living parent has started is
    left to that parent.

    Args:
        worker_argv: Command line of a process that calls work() and exits with its exit_code.
        storage: Database URL.
        name: A study made by open_study.
        lock: File that the one local worker of the study holds locked.
        log: File the worker's output is appended to.
        on_progress: Called with each new state.
        on_lost: As in work().
        on_stopping: Called at the first Ctrl-C.
        max_crashes: Crashes of the worker in a row, without a new epoch, that end the sweep.
        poll_s: Seconds between looks at the storage.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    end = shown = None
    with _counted_presses() as presses:
        max_failures = load_spec(storage, name).max_consecutive_failures
        parent = _Parent(worker_argv, lock, log, presses, on_stopping, max_crashes, max_failures)
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
        worker_argv: Sequence[str],
        lock: Path,
        log: Path,
        presses: _Presses,
        on_stopping: Callable[[], None],
        max_crashes: int,
        max_failures: int,
    ) -> None:
        self._argv = worker_argv
        self._lock = lock
        self._log = log
        self._presses = presses
        self._on_stopping = on_stopping
        self._max_crashes = max_crashes
        self._max_failures = max_failures
        self._worker: subprocess.Popen[bytes] | None = None
        self._told_to_stop = False
        self._crashes = 0
        self._epochs_at_crash = -1
        self._log_begins = 0
        self._done, self._failed_when_done = -1, 0

    def poll(self) -> None:
        """Notice whether our worker has ended."""
        if self._worker is not None:
            self._worker.poll()

    def act(self, now: StudyProgress) -> SweepEnd | None:
        """Do what the moment asks for; the end, when there is nothing left to wait for."""
        if now.done > self._done:
            self._done, self._failed_when_done = now.done, now.failed
        if self._worker is not None:
            code = self._worker.returncode
            if code is None:
                self._obey(self._worker.pid)
                return None
            self._worker = None
            return self._after(code, now)
        if now.is_finished:
            return SweepEnd("done")
        with _locked(self._lock) as descriptor:
            if descriptor is None:
                return self._watch_foreign()
            if self._presses.count:
                return SweepEnd("interrupted")
            self._worker = self._start(descriptor)
        return None

    def _start(self, descriptor: int) -> subprocess.Popen[bytes]:
        os.truncate(descriptor, 0)
        note = json.dumps(asdict(this_process()))
        become = [sys.executable, "-I", "-S", "-c", BECOME_WORKER, str(descriptor), note]
        with self._log.open("ab") as output:
            self._log_begins = output.tell()
            return subprocess.Popen(
                [*become, *self._argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(descriptor,),  # the lock now lives as long as the worker
                start_new_session=True,  # Ctrl-C in the terminal reaches the parent only
            )

    def _after(self, code: int, now: StudyProgress) -> SweepEnd | None:
        """Judge the end of our worker; None: start another one."""
        if code == 0:
            return SweepEnd("done")
        if code == INTERRUPTED_CODE or self._presses.count:
            return SweepEnd("interrupted")
        # A trial that takes its worker along fails as lost: no worker lives to count those.
        failures = now.failed - self._failed_when_done
        if code == HOPELESS_CODE or failures >= self._max_failures:
            return SweepEnd("hopeless", self._last_lines())
        self._crashes = 1 if now.epochs > self._epochs_at_crash else self._crashes + 1
        self._epochs_at_crash = now.epochs
        if self._crashes > self._max_crashes:
            return SweepEnd("crashed", self._last_lines())
        return None

    def _watch_foreign(self) -> SweepEnd | None:
        """Leave a worker to the parent that started it; when that one is gone, it is ours."""
        noted = self._lock.read_text().partition(" ")
        if not self._presses.count or not noted[2]:
            return None
        if not Owner(**json.loads(noted[2])).is_gone():
            return SweepEnd("interrupted")
        self._obey(int(noted[0]))
        return None

    def _obey(self, pid: int) -> None:
        """Pass Ctrl-C on: the first asks the worker to end its epoch, the second ends it."""
        with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
            if self._presses.count > 1:
                os.killpg(pid, signal.SIGKILL)
                _wait_until_gone(pid)
            elif self._presses.count == 1 and not self._told_to_stop:
                self._told_to_stop = True
                self._on_stopping()
                os.kill(pid, signal.SIGTERM)

    def _last_lines(self) -> str:
        written = self._log.read_bytes()[self._log_begins :].decode(errors="replace")
        return "\n".join(written.splitlines()[-LOG_LINES:])


def _wait_until_gone(pid: int, patience_s: float = 10.0) -> None:
    deadline = time.monotonic() + patience_s
    while started(pid) and time.monotonic() < deadline:
        time.sleep(0.02)  # nobody but its parent can wait for a process


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[int | None]:
    """Yield the descriptor of the locked file, None when somebody else holds the lock."""
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
