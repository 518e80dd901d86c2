"""A workspace is copied, moved and renamed: nothing is written at its old place or in the original."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ablation.experiments.study import storage_url
from sweeps.storage import database_file
from tracking import names
from tracking.address import database, kept_name, resolve_uri, sqlite_uri
from tracking.errors import TrackingError
from tracking.identity import identity_of
from tracking.mlflow import client
from tracking.publisher import sync
from tracking.record import RunFolder
from tracking.workspace import find_runs

Make = Callable[..., RunFolder]
ODD = ("my runs", "50% done", "what?", "a#b", "Größe", "50%25", "a{b}", "trailing ")


@pytest.fixture
def filled(tmp_path: Path, make_study: Make, make_run: Make, _empty_database: Path) -> Path:
    """A workspace with a study and a final, published to its own database."""
    workspace = tmp_path / "place" / "runs"
    workspace.mkdir(parents=True)
    shutil.copy(_empty_database, workspace / "mlflow.db")
    study = make_study(workspace)
    make_run(study, "final-101.0", kind="final")
    study.finish("FINISHED")
    assert sync(workspace, resolve_uri(workspace)).published == 2
    return workspace


def artifacts(workspace: Path) -> dict[str, bytes]:
    root = workspace / "mlartifacts"
    return {
        file.relative_to(root).as_posix(): file.read_bytes()
        for file in root.rglob("*")
        if file.is_file()
    }


def tables(uri: str, into: Path) -> list[str]:
    finals = client.pull_finals(uri, None, into)
    return [(run.folder / names.PER_CASE).read_text() for run in finals.runs]


def change_table(workspace: Path) -> None:
    run = RunFolder(workspace / "phantom/unet/final-101.0")
    run.write_text(names.PER_CASE, (run.path / names.PER_CASE).read_text().replace("0.75", "0.25"))
    run.record_again(names.PER_CASE)


def test_syncing_a_changed_copy_leaves_the_original(filled: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(filled, copy)
    change_table(copy)
    before = artifacts(filled)
    assert sync(copy, resolve_uri(copy)).failed == ()
    assert artifacts(filled) == before
    (own,) = tables(resolve_uri(copy), tmp_path / "a")
    (original,) = tables(resolve_uri(filled), tmp_path / "b")
    assert "0.25" in own
    assert "0.75" in original
    assert artifacts(filled) == before


@pytest.mark.parametrize("name", ODD)
def test_a_moved_workspace_goes_on_where_it_is(filled: Path, tmp_path: Path, name: str) -> None:
    new = tmp_path / "new" / name
    new.parent.mkdir()
    filled.rename(new)
    before = artifacts(new)
    uri = resolve_uri(new)
    assert database(uri) == new / "mlflow.db"
    assert sync(new, uri).up_to_date == 2  # what has arrived is known at the new place too
    change_table(new)
    assert sync(new, uri).published == 1
    assert not filled.exists()
    after = artifacts(new)
    assert after.keys() == before.keys()
    changed = {name.rpartition("/")[2] for name in after if after[name] != before[name]}
    assert changed == {names.RUN, names.PER_CASE, names.PER_CASE_TABLE}
    assert len(tables(uri, tmp_path / "pulled")) == 1
    assert [path.name for path in new.parent.iterdir()] == [name]
    with closing(sqlite3.connect(new / "mlflow.db")) as store:
        runs = store.execute("select artifact_uri from runs").fetchall()
    assert all(str(place).startswith((new / "mlartifacts").as_uri()) for (place,) in runs)


def test_every_path_has_databases_of_its_own(tmp_path: Path) -> None:
    places = [tmp_path / name for name in (*ODD, "50", "what", "a", "50%", "a b", "a%20b")]
    assert [database(resolve_uri(place)) for place in places] == [p / "mlflow.db" for p in places]
    assert [database_file(storage_url(place)) for place in places] == [
        p / "optuna.db" for p in places
    ]


def test_the_study_database_lies_in_a_workspace_with_an_odd_name(tmp_path: Path) -> None:
    from sweeps.storage import initialise_storage

    place = tmp_path / "50% {done}? #ü"
    initialise_storage(storage_url(place))
    assert (place / "optuna.db").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [place.name]


def test_files_that_were_lost_are_sent_again(filled: Path, tmp_path: Path) -> None:
    shutil.rmtree(filled / "mlartifacts")
    assert sync(filled, resolve_uri(filled)).published >= 1
    assert len(tables(resolve_uri(filled), tmp_path / "pulled")) == 1


def test_artifacts_of_other_programs_stay_where_they_are(filled: Path, tmp_path: Path) -> None:
    theirs = {"a": "s3://bucket/mlartifacts/a", "b": (tmp_path / "elsewhere/b").as_uri()}
    theirs["c"] = (tmp_path / "mlartifacts/deep/c").as_uri()
    server = client.connect(resolve_uri(filled))
    for name, place in theirs.items():
        server.create_experiment(name, place)
    moved = filled.rename(tmp_path / "moved")
    server = client.connect(resolve_uri(moved))
    assert {n: server.get_experiment_by_name(n).artifact_location for n in theirs} == theirs
    ours = server.get_experiment_by_name("phantom").artifact_location
    assert ours == (moved / "mlartifacts/phantom").as_uri()


def test_a_moved_database_that_cannot_be_written_is_refused(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = filled.rename(tmp_path / "moved")

    def read_only(path: Path) -> sqlite3.Connection:
        return connect(f"file:{path}?mode=ro", uri=True)

    connect = sqlite3.connect
    monkeypatch.setattr("tracking.mlflow.moved.sqlite3.connect", read_only)
    with pytest.raises(TrackingError, match="was moved or copied"):
        client.connect(resolve_uri(moved))


def test_a_changed_copy_is_a_run_of_its_own_at_a_shared_server(
    filled: Path, tmp_path: Path, store: Any
) -> None:
    assert sync(filled, store.uri).published == 2
    copy = tmp_path / "copy"
    shutil.copytree(filled, copy)
    assert sync(copy, store.uri).up_to_date == 2  # the same runs, each once
    change_table(copy)
    assert sync(copy, store.uri).published == 1
    assert sync(copy, store.uri).up_to_date == 2
    assert store.rows("select count(*) from runs") == [(3,)]
    assert sync(filled, store.uri).up_to_date == 2
    for workspace, score in ((filled, "0.75"), (copy, "0.25")):
        own = [folder.run_key for folder in find_runs(workspace)]
        finals = client.pull_finals(store.uri, None, tmp_path / f"of-{score}", own)
        (run,) = finals.runs
        assert score in (run.folder / names.PER_CASE).read_text()


def test_a_moved_workspace_keeps_its_identity_and_a_copy_gets_one(tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.mkdir()
    identity = identity_of(first)
    assert identity_of(first) == identity
    moved = first.rename(tmp_path / "moved")
    assert identity_of(moved) == identity
    copy = Path(shutil.copytree(moved, tmp_path / "copy"))
    other = identity_of(copy)
    assert other != identity
    assert identity_of(copy) == other
    assert identity_of(moved) == identity
    (tmp_path / "link").symlink_to(moved)
    assert identity_of(tmp_path / "link") == identity


def test_what_is_noted_of_an_own_database_names_no_place(tmp_path: Path) -> None:
    assert kept_name(sqlite_uri(tmp_path / "mlflow.db"), tmp_path) == "sqlite:///mlflow.db"
    elsewhere = sqlite_uri(tmp_path / "mlflow.db")
    assert kept_name(elsewhere, tmp_path / "runs") == elsewhere
    assert kept_name("http://me:pw@lab", tmp_path) == "http://lab"


@pytest.mark.parametrize("uri", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_an_address_without_a_file_is_refused(uri: str, tmp_path: Path) -> None:
    with pytest.raises(TrackingError, match="names no database file"):
        resolve_uri(tmp_path, uri)


def test_what_a_killed_process_left_of_a_new_database_goes(tmp_path: Path) -> None:
    left = tmp_path / ".0123abcd-mlflow.db"
    left.write_bytes(b"half a schema")
    other = tmp_path / ".0123abcd-other.db"
    other.write_bytes(b"of another one")
    client.connect(resolve_uri(tmp_path))
    assert not left.exists()
    assert other.exists()
