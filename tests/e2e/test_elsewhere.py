"""A workspace is moved, renamed, read by a second user, continued on one core: the same numbers."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from sweeps.storage import initialise_storage
from tracking.address import resolve_uri, sqlite_uri
from tracking.mlflow.client import pull_finals
from tracking.publisher import sync
from tracking.workspace import copy_scored

from .conftest import PATIENCE_S, TINY, Shell, table_of

SINGLE = Path(__file__).parents[1] / "fixtures/schema1/single"
ODD = "50% of #1? Größe für {alle}"
SWEEP = ("sweep", "--model", "unet", *TINY, "--set", "training.threads=2")
NOBODY = 65534
AS_NOBODY = (
    *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
    # Python may lie where only root can read; writing is what counts here.
    *(f"--{which}=-all,+dac_read_search" for which in ("inh-caps", "ambient-caps", "bounding-set")),
)
"""Another user, who reads everything and writes only what is his."""


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def keys(workspace: Path) -> Counter[str]:
    return Counter(json.loads(f.read_text())["run_key"] for f in workspace.glob("*/*/*/run.json"))


def published(database: Path) -> Counter[str]:
    query = (
        "SELECT k.value FROM tags k JOIN tags p ON p.run_uuid = k.run_uuid JOIN runs r "
        "ON r.run_uuid = k.run_uuid WHERE k.key = 'ablate.run_key' "
        "AND p.key = 'ablate.published' AND r.lifecycle_stage = 'active'"
    )
    with closing(sqlite3.connect(database)) as store:
        return Counter(key for (key,) in store.execute(query))


def tables(workspace: Path, into: Path) -> list[str]:
    """Return what a report reads of a workspace: the tables at its own database."""
    runs = pull_finals(resolve_uri(workspace), None, into).runs
    return sorted((run.folder / "per_case.csv").read_text() for run in runs)


def test_a_moved_copy_has_the_same_tables_and_publishes_each_run_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    first = Path(shutil.copytree(SINGLE / "phantom/unet", tmp_path / "runs/phantom/unet")).parents[
        1
    ]
    shared = tmp_path / "server/mlflow.db"
    sync(first, sqlite_uri(shared))
    sync(first, resolve_uri(first))
    before = tables(first, tmp_path / "before")
    copy = Path(shutil.copytree(first, tmp_path / "copy"))
    moved = first.rename(tmp_path / ODD)
    for workspace in (moved, copy):
        assert sync(workspace, sqlite_uri(shared)).published == 0
    assert published(shared) == keys(moved)
    as_it_was = content(moved)
    read_only = tmp_path / "read-only"
    copy_scored(moved, read_only)  # what a report does where it cannot write
    sync(read_only, resolve_uri(read_only))
    assert tables(read_only, tmp_path / "after") == before
    assert content(moved) == as_it_was
    assert not first.exists()


def test_everything_shared_has_the_rights_of_the_umask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    files, folders = 0o664, 0o775
    before = os.umask(0o002)
    try:
        run = "phantom/other-tool/import.0"
        workspace = tmp_path / "runs"
        (workspace / run).parent.mkdir(parents=True)
        shutil.copytree(SINGLE / run, workspace / run, copy_function=shutil.copyfile)
        for place in workspace.rglob("*"):
            place.chmod(folders if place.is_dir() else files)
        initialise_storage(f"sqlite:///{workspace}/optuna.db")
        assert sync(workspace, resolve_uri(workspace)).published == 1
    finally:
        os.umask(before)
    made = list(workspace.rglob("*"))
    assert {path.stat().st_mode & 0o777 for path in made if path.is_dir()} == {folders}
    assert {path.stat().st_mode & 0o777 for path in made if path.is_file()} == {files}


@contextmanager
def one_core() -> Iterator[None]:
    """Let the processes that are started use one core."""
    usual = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(usual)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, usual)


def as_nobody(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command as another user, whose home folder is `home`."""
    home.mkdir(exist_ok=True)
    os.chown(home, NOBODY, NOBODY)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("ABLATE_", "MLFLOW_"))}
    environment |= {"HOME": str(home), "ABLATE_CACHE": str(home / "cache")}
    shell = ("sh", "-c", 'umask 002; exec "$@"', "sh")
    return subprocess.run(
        [*AS_NOBODY, *shell, sys.executable, "-m", "ablation", *words],
        cwd=home, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that everybody may enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="only root can be another user"
)


@pytest.mark.slow
@needs_root
def test_moved_read_only_by_a_second_user_and_continued_on_one_core(
    place: Path, cache: Path
) -> None:
    straight = Shell(place / "straight", cache)
    shell = Shell(place / "first", cache)
    served = place / "served/mlflow.db"
    to_server = {"MLFLOW_TRACKING_URI": sqlite_uri(served)}
    for one in (straight, shell):
        one.folder.mkdir()
    straight(*SWEEP, "--trials", "4")
    shell(*SWEEP, "--trials", "2", env=to_server)
    old = shell.folder / "runs"
    copy = Path(shutil.copytree(old, place / "copy"))
    moved = old.rename(place / ODD)
    assert published(served) == keys(moved)

    as_it_was = content(moved)
    home = place / "home"
    read = as_nobody(home, "report", "--workspace", str(moved), "--out", str(home / "report"))
    assert read.returncode == 0, read.stderr
    assert "is read-only" in read.stderr
    assert content(moved) == as_it_was
    refused = as_nobody(home, "sync", str(moved))
    assert refused.returncode == 1
    assert "Permission denied" in refused.stderr
    assert "Traceback" not in refused.stderr

    with one_core():
        shell(*SWEEP, "--trials", "4", "--workspace", str(moved), env=to_server)
    assert table_of(moved) == table_of(straight.folder / "runs")
    for run in ("3.0", "final-101.0"):
        here, there = (w / "phantom/unet" / run for w in (moved, straight.folder / "runs"))
        assert (here / "per_case.csv").read_bytes() == (there / "per_case.csv").read_bytes()
    for workspace in (copy, moved):
        shell("sync", str(workspace), env=to_server)
    assert published(served) == keys(moved) | keys(copy)
    assert not old.exists()
    assert [path.name for path in shell.folder.iterdir()] == []


@pytest.mark.slow
@needs_root
def test_a_second_user_of_the_group_goes_on(place: Path, cache: Path) -> None:
    workspace = place / "group/runs"
    workspace.parent.mkdir()
    os.chown(workspace.parent, -1, NOBODY)
    workspace.parent.chmod(0o2775)
    before = os.umask(0o002)
    try:
        Shell(place, cache)(*SWEEP, "--trials", "1", "--workspace", str(workspace))
    finally:
        os.umask(before)
    home = place / "home"
    more = as_nobody(home, *SWEEP, "--trials", "2", "--workspace", str(workspace))
    assert more.returncode == 0, more.stderr
    reported = as_nobody(home, "report", "--workspace", str(workspace), "--out", str(home / "r"))
    assert reported.returncode == 0, reported.stderr
    assert "read-only" not in reported.stderr
    # And the first user again, over what the second one wrote.
    Shell(place, cache)(*SWEEP, "--trials", "3", "--workspace", str(workspace))
    with (workspace / "phantom/unet/study/trials.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 3
