"""The commands sync, runs and ui: what they print, and with which exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ablation.cli import runs, sync, ui
from tracking.errors import TrackingError
from tracking.publisher import Synced
from tracking.record import RunFolder, RunRecord
from tracking.workspace import design_folder

runner = CliRunner()
app = typer.Typer()
app.command("sync")(sync.sync)
app.command("ui")(ui.ui)
app.add_typer(runs.app, name="runs")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    design = design_folder(tmp_path, "phantom", "unet")
    run = RunFolder.create(design, RunRecord("trial", "phantom", "unet", "0.0", params={"a": "1"}))
    run.log_epoch(1, {"train/loss": 0.5})
    run.finish("FINISHED", metrics={"validation/dice": 0.75})
    failed = RunFolder.create(design, RunRecord("trial", "phantom", "unet", "1.0"))
    failed.finish("FAILED", reason="out of memory")
    return tmp_path


def test_runs_are_listed(workspace: Path) -> None:
    shown = runner.invoke(app, ["runs", "list", "--workspace", str(workspace)])
    assert shown.exit_code == 0
    assert shown.stdout.splitlines() == [
        "run               status    epochs  result",
        "phantom/unet/0.0  FINISHED  1       validation/dice 0.7500",
        "phantom/unet/1.0  FAILED            out of memory",
    ]


def test_runs_are_listed_as_json(workspace: Path) -> None:
    shown = runner.invoke(app, ["runs", "list", "--json", "--workspace", str(workspace)])
    rows = json.loads(shown.stdout)
    assert [row["run"] for row in rows] == ["phantom/unet/0.0", "phantom/unet/1.0"]
    assert set(rows[0]) == {"run", "kind", "status", "epochs", "metrics", "reason"}


def test_an_empty_workspace_prints_nothing_on_stdout(tmp_path: Path) -> None:
    shown = runner.invoke(app, ["runs", "list", "--workspace", str(tmp_path)])
    assert (shown.exit_code, shown.stdout) == (0, "")
    assert "ablate sweep" in shown.stderr


@pytest.mark.parametrize("as_json", [False, True])
def test_a_run_is_shown(workspace: Path, as_json: bool) -> None:
    words = ["runs", "show", "phantom/unet/0", "--workspace", str(workspace)]
    shown = runner.invoke(app, [*words, "--json"] if as_json else words)
    assert shown.exit_code == 0
    if as_json:
        facts = json.loads(shown.stdout)
        assert facts["params"] == {"a": "1"}
        assert facts["files"] == ["metrics.jsonl", "run.json"]
    else:
        assert "  validation/dice: 0.75" in shown.stdout


def test_sync_needs_a_workspace(tmp_path: Path) -> None:
    shown = runner.invoke(app, ["sync", str(tmp_path / "none")])
    assert isinstance(shown.exception, TrackingError)
    assert shown.exception.exit_code == 1


@pytest.mark.parametrize(("failed", "code"), [((), 0), ((("runs/x", "damaged"),), 1)])
def test_sync_says_what_did_not_arrive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failed: tuple[tuple[str, str], ...], code: int
) -> None:
    synced = Synced(published=3, up_to_date=2, deleted=("runs/y",), failed=failed)
    monkeypatch.setattr("tracking.publisher.sync", lambda *_, **__: synced)
    shown = runner.invoke(
        app, ["sync", str(tmp_path), "--json", "--tracking-uri", "http://me:pw@lab"]
    )
    assert shown.exit_code == code
    assert json.loads(shown.stdout) == {
        "published": 3,
        "up_to_date": 2,
        "busy": 0,
        "deleted": 1,
        "failed": len(failed),
        "tracking_uri": "http://lab",
    }
    told = runner.invoke(app, ["sync", str(tmp_path), "--tracking-uri", "http://lab"]).stderr
    assert "3 published, 2 up to date, 1 deleted" in told
    assert "runs/y" in told
