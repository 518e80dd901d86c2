"""What a study costs, read from its run folders."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from ablation.experiments.study import spent_seconds
from tracking import names
from tracking.record import RunFolder, RunRecord


def run(design: Path, kind: str, name: str, seconds: float | None) -> None:
    record = RunRecord(kind, "phantom", "unet", name, start_ms=1000)
    end = None if seconds is None else 1000 + int(1000 * seconds)
    RunFolder.create(design, dataclasses.replace(record, end_ms=end))


def test_every_training_of_a_study_counts(tmp_path):
    assert spent_seconds(tmp_path) == 0.0
    run(tmp_path, "study", "study", 1000.0)
    run(tmp_path, "trial", "0.0", 10.0)
    run(tmp_path, "trial", "0.1", 2.5)  # a second attempt
    run(tmp_path, "trial", "1.0", None)  # still running
    run(tmp_path, "final", "final-101.0", 20.0)
    assert spent_seconds(tmp_path) == pytest.approx(32.5)
    (tmp_path / "0.0" / names.RUN).write_text("{")
    assert spent_seconds(tmp_path) == pytest.approx(22.5)
