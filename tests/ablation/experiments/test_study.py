"""What a study costs, and which of its finals have lost their results, read from its run folders."""

from __future__ import annotations

import dataclasses
import shutil
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from ablation.experiments.study import finals_of, spent_seconds, storage_url
from ablation.experiments.sweep import run_lost_again
from sweeps import Complete, final_name, read_progress, trials_table, work
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


SCHEMA_1 = Path(__file__).parents[2] / "fixtures/schema1"


@pytest.fixture
def swept(tmp_path):
    """A workspace with a finished study, and what names the study."""
    workspace = Path(shutil.copytree(SCHEMA_1 / "single", tmp_path / "runs"))
    experiment = SimpleNamespace(name="phantom", label="unet", study="phantom/unet")
    return workspace, experiment, workspace / "phantom/unet/final-101.0"


def move_away(final: Path) -> None:
    final.rename(final.parents[3] / "elsewhere")


def damage(final: Path) -> None:
    (final / names.RUN).write_text("{")


def without_table(final: Path) -> None:
    (final / names.PER_CASE).unlink()


def of_another_setting(final: Path) -> None:
    RunFolder(final).update(tags={names.SETTING: "{}"})


@pytest.mark.parametrize("lose", [move_away, damage, without_table, of_another_setting])
def test_a_final_without_results_is_queued_again(swept, lose):
    workspace, experiment, final = swept
    storage = storage_url(workspace)
    said = []
    run_lost_again(experiment, workspace, said.append)
    assert said == []
    before = read_progress(storage, "phantom/unet")
    assert before.finals_done == before.finals_total == 1
    lose(final)
    run_lost_again(experiment, workspace, said.append)
    assert said == [
        "phantom/unet: the final run with seed 101 has no readable results any more; it runs again"
    ]
    now = read_progress(storage, "phantom/unet")
    assert (now.done, now.finals_done, now.is_finished) == (before.done, 0, False)
    assert trials_table(storage, final_name("phantom/unet")) == ()
    assert finals_of(experiment, workspace) == ()
    ran = []

    def objective(assignment):
        ran.append((assignment.kind, assignment.seed))
        return Complete(0.5)

    work(storage, "phantom/unet", objective, lambda _: None, stop=threading.Event())
    assert ran == [("final", 101)]
    assert read_progress(storage, "phantom/unet").is_finished
