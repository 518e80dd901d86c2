"""A workspace that cannot be written is reported all the same, and nothing is written to it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import ablation

SCHEMA_1 = Path(__file__).parents[2] / "fixtures/schema1"


def content(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def stated(folder: Path) -> object:
    return json.loads((folder / "comparison.json").read_text())


def test_a_read_only_workspace_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    workspace = Path(shutil.copytree(SCHEMA_1 / "single", tmp_path / "50% of #1? ü"))
    ablation.report(workspace=workspace, out="written")
    monkeypatch.setattr("tracking.workspace.is_read_only", lambda place: place == workspace)
    before, said = content(workspace), []
    ablation.report(workspace=workspace, out="read", progress=said.append)
    assert any("is read-only" in line for line in said)
    assert content(workspace) == before
    assert stated(tmp_path / "read") == stated(tmp_path / "written")
