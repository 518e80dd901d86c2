"""`ablate studies show`: a header, and the best trial is marked."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ablation.cli.app import app
from ablation.experiments import study
from sweeps import TrialRow

ROWS = (
    TrialRow(0, "complete", 0.5, {"training.learning_rate": 0.00123456}, 0, 12, "", {}, 9.0),
    TrialRow(1, "complete", 0.75, {"training.learning_rate": 0.002}, 0, 12, "", {}, 9.0),
    TrialRow(2, "failed", None, {}, 0, 1, "out of memory", {}, None),
)


def test_the_trials_have_a_header_and_the_best_is_marked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("ablation.experiments.stored.refuse_disagreement", lambda *_: None)
    monkeypatch.setattr("sweeps.trials_table", lambda *_: ROWS)
    monkeypatch.setattr(study, "storage_url", lambda workspace: "sqlite:///x")
    shown = CliRunner().invoke(app, ["studies", "show", "lgg/unet", "--workspace", str(tmp_path)])
    assert shown.exit_code == 0
    assert shown.stdout.splitlines() == [
        "trial  state                   validation Dice  epochs  setting",
        "0      complete                0.5000           12      training.learning_rate 0.001235",
        "1      complete (best)         0.7500           12      training.learning_rate 0.002",
        "2      failed (out of memory)  -                1",
    ]
