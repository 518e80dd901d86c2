"""The publisher: one pass, all the time, beside a writer, without a server, killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tracking import names, publisher
from tracking.errors import UnreachableError
from tracking.record import RunFolder

Make = Callable[..., RunFolder]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "EVERY_S", 0.05)


def test_one_bad_run_does_not_keep_the_others(
    workspace: Path, store: Any, make_study: Make, make_run: Make
) -> None:
    study = make_study(workspace)
    make_run(study, "0.0")
    bad = make_run(study, "1.0")
    (bad.path / names.RUN).write_text("{")
    seen: list[tuple[int, int]] = []
    synced = publisher.sync(workspace, store.uri, progress=lambda *at: seen.append(at))
    assert (synced.published, synced.up_to_date, synced.deleted) == (2, 0, ())
    ((path, why),) = synced.failed
    assert path == str(bad.path)
    assert "damaged" in why
    assert seen[-1] == (3, 3) or seen[-1][1] == 3
    assert publisher.sync(workspace, store.uri).up_to_date == 2


def test_an_absent_server_is_said_at_once_and_loses_nothing(
    workspace: Path, store: Any, make_study: Make, make_run: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_run(make_study(workspace))
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(UnreachableError, match="does not answer"):
        publisher.sync(workspace, uri)
    assert publisher.sync(workspace, store.uri).published == 2


def test_beside_a_writer_everything_arrives_once(
    workspace: Path, store: Any, make_study: Make, make_run: Make
) -> None:
    study = make_study(workspace)
    stop = threading.Event()
    watching = threading.Thread(
        target=publisher.watch,
        args=(workspace, store.uri),
        kwargs={"is_over": lambda: False, "stop": stop},
    )
    watching.start()
    runs = []
    for number in range(4):
        run = make_run(study, f"{number}.0", epochs=0, ended=False)
        for epoch in range(1, 6):
            run.log_epoch(epoch, {"train/loss": 1 / epoch})
            time.sleep(0.02)  # a training takes its time
        run.write_text("thresholds.csv", "threshold,dice\n")
        run.finish("FINISHED", metrics={"validation/dice": 0.5})
        runs.append(run)
    study.finish("FINISHED")
    stop.set()
    watching.join(60)
    assert not watching.is_alive()
    content = store.content()
    assert [row[1] for row in content["runs"]] == ["FINISHED"] * 5
    for run in runs:
        steps = sorted(
            row[4] for row in content["metrics"] if row[0] == run.run_key and row[1] == "train/loss"
        )
        assert steps == [1, 2, 3, 4, 5]
    assert publisher.sync(workspace, store.uri).up_to_date == 5


def test_a_run_whose_process_dies_is_closed_at_the_store(
    workspace: Path, store: Any, make_study: Make, make_run: Make
) -> None:
    run = make_run(make_study(workspace), ended=False)
    code = "import sys; from pathlib import Path; from tracking.record import *; RunFolder(Path(sys.argv[1])).reopen()"
    subprocess.run([sys.executable, "-c", code, str(run.path)], check=True)
    passes = iter([False, False, False])
    publisher.watch(
        workspace, store.uri, is_over=lambda: next(passes, True), stop=threading.Event()
    )
    assert ("KILLED",) in store.rows("select status from runs where name = 'unet 0.0'")


def _wait(condition: Callable[[], object], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


@pytest.mark.kills
def test_a_killed_publisher_is_replaced(
    workspace: Path, store: Any, tmp_path: Path, make_study: Make, make_run: Make
) -> None:
    study = make_study(workspace)
    for number in range(12):
        make_run(study, f"{number}.0", epochs=20)
    log = tmp_path / "publisher.log"
    for wanted in (1, 3, 6):
        process = publisher.start(workspace, store.uri, log)
        _wait(lambda wanted=wanted: len(store.rows("select * from runs")) > wanted)
        process.send_signal(signal.SIGKILL)
        process.wait()
    process = publisher.start(workspace, store.uri, log)
    _wait(lambda: len(store.rows("select * from runs")) == 13)
    assert publisher.stop(process, 60)
    assert process.returncode == 0
    content = store.content()
    assert len(content["metrics"]) == 12 * (20 * 2 + 1)
    assert publisher.sync(workspace, store.uri).up_to_date == 13
    assert "pw" not in log.read_text()


@pytest.mark.slow
def test_it_ends_with_its_starter_when_no_run_goes_on(
    workspace: Path, store: Any, tmp_path: Path, make_study: Make, make_run: Make
) -> None:
    study = make_study(workspace)
    run = make_run(study, "0.0", ended=False)
    code = (
        "import sys; from pathlib import Path; from tracking import publisher;"
        "print(publisher.start(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])).pid)"
    )
    words = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        code,
        str(workspace),
        store.uri,
        str(tmp_path / "log"),
    ]
    pid = int(subprocess.check_output(words, text=True))
    _wait(lambda: len(store.rows("select * from runs where status = 'RUNNING'")) == 2)
    time.sleep(3)  # longer than a pass: it must go on for the sake of the run
    os.kill(pid, 0)
    run.finish("FINISHED")
    study.finish("FINISHED")
    _wait(lambda: not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text())
    assert store.rows("select distinct status from runs") == [("FINISHED",)]


@pytest.mark.slow
def test_nothing_is_asked_of_the_internet(
    workspace: Path, store: Any, tmp_path: Path, make_study: Make, make_run: Make
) -> None:
    make_run(make_study(workspace), "final-1.0", kind="final")
    code = """
import json, socket, sys, time
asked = []
real = socket.getaddrinfo
def note(host, *arguments, **named):
    asked.append(str(host))
    return real("127.0.0.1", *arguments, **named)
socket.getaddrinfo = note
from pathlib import Path
from tracking.publisher import sync
from tracking.mlflow.client import pull_finals
print(sync(Path(sys.argv[1]), sys.argv[2]).published, file=sys.stderr)
pull_finals(sys.argv[2], None, Path(sys.argv[3]))
time.sleep(2)  # telemetry asks in a thread of its own
print(json.dumps(asked))
"""
    # Any of these variables would silence MLflow by itself and prove nothing.
    quiet = (
        "CI",
        "DO_NOT_TRACK",
        "MLFLOW_DISABLE_TELEMETRY",
        "GITHUB_ACTIONS",
        "PYTEST_CURRENT_TEST",
    )
    environment = {key: value for key, value in os.environ.items() if key not in quiet}
    environment["HOME"] = str(tmp_path)
    words = [sys.executable, "-c", code, str(workspace), store.uri, str(tmp_path / "pulled")]
    answer = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    assert answer.stderr.strip().splitlines()[-1] == "2"
    assert json.loads(answer.stdout) == []
    assert not list(tmp_path.rglob("telemetry.json"))
