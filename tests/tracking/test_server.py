"""A real MLflow server on this machine: published over HTTP, taken away, brought back, stopped."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tracking.errors import TrackingError, UnreachableError
from tracking.mlflow import client
from tracking.mlflow.connection import check, connect
from tracking.mlflow.server import free_port, newest_runs, serving
from tracking.publisher import sync
from tracking.record import RunFolder

from .stub import answering

Make = Callable[..., RunFolder]


def test_a_taken_port_is_refused_and_the_next_is_found() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(TrackingError, match=f"port {port} is taken"):
            free_port(port)
    assert free_port() >= 5500


def test_a_server_elsewhere_is_not_served(tmp_path: Path) -> None:
    with (
        pytest.raises(TrackingError, match="not a database"),
        serving("http://lab", tmp_path / "log"),
    ):
        pass


@pytest.mark.slow
def test_published_over_http(
    workspace: Path,
    new_store: Callable[[str], Any],
    tmp_path: Path,
    make_study: Make,
    make_run: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    study = make_study(workspace)
    final = make_run(study, "final-1.0", kind="final")
    run = make_run(study, "0.0", ended=False)
    store, direct = new_store("served"), new_store("direct")
    with serving(store.uri, tmp_path / "log") as server:
        uri = server.page
        check(uri)
        assert sync(workspace, uri).published == 3
        assert sync(workspace, uri).up_to_date == 3
        pulled = client.pull_finals(uri, None, tmp_path / "pulled").runs
        assert [p.folder.joinpath("per_case.csv").read_text() for p in pulled] == [
            (final.path / "per_case.csv").read_text()
        ]
        os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait()
        run.log_epoch(3, {"train/loss": 0.1})
        run.finish("FINISHED")
        started = time.monotonic()
        with pytest.raises(UnreachableError):
            sync(workspace, uri)
        assert time.monotonic() - started < 30
    with serving(store.uri, tmp_path / "log", int(uri.rpartition(":")[2])) as server:
        assert sync(workspace, uri).published == 1
    assert not _group_lives(server.process.pid)
    sync(workspace, direct.uri)
    assert _parts(store) == _parts(direct)


@pytest.mark.slow
def test_after_servers_that_do_not_work_a_real_one_has_each_run_once(
    workspace: Path,
    new_store: Callable[[str], Any],
    tmp_path: Path,
    make_study: Make,
    make_run: Make,
) -> None:
    study = make_study(workspace)
    for name in ("0.0", "1.0"):
        make_run(study, name)
    make_run(study, "final-101.0", kind="final")
    for way in ("500", "401", "503", "garbage", "slowly", "never"):
        with answering(way) as stub:
            started = time.monotonic()
            with pytest.raises(UnreachableError):
                sync(workspace, stub.uri)
            assert time.monotonic() - started < 60, way
    store = new_store("served")
    with serving(store.uri, tmp_path / "log") as server:
        assert sync(workspace, server.page).published == 4
        assert sync(workspace, server.page).up_to_date == 4
    keys = "select value from tags where key = 'ablate.run_key'"
    assert len(store.rows(keys)) == len(set(store.rows(keys))) == 4


def _parts(store: Any) -> dict[str, object]:
    return {
        key: value
        for key, value in store.content().items()
        if key in ("runs", "params", "metrics", "parents")
    }


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_page_opens_the_runs_of_the_newest_experiment(new_store: Callable[[str], Any]) -> None:
    store = new_store("store")
    assert newest_runs(store.uri) == "/#/experiments?workflowType=machine_learning"
    mlflow = connect(store.uri)
    first, second = (mlflow.create_experiment(name) for name in ("older", "newer"))
    mlflow.create_run(first, start_time=3000)
    mlflow.create_run(second, start_time=2000)
    view = "runs?workflowType=machine_learning"
    assert newest_runs(store.uri) == f"/#/experiments/{first}/{view}"
    mlflow.create_run(second, start_time=4000)
    assert newest_runs(store.uri) == f"/#/experiments/{second}/{view}"
