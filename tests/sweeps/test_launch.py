"""The parent beside a worker that breaks; kills and Ctrl-C are in tests/chaos."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

import sweeps


@pytest.fixture
def spec(tmp_path: Path, toy: ModuleType) -> sweeps.StudySpec:
    made: sweeps.StudySpec = toy.spec(tmp_path, trials=2, final_seeds=(1,), retries=1)
    sweeps.open_study(made)
    return made


def supervise(
    spec: sweeps.StudySpec, folder: Path, worker: list[str]
) -> tuple[sweeps.SweepEnd, list[sweeps.StudyProgress], list[sweeps.Lost]]:
    shown: list[sweeps.StudyProgress] = []
    lost: list[sweeps.Lost] = []
    end = sweeps.supervise(
        [sys.executable, *worker],
        spec.storage,
        spec.name,
        lock=folder / "locks" / "worker.lock",
        log=folder / "logs" / "worker.log",
        on_progress=shown.append,
        on_lost=lost.append,
        poll_s=0.02,
    )
    return end, shown, lost


def test_progress_is_shown_to_the_end(
    spec: sweeps.StudySpec, tmp_path: Path, toy: ModuleType
) -> None:
    end, shown, lost = supervise(spec, tmp_path, [toy.__file__ or "", "work", str(tmp_path)])
    assert (end, lost) == (sweeps.SweepEnd("done"), [])
    assert (shown[0].done, shown[0].total, shown[0].workers) == (0, 2, 0)
    assert any(now.running and now.running[0].seed is None and now.workers == 1 for now in shown)
    assert any(now.running and now.running[0].seed == 1 for now in shown)
    last = shown[-1]
    assert last.is_finished
    assert (last.done, last.finals_done, last.finals_total, last.running) == (2, 1, 1, ())
    assert last.best_value == max(
        row.value or 0.0 for row in sweeps.trials_table(spec.storage, spec.name)
    )
    # A finished study needs no worker.
    assert supervise(spec, tmp_path, ["-c", "raise SystemExit(9)"])[0].how == "done"


def test_a_worker_that_cannot_start_ends_the_sweep(spec: sweeps.StudySpec, tmp_path: Path) -> None:
    end, _, _ = supervise(spec, tmp_path, ["-c", "raise RuntimeError('no such device')"])
    assert end.how == "crashed"
    assert "no such device" in end.detail
    log = (tmp_path / "logs" / "worker.log").read_text()
    assert log.count("no such device") == 4  # the first time and 3 more


def test_exit_codes_are_understood(spec: sweeps.StudySpec, tmp_path: Path) -> None:
    for why, how in (("interrupted", "interrupted"), ("hopeless", "hopeless")):
        code = sweeps.WorkerEnd(why).exit_code  # type: ignore[arg-type]
        end, _, _ = supervise(spec, tmp_path, ["-c", f"raise SystemExit({code})"])
        assert end.how == how


def test_a_trial_that_kills_its_worker_fails_as_lost(
    spec: sweeps.StudySpec, tmp_path: Path, toy: ModuleType
) -> None:
    (tmp_path / "crash").touch()
    sweeps.open_study(replace(spec, max_consecutive_failures=1))
    end, _, _ = supervise(spec, tmp_path, [toy.__file__ or "", "work", str(tmp_path), "0"])
    assert end.how == "hopeless"
    rows = sweeps.trials_table(spec.storage, spec.name)
    # Its first attempt brought an epoch, the second and third did not; retries = 1.
    assert (rows[0].state, rows[0].reason, rows[0].attempt) == ("failed", "lost", 2)
    assert all(row.state != "running" for row in rows)


PRESSED = """
import signal
from sweeps.supervise import _counted_presses
with _counted_presses() as presses:
    with presses._pressed._cond:  # as in the middle of wait()
        signal.raise_signal(signal.SIGINT)
    presses.wait(10)
    print(presses.count)
"""
ASKED = """
import signal, sweeps
stop = sweeps.stop_on_signals()
with stop._cond:
    signal.raise_signal(signal.SIGTERM)
print(stop.wait(10))
"""


@pytest.mark.parametrize(("program", "said"), [(PRESSED, "1"), (ASKED, "True")])
def test_a_signal_in_the_middle_of_waiting_does_not_hang(program: str, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == said
