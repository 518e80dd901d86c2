"""What every launcher does: one worker for a job, found by others, asked to end, ended at once."""

from __future__ import annotations

import importlib.util
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest

import sweeps
from sweeps.launchers import LAUNCHERS, Job, Launcher, Worker, launcher_named
from sweeps.owner import this_process

PROGRAM = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
print("begun", sys.argv[1], flush=True)
while sys.argv[1] == "wait":
    time.sleep(0.02)
raise SystemExit(int(sys.argv[1]))
"""
"""A worker that ends with the code it is given, or waits until it is asked to end."""


@dataclass
class Threads:
    """A launcher whose workers are threads of this process: the second entry of the contract."""

    running: dict[Path, tuple[Worker, threading.Event]] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)
    body: Callable[[str, Path, threading.Event], int] | None = None

    def start(self, job: Job) -> Worker | None:
        if self.list(job):
            return None
        name = f"thread-{len(self.codes)}-{id(job)}"
        stop = threading.Event()
        worker = Worker(name, this_process(), lambda: self.codes.get(name))
        self.running[job.lock] = worker, stop
        threading.Thread(target=self._run, args=(name, job, stop), daemon=True).start()
        return worker

    def _run(self, name: str, job: Job, stop: threading.Event) -> None:
        word = job.argv[-1]
        with job.log.open("a") as log:
            log.write(f"begun {word}\n")
        if self.body is not None:
            code = self.body(word, job.log, stop)
        else:
            code = 130 if word == "wait" and stop.wait(60) else int(word)
        self.codes[name] = code
        self.running.pop(job.lock)

    def list(self, job: Job) -> tuple[Worker, ...]:
        return tuple(worker for worker, _ in [self.running[job.lock]]) if self._has(job) else ()

    def _has(self, job: Job) -> bool:
        return job.lock in self.running

    def end(self, worker: Worker, at_once: bool) -> None:
        for known, stop in list(self.running.values()):
            if known.id == worker.id:
                stop.set()
        until(lambda: not at_once or worker.id in self.codes)

    @property
    def launcher(self) -> Launcher:
        return Launcher("threads", self.start, self.list, self.end)


def until(what: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


ENTRIES = [*LAUNCHERS.values(), Threads().launcher]


@pytest.mark.parametrize("launcher", ENTRIES, ids=lambda one: one.name)
class TestLauncher:
    @pytest.fixture
    def job(self, tmp_path: Path) -> Callable[[str], Job]:
        def make(word: str) -> Job:
            argv = (sys.executable, "-c", PROGRAM, word)
            return Job(argv, tmp_path / "worker.lock", tmp_path / "worker.log")

        return make

    @pytest.fixture
    def waiting(
        self, launcher: Launcher, job: Callable[[str], Job]
    ) -> Iterator[tuple[Job, Worker]]:
        asked = job("wait")
        worker = launcher.start(asked)
        assert worker is not None
        until(lambda: asked.log.exists() and "begun wait" in asked.log.read_text())
        yield asked, worker
        launcher.end(worker, True)
        worker.exit_code()

    def test_its_name_finds_it(self, launcher: Launcher, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(LAUNCHERS, launcher.name, launcher)
        assert launcher_named(launcher.name) is launcher

    def test_a_worker_tells_how_it_ended(
        self, launcher: Launcher, job: Callable[[str], Job]
    ) -> None:
        worker = launcher.start(job("7"))
        assert worker is not None
        until(lambda: worker.exit_code() is not None)
        assert worker.exit_code() == 7
        assert job("7").log.read_text() == "begun 7\n"

    def test_a_running_worker_is_listed_with_its_starter(
        self, launcher: Launcher, waiting: tuple[Job, Worker]
    ) -> None:
        job, worker = waiting
        assert worker.exit_code() is None
        (found,) = launcher.list(job)
        assert (found.id, found.starter) == (worker.id, this_process())

    def test_there_is_one_worker_for_a_job(
        self, launcher: Launcher, waiting: tuple[Job, Worker]
    ) -> None:
        assert launcher.start(waiting[0]) is None

    @pytest.mark.parametrize("at_once", [False, True])
    def test_a_worker_that_was_found_can_be_ended(
        self, launcher: Launcher, waiting: tuple[Job, Worker], at_once: bool
    ) -> None:
        job, worker = waiting
        (found,) = launcher.list(job)
        launcher.end(found, at_once)
        until(lambda: worker.exit_code() is not None)
        assert worker.exit_code() in ((130, -signal.SIGKILL) if at_once else (130,))
        assert launcher.list(job) == ()
        launcher.end(found, at_once)  # it is gone: nothing happens

    def test_after_a_worker_the_next_can_start(
        self, launcher: Launcher, job: Callable[[str], Job]
    ) -> None:
        for code in (3, 4):
            worker = launcher.start(job(str(code)))
            assert worker is not None
            until(lambda worker=worker: worker.exit_code() is not None)
            assert worker.exit_code() == code
            until(lambda: launcher.list(job("0")) == ())


@pytest.fixture
def toy() -> ModuleType:
    path = Path(__file__).parents[1] / "sweeps" / "toy_sweep.py"
    found = importlib.util.spec_from_file_location("toy_sweep", path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_a_sweep_runs_by_a_launcher_that_was_registered(
    tmp_path: Path, toy: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = toy.spec(tmp_path, trials=3, final_seeds=(1,))
    sweeps.open_study(spec)

    def train(_word: str, _log: Path, stop: threading.Event) -> int:
        end = sweeps.work(spec.storage, spec.name, toy.objective(tmp_path, 0.0), print, stop=stop)
        return end.exit_code

    monkeypatch.setitem(LAUNCHERS, "threads", Threads(body=train).launcher)
    end = sweeps.supervise(
        ["work"],
        spec.storage,
        spec.name,
        lock=tmp_path / "worker.lock",
        log=tmp_path / "worker.log",
        on_progress=lambda _: None,
        on_lost=print,
        launcher="threads",
        poll_s=0.02,
    )
    assert end == sweeps.SweepEnd("done")
    assert sweeps.read_progress(spec.storage, spec.name).is_finished


def test_an_unknown_launcher_names_the_known_ones() -> None:
    with pytest.raises(sweeps.SweepError, match="no launcher slurn") as fault:
        launcher_named("slurn")
    assert "local" in fault.value.hint
