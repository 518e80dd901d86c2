"""Servers that do not work: one clear line in time, nothing lost, each run once afterwards."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ablation.cli.app import app
from tracking import publisher
from tracking.errors import DamagedError, RefusedError, UnreachableError
from tracking.mlflow import answer, client
from tracking.mlflow.connection import check
from tracking.record import RunFolder

from .stub import answering

Make = Callable[..., RunFolder]
SAID = {
    "500": "does not work (HTTP 500)",
    "503": "does not work (HTTP 503)",
    "401": "refuses to answer (HTTP 401)",
    "403": "refuses to answer (HTTP 403)",
    "404": "not as an MLflow server",
    "garbage": "not as an MLflow server",
    "slowly": "does not answer within",
    "drops": "does not answer within",
    "never": "does not answer within",
}


@pytest.fixture
def three(workspace: Path, make_study: Make, make_run: Make) -> Path:
    """A workspace of a study and three runs."""
    study = make_study(workspace)
    for name in ("0.0", "1.0"):
        make_run(study, name)
    make_run(study, "final-101.0", kind="final")
    return workspace


@pytest.mark.parametrize("way", SAID)
def test_sync_ends_in_time_with_one_line_and_publishes_each_run_once_later(
    three: Path, store: Any, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer, "ANSWER_S", 2.0)
    with answering(way) as server:
        started = time.monotonic()
        done = CliRunner().invoke(app, ["sync", str(three), "--tracking-uri", server.uri])
        assert time.monotonic() - started < 20
        assert isinstance(done.exception, UnreachableError)
        assert SAID[way] in done.exception.message
        assert server.uri in done.exception.message
        assert "\n" not in done.exception.message
        assert done.exception.hint
        assert server.asked <= 2  # it was left alone
    assert publisher.sync(three, store.uri).published == 4
    assert store.rows("select count(*) from runs") == [(4,)]


def test_a_server_that_fails_after_the_first_question_is_left_alone(
    three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def refused(folder: RunFolder, uri: str, **_: object) -> None:
        tried.append(folder.path.name)
        raise RefusedError("no space at the server")

    monkeypatch.setattr(client, "publish", refused)
    with (
        answering("200") as server,
        pytest.raises(UnreachableError, match="refused 3 runs one after the other"),
    ):
        publisher.sync(three, server.uri)
    assert len(tried) == 3


def test_the_publisher_beside_a_sweep_leaves_it_alone_too(
    three: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tried: list[str] = []

    def refused(folder: RunFolder, uri: str, **_: object) -> None:
        tried.append(folder.path.name)
        raise RefusedError("no space at the server")

    monkeypatch.setattr(client, "publish", refused)
    ended = threading.Event()
    ended.set()
    assert not publisher.watch(three, "http://lab", is_over=lambda: True, stop=ended)
    assert len(tried) == 3
    assert "http://lab refused 3 runs; trying again later" in capsys.readouterr().err


def test_a_server_that_hangs_while_a_run_is_published_is_said_every_while_and_given_up(
    three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "SAY_S", 0.2)
    monkeypatch.setattr(publisher, "STALLED_S", 1.0)
    ending = threading.Event()
    monkeypatch.setattr(client, "publish", lambda *_, **__: ending.wait())
    told: list[str] = []
    with answering("200") as server:
        started = time.monotonic()
        with pytest.raises(UnreachableError, match="too slow: nothing of run 1 of 4"):
            publisher.sync(three, server.uri, waiting=told.append)
        assert time.monotonic() - started < 10
    ending.set()
    assert len(told) >= 3
    assert "run 1 of 4" in told[0]


@pytest.mark.parametrize("way", ["file", "note"])
def test_a_slow_line_on_which_something_arrives_is_not_given_up(
    three: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr(publisher, "SAY_S", 0.1)
    monkeypatch.setattr(publisher, "STALLED_S", 0.4)

    def slowly(folder: RunFolder, uri: str, **_: object) -> client.Published:
        if folder.path.name == "final-101.0":
            with (folder.path / "checkpoint/weights.npz").open("rb", buffering=0) as weights:
                for _ in range(7):  # 1.4 s, of which none longer than 0.2 s without a sign
                    if way == "file":
                        weights.read(1)
                    else:
                        (folder.path / "published.json").write_text("{}")
                    time.sleep(0.2)
        return client.Published("id", "published")

    monkeypatch.setattr(client, "publish", slowly)
    with answering("200") as server:
        assert publisher.sync(three, server.uri).published == 4


@pytest.mark.parametrize("content", [b"", b"no database" * 99, b"SQLite format 3\0" + bytes(5000)])
def test_a_damaged_database_is_said_and_made_anew_from_the_run_folders(
    three: Path, content: bytes
) -> None:
    database = three / "mlflow.db"
    database.write_bytes(content)
    uri = f"sqlite:///{database}"
    for words in (["sync", str(three)], ["report", "--workspace", str(three)],
                  ["ui", "--workspace", str(three), "--no-browser"]):  # fmt: skip
        done = CliRunner().invoke(app, words)
        assert isinstance(done.exception, DamagedError), words
        assert "mlflow.db is damaged" in done.exception.message
        assert "ablate sync" in done.exception.hint
    with pytest.raises(DamagedError):
        check(uri)
    database.rename(database.with_name("mlflow.db.damaged"))  # what the hint says
    assert publisher.sync(three, uri).published == 4
    assert len(client.pull_finals(uri, None, three.parent / "pulled").runs) == 1


def test_an_index_that_lost_an_entry_is_damage(three: Path) -> None:
    """A query by that index would not find a row that is there."""
    database = three / "mlflow.db"
    with closing(sqlite3.connect(database)) as base:
        base.execute("CREATE TABLE numbers (n INTEGER, t TEXT)")
        base.executemany("INSERT INTO numbers VALUES (?, 'x')", [(n,) for n in range(50)])
        base.commit()
        base.execute("CREATE INDEX lost ON numbers (n)")
        (page,) = base.execute("SELECT rootpage FROM sqlite_master WHERE name='lost'").fetchone()
        (size,) = base.execute("PRAGMA page_size").fetchone()
        base.commit()
    content = bytearray(database.read_bytes())
    start = (page - 1) * size
    cells = int.from_bytes(content[start + 3 : start + 5], "big")
    content[start + 3 : start + 5] = (cells - 1).to_bytes(2, "big")
    database.write_bytes(content)
    with pytest.raises(DamagedError, match="is damaged"):
        check(f"sqlite:///{database}")
