"""A workspace with runs, and a store to publish them to."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tracking import names
from tracking.record import RunFolder, RunRecord
from tracking.workspace import design_folder

PER_CASE = "patient,case,split,dice,hd95\nP1,P1,test,0.5,3.25\nP2,P2,test,0.75,\n"


def _study(workspace: Path, design: str = "unet") -> RunFolder:
    record = RunRecord("study", "phantom", "unet", "study", study=f"phantom/{design}")
    return RunFolder.create(design_folder(workspace, "phantom", design), record)


def _run(
    study: RunFolder,
    name: str = "0.0",
    *,
    kind: str = "trial",
    epochs: int = 2,
    ended: bool = True,
    **tags: str,
) -> RunFolder:
    """Make a run of a study with a line per epoch; a final has a per-case table."""
    parent = study.record
    record = RunRecord(
        kind,  # type: ignore[arg-type]
        "phantom",
        "unet",
        name,
        study=parent.study,
        identity="1d",
        params={"training.learning_rate": "0.001", "model.name": "unet"},
        tags={names.DATA: "da7a", **tags},
        parent_key=parent.run_key,
    )
    run = RunFolder.create(study.path.parent, record)
    for epoch in range(1, epochs + 1):
        run.log_epoch(epoch, {"train/loss": 1 / epoch, "validation/dice": 1 - 1 / (epoch + 1)})
    if ended:
        run.write_text("thresholds.csv", "threshold,dice\n0.5,0.8\n")
        run.write_text("checkpoint/weights.npz", "weights")
        if kind == "final":
            run.write_text(names.PER_CASE, PER_CASE)
        run.finish("FINISHED", metrics={"validation/mean": 0.8})
    return run


@pytest.fixture
def make_study() -> Callable[..., RunFolder]:
    return _study


@pytest.fixture
def make_run() -> Callable[..., RunFolder]:
    return _run


class Store:
    """What stands in the store, read past MLflow."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.uri = f"sqlite:///{path}"

    def rows(self, query: str) -> list[tuple[object, ...]]:
        connection = sqlite3.connect(self.path)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def content(self) -> dict[str, object]:
        """Everything of the active runs by their key, without ids and times of the store's own."""
        key = (
            "(select value from tags k where k.run_uuid = r.run_uuid and k.key = 'ablate.run_key')"
        )
        active = "r.lifecycle_stage = 'active'"
        parts = {
            "runs": f"select {key}, r.status, r.start_time, r.end_time, r.name from runs r where {active}",
            "params": f"select {key}, p.key, p.value from params p join runs r using (run_uuid) where {active}",
            "metrics": f"select {key}, m.key, m.value, m.timestamp, m.step, m.is_nan from metrics m join runs r using (run_uuid) where {active}",
            "tags": f"select {key}, t.key, t.value from tags t join runs r using (run_uuid) where {active} and t.key != 'mlflow.parentRunId'",
            "parents": f"select {key}, (select p.name from runs p where p.run_uuid = t.value) from tags t join runs r using (run_uuid) where {active} and t.key = 'mlflow.parentRunId'",
        }
        content: dict[str, object] = {
            name: sorted(self.rows(query)) for name, query in parts.items()
        }
        for _run_id, run_key, place in self.rows(
            f"select r.run_uuid, {key}, r.artifact_uri from runs r where {active}"
        ):
            root = Path(str(place).removeprefix("file://"))
            files = (path for path in root.rglob("*") if path.is_file())
            content[str(run_key)] = sorted(
                (p.relative_to(root).as_posix(), p.read_bytes()) for p in files
            )
        return content


@pytest.fixture(scope="session")
def _empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tracking.mlflow.connection import connect

    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    connect(f"sqlite:///{path}")
    return path


@pytest.fixture
def new_store(tmp_path: Path, _empty_database: Path) -> Callable[[str], Store]:
    def make(name: str) -> Store:
        path = tmp_path / name / "mlflow.db"
        path.parent.mkdir()
        shutil.copy(_empty_database, path)
        return Store(path)

    return make


@pytest.fixture
def store(new_store: Callable[[str], Store]) -> Store:
    return new_store("store")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "runs"
