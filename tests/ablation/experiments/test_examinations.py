"""Persons with several examinations from scans to the comparison: a row each, one patient."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from ablation.comparison import Design, compare
from ablation.config import resolve
from ablation.data import prepare
from ablation.experiments.announce import parts_text, what_can_be_shown
from ablation.experiments.cost import _predicted
from ablation.experiments.experiment import Experiment, open_experiment
from ablation.experiments.objective import Objective
from ablation.experiments.rescoring import evaluate_run
from ablation.experiments.study import write_plan
from ablation.metrics.table import read_cases
from sweeps import Assignment, Complete
from tracking.names import RunName
from tracking.record import RunFolder
from tracking.workspace import attempts, design_folder

from ..data.test_brats import NEW, write_patient

PARTS = {
    "train": ["BraTS-GLI-00001-000", "BraTS-GLI-00001-001"],
    "validation": ["BraTS-GLI-00002-000", "BraTS-GLI-00002-101", "BraTS-GLI-00003-000"],
    "test": ["BraTS-GLI-00004-000", "BraTS-GLI-00004-001", "BraTS-GLI-00005-000"],
}
PERSONS = {
    "BraTS-GLI-00002-000": "BraTS-GLI-00002",
    "BraTS-GLI-00002-101": "BraTS-GLI-00002",
    "BraTS-GLI-00003-000": "BraTS-GLI-00003-000",
    "BraTS-GLI-00004-000": "BraTS-GLI-00004",
    "BraTS-GLI-00004-001": "BraTS-GLI-00004",
    "BraTS-GLI-00005-000": "BraTS-GLI-00005-000",
}
SETTINGS = {
    "data.image_size": 16,
    "model.base": 4,
    "model.depth": 2,
    "training.epochs": 2,
    "training.max_batches": 4,
    "training.batch_size": 2,
}


@dataclass(frozen=True)
class Final:
    """A trained final on these persons."""

    experiment: Experiment
    workspace: Path
    cache: Path
    run: RunFolder
    outcome: Complete


@pytest.fixture(scope="module")
def final(tmp_path_factory: pytest.TempPathFactory) -> Final:
    root = tmp_path_factory.mktemp("persons")
    for number, name in enumerate(name for part in PARTS.values() for name in part):
        write_patient(root / "scans", name, NEW, seed=number, enhancing=3)
    (root / "split.json").write_text(json.dumps(PARTS))
    places = {"data.path": str(root / "scans"), "data.split": str(root / "split.json")}
    config = resolve(preset="cpu-demo", flags={**SETTINGS, **places}).config
    experiment = open_experiment(config, preset="cpu-demo", cache=root / "cache")
    write_plan(experiment, root / "runs")
    slices = prepare(experiment.dataset, config.data, root / "cache")
    objective = Objective(experiment, root / "runs", slices, "parent")
    assignment = Assignment(
        kind="final",
        study=experiment.study,
        number=0,
        attempt=0,
        first_attempt=0,
        params={},
        seed=101,
        facts={},
        report=lambda *_: False,
        interrupted=lambda: False,
    )
    outcome = objective(assignment)
    assert isinstance(outcome, Complete)
    (run,) = attempts(
        design_folder(root / "runs", experiment.name, experiment.design), RunName("final", 101)
    )
    return Final(experiment, root / "runs", root / "cache", run, outcome)


def test_every_examination_has_a_row_of_its_person(final: Final) -> None:
    table = read_cases(final.run.path / "per_case.csv")
    assert dict(zip(table["case"], table["patient"], strict=True)) == PERSONS
    assert len(table) == len(PERSONS)
    slices = read_cases(final.run.path / "per_slice.csv")
    assert slices["case"].tolist()[:2] == ["BraTS-GLI-00002-000/0", "BraTS-GLI-00002-000/1"]
    assert slices["patient"].tolist()[0] == "BraTS-GLI-00002"
    again = evaluate_run(final.run.path, final.workspace, final.cache)
    assert again.same is True


def test_validation_dice_is_the_mean_of_persons(final: Final) -> None:
    table = read_cases(final.run.path / "per_case.csv").query("split == 'validation'")
    mean = table.groupby("patient").dice.mean().mean()
    lines = (final.run.path / "thresholds.csv").read_text().splitlines()
    (chosen,) = [row for row in csv.DictReader(lines) if row["chosen"] == "1"]
    assert float(chosen["validation_dice"]) == pytest.approx(mean, abs=1e-12)
    assert final.run.record.metrics["cases/validation/dice"] == pytest.approx(mean, abs=1e-12)
    epochs = [
        json.loads(line) for line in (final.run.path / "metrics.jsonl").read_text().splitlines()
    ]
    assert final.outcome.value == max(epoch["metrics"]["validation/dice"] for epoch in epochs)


def test_a_comparison_counts_persons(final: Final) -> None:
    table = read_cases(final.run.path / "per_case.csv")
    primary = compare([Design("unet", (table,))], final.experiment.config.comparison).primary
    assert list(primary.patients) == ["BraTS-GLI-00004", "BraTS-GLI-00005-000"]
    test = table.query("split == 'test'").groupby("patient").dice.mean()
    assert primary.summaries[0].interval.mean == pytest.approx(test.mean())


def test_every_test_examination_is_drawn(final: Final) -> None:
    figures = final.run.path / "figures"
    listed = list(csv.DictReader((figures / "overlays.csv").read_text().splitlines()))
    tumours = [row for row in listed if row["kind"] == "tumour"]
    assert [(row["file"], row["patient"]) for row in tumours] == [
        (f"tumour-{case}.png", PERSONS[case]) for case in PARTS["test"]
    ]
    assert {row["file"] for row in listed} == {path.name for path in figures.glob("*.png")}


def test_cost_and_plan_count_what_they_name(final: Final) -> None:
    assert _predicted(final.experiment, "trial") == 3 * 6  # slices of every examination
    assert parts_text([final.experiment]) == "train 1, validation 2, test 2"
    everyone = [facts.id for facts in final.experiment.dataset.patients]
    assert final.experiment.dataset.count(everyone) == "5 patients, 8 examinations"
    assert "test patients 2:" in what_can_be_shown([[final.experiment]])[0]
