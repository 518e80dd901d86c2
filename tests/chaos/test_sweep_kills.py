"""Kill a sweep anywhere: the table of a restarted one-worker sweep is that of an uninterrupted one."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import sweeps

TOY = Path(__file__).parents[1] / "sweeps" / "toy_sweep.py"
NAME = "toy/unet"
TRIALS = 14

Table = list[tuple[object, ...]]


class Sweep:
    """A toy sweep in a folder, its parents and its worker."""

    def __init__(self, folder: Path, epoch_s: float = 0.1) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.epoch_s = epoch_s
        self.storage = f"sqlite:///{folder / 'optuna.db'}"
        self.started: list[subprocess.Popen[str]] = []

    def start(self, role: str = "sweep") -> subprocess.Popen[str]:
        command = [sys.executable, str(TOY), role, str(self.folder), str(self.epoch_s)]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.started.append(process)
        return process

    def worker(self) -> int | None:
        """Return the pid of the local worker, as the lock file notes it."""
        try:
            noted = (self.folder / "worker.lock").read_text().partition(" ")[0]
        except FileNotFoundError:
            return None
        alive = noted and Path(f"/proc/{noted}/stat").exists()
        return int(noted) if alive and b"toy_sweep" in command_line(int(noted)) else None

    def table(self, name: str = NAME) -> Table:
        rows = sweeps.trials_table(self.storage, name)
        return [(r.number, r.state, tuple(r.params.items()), r.value, r.facts) for r in rows]

    def rows(self) -> tuple[sweeps.TrialRow, ...]:
        return sweeps.trials_table(self.storage, NAME)

    def both_tables(self) -> tuple[Table, Table]:
        return self.table(), self.table(f"{NAME}:final")

    def states(self) -> set[object]:
        return {row[1] for table in self.both_tables() for row in table}

    def wait_for(self, what: Callable[[], bool], seconds: float = 30.0) -> None:
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.02)

    def trained(self) -> list[str]:
        log = self.folder / "trained.log"
        return log.read_text().splitlines() if log.exists() else []

    def log(self) -> str:
        log = self.folder / "worker.log"
        return log.read_text() if log.exists() else "no worker log"

    def end(self) -> None:
        worker = self.worker()
        for pid in [p.pid for p in self.started if p.poll() is None] + ([worker] if worker else []):
            kill(pid, signal.SIGCONT)
            kill(pid)
        for process in self.started:
            process.communicate()


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    with contextlib.suppress(ProcessLookupError):  # it was quicker
        os.kill(pid, number)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Table, Table]:
    sweep = Sweep(tmp_path_factory.mktemp("undisturbed"), epoch_s=0.0)
    parent = sweep.start()
    assert parent.wait(60) == 0, sweep.log()
    sweep.end()
    tables = sweep.both_tables()
    states = [row[1] for row in tables[0]]
    assert (states.count("complete"), states.count("pruned")) == (TRIALS - 1, 1)
    return tables


@pytest.fixture
def sweep(tmp_path: Path) -> Iterator[Sweep]:
    sweep = Sweep(tmp_path / "sweep")
    yield sweep
    sweep.end()


def kill_and_restart(sweep: Sweep, chance: random.Random, kills: int) -> int:
    """Run the sweep to its end, killing worker, parent or both at random moments."""
    parent = sweep.start()
    for done in range(kills):
        if at_a_random_moment(sweep, parent, chance):
            assert parent.returncode == 0, sweep.log()
            return done
        victim, worker = chance.choice(("worker", "parent", "both")), sweep.worker()
        if victim != "parent" and worker is not None:
            kill(worker)
        if victim != "worker":
            parent.kill()
            parent.wait()
            parent = sweep.start()
    assert parent.wait(120) == 0, sweep.log()
    return kills


def at_a_random_moment(sweep: Sweep, parent: subprocess.Popen[str], chance: random.Random) -> bool:
    """Wait some epochs and a little, or only some time (start-up is hit too); True: it has ended."""
    if chance.random() < 0.7:
        goal = len(sweep.trained()) + chance.randint(1, 14)
        sweep.wait_for(lambda: len(sweep.trained()) >= goal or parent.poll() is not None, 60)
        time.sleep(chance.uniform(0, 0.15))
    else:
        time.sleep(chance.uniform(0, 2.0))
    return parent.poll() is not None


@pytest.mark.kills
@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 6))]
)
def test_kills_at_random_moments_leave_the_table_as_it_would_have_been(
    sweep: Sweep, undisturbed: tuple[Table, Table], seed: int
) -> None:
    kills = kill_and_restart(sweep, random.Random(seed), kills=6)
    assert kills > 0
    assert sweep.both_tables() == undisturbed


def test_worker_and_parent_killed_once(sweep: Sweep, undisturbed: tuple[Table, Table]) -> None:
    sweep.epoch_s = 0.02
    parent = sweep.start()
    sweep.wait_for(lambda: len(sweep.trained()) > 9)
    kill(sweep.worker() or 0)
    parent.kill()
    assert sweep.start().wait(60) == 0, sweep.log()
    assert sweep.both_tables() == undisturbed
    # The lost trial went on after its last epoch: nothing was trained twice.
    assert len(sweep.trained()) == len(set(sweep.trained()))


@pytest.mark.kills
def test_worker_goes_on_without_its_parent(sweep: Sweep, undisturbed: tuple[Table, Table]) -> None:
    parent = sweep.start()
    sweep.wait_for(lambda: len(sweep.trained()) > 2)
    parent.kill()
    sweep.wait_for(lambda: len(sweep.table(f"{NAME}:final")) == 2, seconds=60)
    sweep.wait_for(lambda: sweep.worker() is None)
    assert sweep.both_tables() == undisturbed
    assert not (sweep.folder / "lost.log").exists()


@pytest.mark.kills
def test_two_parents_share_one_worker(sweep: Sweep, undisturbed: tuple[Table, Table]) -> None:
    parents = [sweep.start(), sweep.start()]
    sweep.wait_for(lambda: len(sweep.trained()) > 2)
    kill(sweep.worker() or 0)  # one of the two starts the next one
    assert [parent.wait(60) for parent in parents] == [0, 0], sweep.log()
    assert sweep.both_tables() == undisturbed


@pytest.mark.kills
def test_ctrl_c_once_ends_the_epoch_and_the_same_command_goes_on(
    sweep: Sweep, undisturbed: tuple[Table, Table]
) -> None:
    parent = sweep.start()
    sweep.wait_for(lambda: len(sweep.trained()) > 5)
    before = time.monotonic()
    parent.send_signal(signal.SIGINT)
    assert parent.wait(20) == 130
    assert time.monotonic() - before < 10
    assert "stopping" in (parent.stdout.read() if parent.stdout else "")
    assert sweep.worker() is None
    assert "running" not in sweep.states()
    assert not (sweep.folder / "lost.log").exists()  # it was put back by its own worker
    assert sweep.start().wait(60) == 0
    assert sweep.both_tables() == undisturbed


def hangs(sweep: Sweep) -> bool:
    before = sweep.trained()
    time.sleep(0.5)
    return sweep.trained() == before


@pytest.mark.kills
def test_ctrl_c_twice_ends_now_and_loses_no_finished_trial(
    sweep: Sweep, undisturbed: tuple[Table, Table]
) -> None:
    parent = sweep.start()
    sweep.wait_for(lambda: len(sweep.trained()) > 5)
    (sweep.folder / "hang").touch()  # the epoch never ends
    sweep.wait_for(lambda: hangs(sweep))
    finished = [row for row in sweep.table() if row[1] == "complete"]
    parent.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        parent.wait(1)
    parent.send_signal(signal.SIGINT)
    assert parent.wait(20) == 130
    assert "running" not in sweep.states()
    assert [row for row in sweep.table() if row[1] == "complete"] == finished
    (sweep.folder / "hang").unlink()
    assert sweep.start().wait(60) == 0
    assert sweep.both_tables() == undisturbed


@pytest.mark.kills
def test_ctrl_c_reaches_a_worker_whose_parent_was_killed(
    sweep: Sweep, undisturbed: tuple[Table, Table]
) -> None:
    parent = sweep.start()
    sweep.wait_for(lambda: len(sweep.trained()) > 2)
    parent.kill()
    second = sweep.start()
    assert second.stdout is not None
    second.stdout.readline()  # it watches
    second.send_signal(signal.SIGINT)
    assert second.wait(20) == 130
    assert sweep.worker() is None
    assert "running" not in sweep.states()
    assert sweep.start().wait(60) == 0
    assert sweep.both_tables() == undisturbed


@pytest.mark.kills
def test_ctrl_c_of_a_second_parent_leaves_the_worker_to_the_first(
    sweep: Sweep, undisturbed: tuple[Table, Table]
) -> None:
    first = sweep.start()
    sweep.wait_for(lambda: len(sweep.trained()) > 2)
    second = sweep.start()
    assert second.stdout is not None
    second.stdout.readline()
    second.send_signal(signal.SIGINT)
    assert second.wait(20) == 130
    assert sweep.worker() is not None
    assert first.wait(60) == 0
    assert sweep.both_tables() == undisturbed


def stop_between_writes(sweep: Sweep) -> int:
    """SIGSTOP the worker; one stopped inside a write would lock the database for everybody."""
    while True:
        pid = sweep.worker() or 0
        kill(pid, signal.SIGSTOP)
        with contextlib.closing(sqlite3.connect(sweep.folder / "optuna.db", timeout=0.3)) as base:
            try:
                base.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                pass
            else:
                base.rollback()
                return pid
        kill(pid, signal.SIGCONT)
        time.sleep(0.05)


@pytest.mark.kills
def test_a_stopped_worker_loses_its_trial_and_its_late_result(sweep: Sweep) -> None:
    parent = sweep.start()
    sweep.wait_for(lambda: len(sweep.trained()) > 5)
    stopped = stop_between_writes(sweep)
    (held,) = [row.number for row in sweep.rows() if row.state == "running"]
    # While it is stopped nobody else is on this machine; a second worker joins and takes over.
    joined = sweep.start("work")
    assert joined.wait(60) == 0
    assert {row[1] for row in sweep.table()} == {"complete", "pruned"}
    attempts = {row.number: row.attempt for row in sweep.rows()}
    assert attempts.pop(held) == 1
    assert set(attempts.values()) == {0}
    before = sweep.both_tables()
    kill(stopped, signal.SIGCONT)
    assert parent.wait(20) == 0
    assert sweep.both_tables() == before
    assert len(before[0]) == TRIALS
