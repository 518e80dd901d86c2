"""Training does not care about the server, and `ablate sync` makes it complete afterwards."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import time
import urllib.request
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from .conftest import TINY, Shell, table_of

pytestmark = pytest.mark.slow
SWEEP = ("sweep", "--model", "unet", "--trials", "2", *TINY)
RESULTS = ("per_case.csv", "thresholds.csv", "checkpoint/weights.npz")


@pytest.fixture
def with_server(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Shell:
    """A sweep whose runs went to the default database while it ran."""
    shell = Shell(tmp_path_factory.mktemp("with_server"), cache)
    shell(*SWEEP)
    return shell


def test_away_for_the_whole_sweep(shell: Shell, with_server: Shell) -> None:
    nobody = {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{_free_port()}"}
    _, err = shell(*SWEEP, env=nobody)
    assert "ablate sync" in err
    ours, theirs = (s.folder / "runs" for s in (shell, with_server))
    assert table_of(ours) == table_of(theirs)
    for name in ("0.0", "1.0", "final-101.0"):
        for file in RESULTS:
            here, there = (runs / "phantom/unet" / name / file for runs in (ours, theirs))
            assert here.read_bytes() == there.read_bytes(), f"{name}/{file}"
    # Two at once, as from two terminals; then each run is there once, complete.
    both = [shell.start("sync") for _ in range(2)]
    for process in both:
        process.communicate(timeout=120)
    assert [process.returncode for process in both] == [0, 0]
    assert Counter(_published(ours)) == Counter(_keys(ours))


def test_killed_in_the_middle(shell: Shell, with_server: Shell) -> None:
    port = _free_port()
    server = shell.start("ui", "--port", str(port), "--no-browser", "--workspace", "served")
    _wait_for_page(port)
    address = {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}"}
    sweep = shell.start(*SWEEP, env=address)
    runs = shell.folder / "runs"
    while not list(runs.glob("phantom/unet/0.*/metrics.jsonl")):
        assert sweep.poll() is None
        time.sleep(0.1)  # files tell nobody that they are there
    os.killpg(server.pid, signal.SIGINT)
    server.communicate(timeout=60)
    sweep.communicate(timeout=300)
    assert sweep.returncode == 0
    assert table_of(runs) == table_of(with_server.folder / "runs")
    again = shell.start("ui", "--port", str(port), "--no-browser", "--workspace", "served")
    _wait_for_page(port)
    try:
        out, _ = shell("sync", "--json", env=address)
    finally:
        os.killpg(again.pid, signal.SIGINT)
        again.communicate(timeout=60)
    assert json.loads(out)["failed"] == 0
    assert Counter(_published(shell.folder / "served")) == Counter(_keys(runs))


def _keys(runs: Path) -> list[str]:
    return [json.loads(file.read_text())["run_key"] for file in runs.glob("*/*/*/run.json")]


def _published(workspace: Path) -> list[str]:
    query = (
        "SELECT k.value FROM tags k JOIN tags p ON p.run_uuid = k.run_uuid "
        "JOIN runs r ON r.run_uuid = k.run_uuid WHERE k.key = 'ablate.run_key' "
        "AND p.key = 'ablate.published' AND r.status = 'FINISHED' AND r.lifecycle_stage = 'active'"
    )
    with closing(sqlite3.connect(workspace / "mlflow.db")) as database:
        return [key for (key,) in database.execute(query)]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for_page(port: int) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5):
                return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.5)  # the page tells nobody when it is ready
