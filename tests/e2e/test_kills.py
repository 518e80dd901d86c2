"""A sweep killed or stopped at any moment and started again ends as if nothing had happened."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import TINY, Shell, kill, mlflow_states, table_of, worker_pids

pytestmark = [pytest.mark.kills, pytest.mark.slow]
SWEEP = ("sweep", "--model", "unet", "--trials", "3", *TINY, "--set", "training.epochs=8")


@pytest.fixture(scope="module")
def uninterrupted(
    tmp_path_factory: pytest.TempPathFactory, cache: Path
) -> list[tuple[object, ...]]:
    shell = Shell(tmp_path_factory.mktemp("uninterrupted"), cache)
    shell(*SWEEP)
    return table_of(shell.folder / "runs")


@pytest.mark.parametrize(
    ("victims", "seed"),
    [
        ("both", 0),
        ("worker", 1),
        ("parent", 2),
        ("both", 3),
    ],
)
def test_killed_at_five_random_moments(
    shell: Shell,
    uninterrupted: list[tuple[object, ...]],
    no_worker_left: Callable[[], None],
    victims: str,
    seed: int,
) -> None:
    moments = random.Random(seed)
    runs = shell.folder / "runs"
    for _ in range(5):
        parent = shell.start(*SWEEP)
        time.sleep(moments.uniform(2.0, 20.0))
        if victims in ("worker", "both"):
            for pid in worker_pids(runs):
                kill(pid)
        if victims in ("parent", "both"):
            kill(parent.pid)
        if victims == "worker" and parent.poll() is None:
            kill(parent.pid)  # this round is over; the parent would go on
        parent.communicate()
    shell(*SWEEP)
    assert table_of(runs) == uninterrupted
    assert "RUNNING" not in mlflow_states(runs)
    shell("sync")
    assert "RUNNING" not in mlflow_states(runs)


def test_ctrl_c_records_and_the_same_command_goes_on(
    shell: Shell, uninterrupted: list[tuple[object, ...]], no_worker_left: Callable[[], None]
) -> None:
    runs = shell.folder / "runs"
    parent = shell.start(*SWEEP)
    _wait_for(lambda: list(runs.glob("phantom/unet/*/metrics.jsonl")))
    os.kill(parent.pid, signal.SIGINT)
    _, err = parent.communicate(timeout=120)
    assert parent.returncode == 130
    assert "the same command goes on: ablate sweep --model unet" in err
    assert worker_pids(runs) == []
    assert "RUNNING" not in [row[2] for row in table_of(runs)]
    shell(*SWEEP)
    assert table_of(runs) == uninterrupted
    assert "RUNNING" not in mlflow_states(runs)


def test_ctrl_c_twice_stops_at_once(
    shell: Shell, uninterrupted: list[tuple[object, ...]], no_worker_left: Callable[[], None]
) -> None:
    runs = shell.folder / "runs"
    parent = shell.start(*SWEEP)
    _wait_for(lambda: list(runs.glob("phantom/unet/*/metrics.jsonl")))
    os.kill(parent.pid, signal.SIGINT)
    time.sleep(0.2)  # two presses of one person
    os.kill(parent.pid, signal.SIGINT)
    parent.communicate(timeout=120)
    assert parent.returncode == 130
    assert worker_pids(runs) == []
    shell(*SWEEP)
    assert table_of(runs) == uninterrupted


def _wait_for(seen: Callable[[], object], patience_s: float = 120.0) -> None:
    deadline = time.monotonic() + patience_s
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.1)  # files tell nobody that they are there
