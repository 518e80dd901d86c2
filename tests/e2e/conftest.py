"""Whole commands, as a user types them, in a folder and with a cache of their own."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

TINY = [
    *("--set", "data.phantom_patients=8"),
    *("--set", "data.image_size=32"),
    *("--set", "model.base=4"),
    *("--set", "model.depth=2"),
    *("--set", "training.max_batches=4"),
    *("--set", "training.epochs=3"),
]
"""A sweep of seconds: eight generated patients, a network of 30,000 numbers, three epochs."""
PATIENCE_S = 300.0


@dataclass(frozen=True)
class Shell:
    """Runs `ablate` in a folder."""

    folder: Path
    cache: Path

    @property
    def environment(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("ABLATE_", "MLFLOW_"))}
        return clean | {"ABLATE_CACHE": str(self.cache), "TF_CPP_MIN_LOG_LEVEL": "3"}

    def start(self, *words: str, **settings: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "ablation", *words],
            cwd=self.folder,
            env=self.environment | dict(settings.pop("env", {})),  # type: ignore[call-overload]
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __call__(self, *words: str, code: int = 0, **settings: object) -> tuple[str, str]:
        process = self.start(*words, **settings)
        out, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == code, f"exit {process.returncode}, not {code}\n{out}\n{err}"
        return out, err


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def shell(tmp_path: Path, cache: Path) -> Shell:
    return Shell(tmp_path, cache)


def table_of(workspace: Path) -> list[tuple[object, ...]]:
    """Return number, state, parameters and value of every trial and final, from the database."""
    query = (
        "SELECT s.study_name, t.number, t.state, v.value, "
        "(SELECT group_concat(p.param_name || '=' || p.param_value, ';') FROM "
        "(SELECT * FROM trial_params WHERE trial_id = t.trial_id ORDER BY param_name) p) "
        "FROM trials t JOIN studies s ON s.study_id = t.study_id "
        "LEFT JOIN trial_values v ON v.trial_id = t.trial_id ORDER BY 1, 2"
    )
    with closing(sqlite3.connect(workspace / "optuna.db")) as database:
        return list(database.execute(query))


def mlflow_states(workspace: Path) -> list[str]:
    """Return the status of every run at the default tracking database."""
    with closing(sqlite3.connect(workspace / "mlflow.db")) as database:
        return [status for (status,) in database.execute("SELECT status FROM runs ORDER BY 1")]


def worker_pids(workspace: Path) -> list[int]:
    """Return the processes that work for a workspace, by their command lines."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue  # it has just ended
            if b"worker" in words and str(workspace).encode() in words:
                found.append(int(entry.name))
    return found


def kill(pid: int) -> None:
    """Send SIGKILL, also to one that has just ended."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@pytest.fixture
def no_worker_left(tmp_path: Path) -> Iterator[Callable[[], None]]:
    """End what a failed test may have left behind."""

    def end() -> None:
        deadline = time.monotonic() + 20
        while (pids := worker_pids(tmp_path / "runs")) and time.monotonic() < deadline:
            for pid in pids:
                kill(pid)
            time.sleep(0.1)  # the kernel needs a moment to let go of a process

    yield end
    end()
