"""How a sweep ends: its table comes before the waiting, and Ctrl-C in between is no accident."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from ablation.cli.app import app
from ablation.errors import UsageError
from ablation.experiments import sweep as module
from ablation.experiments.cost import Cost
from ablation.experiments.results import DesignResult
from sweeps import SweepEnd
from tracking import publisher

TINY = ["data.phantom_patients=4", "data.image_size=32"]


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Words of a sweep that is planned but not trained, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "cost_of", lambda *_: Cost(2, 12, 4, 60.0, 1000, 10))
    monkeypatch.setattr(module, "_supervise", lambda *_: SweepEnd("done"))
    row = DesignResult("unet", None, 1, 0.5, 0.4, 0.6, None, 1)
    monkeypatch.setattr(module, "rows_of", lambda *_: [row])
    monkeypatch.setattr(module, "warnings_of", lambda *_: ["unet: the disk is slow"])
    monkeypatch.setattr(publisher, "start", lambda *_: SimpleNamespace())
    settings = [word for text in TINY for word in ("--set", text)]
    return ["sweep", "--model", "unet", "--trials", "1", *settings]


def test_ctrl_c_while_publishing_costs_no_table(
    done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(publisher, "stop", pressed)
    end = CliRunner().invoke(app, done)
    assert end.exit_code == 130
    assert end.stdout.splitlines()[1].split()[:2] == ["unet", "1"]
    assert "not everything has arrived at the tracking server; later: ablate sync" in end.stderr


def test_warnings_stand_below_the_table(done: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publisher, "stop", lambda *_: True)
    end = CliRunner().invoke(app, done)
    assert end.exit_code == 0
    assert "warning: unet: the disk is slow" in end.stderr
    assert end.stderr.rstrip().endswith("ablate report --compare all --experiment phantom")
    assert "not everything" not in end.stderr


@pytest.mark.parametrize("flag", ["--study", "--experiment"])
@pytest.mark.parametrize("name", ["n" * 300, "ü" * 201, "a/b", "../up", "a\nb", "=1+1", "\u202eb"])
def test_a_name_that_is_no_folder_is_one_line_before_the_scans_are_read(
    done: list[str], tmp_path: Path, flag: str, name: str
) -> None:
    refused = CliRunner().invoke(app, [*done, flag, name])
    assert isinstance(refused.exception, UsageError)
    message = refused.exception.message
    assert message.startswith(flag)
    assert "of a folder" in message
    assert message.isprintable()
    assert len(message) < 140
    assert refused.exception.hint
    assert list(tmp_path.iterdir()) == []
