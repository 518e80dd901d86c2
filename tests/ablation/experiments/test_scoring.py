"""A trial and a final on a tiny phantom: what is searched, written, and made again from weights."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ablation.config import resolve
from ablation.data import Slices, prepare, scan_of
from ablation.experiments.experiment import Experiment, open_experiment
from ablation.experiments.objective import Objective
from ablation.experiments.rescoring import evaluate_run
from ablation.experiments.study import write_plan
from ablation.inference.overlays import GREYS, picture
from ablation.metrics.table import read_cases
from sweeps import Assignment, Complete
from tracking import names
from tracking.errors import DamagedError
from tracking.names import RunName
from tracking.record import RunFolder
from tracking.workspace import attempts, design_folder

SETTINGS = {
    "data.phantom_patients": 5,
    "data.image_size": 32,
    "model.base": 4,
    "model.depth": 2,
    "training.epochs": 2,
    "training.max_batches": 6,
}


@dataclass(frozen=True)
class Study:
    """A study with one trial and one final, trained."""

    experiment: Experiment
    workspace: Path
    cache: Path
    slices: Slices
    trial: RunFolder
    final: RunFolder
    outcomes: Sequence[Complete]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    root = tmp_path_factory.mktemp("study")
    workspace, cache = root / "runs", root / "cache"
    config = resolve(preset="cpu-demo", flags=SETTINGS).config
    experiment = open_experiment(config, preset="cpu-demo", cache=cache)
    write_plan(experiment, workspace)
    slices = prepare(experiment.dataset, config.data, cache)
    objective = Objective(experiment, workspace, slices, "parent")
    outcomes = []
    for kind, seed in (("trial", None), ("final", 101)):
        outcome = objective(
            Assignment(
                kind=kind,
                study=experiment.study,
                number=0,
                attempt=0,
                first_attempt=0,
                params={},
                seed=seed,
                facts={},
                report=lambda *_: False,
                interrupted=lambda: False,
            )
        )
        assert isinstance(outcome, Complete)
        outcomes.append(outcome)
    folder = design_folder(workspace, experiment.name, experiment.design)
    (trial,), (final,) = (
        attempts(folder, RunName("trial", 0)),
        attempts(folder, RunName("final", 101)),
    )
    return Study(experiment, workspace, cache, slices, trial, final, outcomes)


def candidates(run: RunFolder) -> list[dict[str, str]]:
    return list(csv.DictReader((run.path / "thresholds.csv").read_text().splitlines()))


def fact(run: RunFolder, name: str) -> object:
    return json.loads(run.record.tags[f"ablate.ledger.{name}"])


def test_a_trial_tries_thresholds_and_a_final_everything(study: Study) -> None:
    assert len(candidates(study.trial)) == fact(study.trial, "candidates") == 99
    assert len(candidates(study.final)) == fact(study.final, "candidates") == 4 * 99 + 5 * 8
    assert study.final.record.metrics["search/candidates"] == 436


@pytest.mark.parametrize("kind", ["trial", "final"])
def test_the_choice_is_on_record(study: Study, kind: str) -> None:
    run = getattr(study, kind)
    (chosen,) = [row for row in candidates(run) if row["chosen"] == "1"]
    assert fact(run, "tta") == chosen["tta"]
    assert fact(run, "morphology") == chosen["morphology"]
    assert fact(run, "min_size") == int(chosen["min_size"] or 0)
    assert fact(run, "threshold") == run.record.metrics["threshold"] == float(chosen["threshold"])
    validation = read_cases(run.path / "per_case.csv").query("split == 'validation'")
    with_tumour = validation[validation.status.isin(["scored", "missed"])]
    assert [validation[name].sum() for name in ("tp", "fp", "fn")] == [
        int(chosen[name]) for name in ("tp", "fp", "fn")
    ]
    assert with_tumour.dice.mean() == pytest.approx(float(chosen["validation_dice"]), abs=1e-12)


def test_the_objective_is_the_validation_dice_of_the_best_epoch(study: Study) -> None:
    for run, outcome in zip((study.trial, study.final), study.outcomes, strict=True):
        epochs = [
            json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()
        ]
        curve = [epoch["metrics"]["validation/dice"] for epoch in epochs]
        assert outcome.value == max(curve) == run.record.metrics["validation/objective"]


@pytest.mark.parametrize("kind", ["trial", "final"])
def test_the_table_is_made_again_to_the_last_digit(study: Study, kind: str) -> None:
    run = getattr(study, kind)
    done = evaluate_run(run.path, study.workspace, study.cache)
    assert done.same is True
    assert done.scores.facts.tta == fact(run, "tta")


@pytest.mark.parametrize("name", ["checkpoint/weights.npz", "per_case.csv"])
def test_what_was_changed_after_the_run_ended_is_named_and_not_scored(
    study: Study, name: str
) -> None:
    file = study.trial.path / name
    content = file.read_bytes()
    changed = bytearray(content)
    changed[len(content) // 2] ^= 1
    file.write_bytes(changed)
    try:
        with pytest.raises(DamagedError, match=f"{file.name} is damaged") as refused:
            evaluate_run(study.trial.path, study.workspace, study.cache)
    finally:
        file.write_bytes(content)
    assert "backup" in refused.value.hint


@pytest.mark.parametrize("is_link", [False, True])
def test_a_table_that_is_gone_is_made_again_and_named(study: Study, is_link: bool) -> None:
    table = study.trial.path / "per_case.csv"
    content = table.read_bytes()
    table.unlink()
    if is_link:
        table.symlink_to("nowhere")
    said: list[str] = []
    done = evaluate_run(study.trial.path, study.workspace, study.cache, progress=said.append)
    assert done.same is None
    assert table.read_bytes() == content
    assert any(f"{table} is gone" in line for line in said)


def test_a_final_has_a_row_for_every_slice(study: Study) -> None:
    assert not (study.trial.path / "per_slice.csv").exists()
    volumes = read_cases(study.final.path / "per_case.csv")
    slices = read_cases(study.final.path / "per_slice.csv")
    for row in volumes.itertuples():
        own = slices[(slices.patient == row.patient) & (slices.split == row.split)]
        count, rows, columns = (int(n) for n in row.shape.split("x"))
        assert own["case"].tolist() == [f"{row.patient}/{number}" for number in range(count)]
        assert set(own["shape"]) == {f"{rows}x{columns}"}
        assert set(own.spacing) == {"1x1"}
        for name in ("tp", "fp", "fn", "tn"):
            assert own[name].sum() == getattr(row, name)
        assert own.bce.mean() == pytest.approx(row.bce)


def test_a_final_draws_its_test_patients(study: Study) -> None:
    assert not (study.trial.path / "figures").exists()
    figures = study.final.path / "figures"
    listed = list(csv.DictReader((figures / "overlays.csv").read_text().splitlines()))
    assert {row["file"] for row in listed} == {path.name for path in figures.glob("*.png")}
    tumours = {row["patient"]: row for row in listed if row["kind"] == "tumour"}
    assert list(tumours) == list(study.experiment.split.test)
    slices = read_cases(study.final.path / "per_slice.csv")
    for row in listed:
        of_patient = slices[(slices.patient == row["patient"]) & (slices.split == "test")]
        (own,) = of_patient[of_patient["case"] == f"{row['patient']}/{row['slice']}"].itertuples()
        assert own.truth_voxels == int(row["truth_voxels"])
        assert own.pred_voxels == int(row["pred_voxels"])
        assert own.dice == pytest.approx(float(row["dice"]))
        if row["kind"] == "tumour":
            assert own.truth_voxels == of_patient.truth_voxels.max()
        else:
            empty = of_patient[of_patient.truth_voxels == 0]
            assert own.pred_voxels == empty.pred_voxels.max()


def test_a_final_says_what_its_network_is_made_of(study: Study) -> None:
    assert not (study.trial.path / names.NETWORK).exists()
    rows = list(csv.DictReader((study.final.path / names.NETWORK).read_text().splitlines()))
    assert rows[-1]["block"] == "logits"
    total = study.final.record.metrics["cost/parameters"]
    assert sum(int(row["parameters"]) for row in rows) == total


def test_pictures_show_the_scan_and_not_the_small_slices_of_the_network(study: Study) -> None:
    experiment = study.experiment
    name = experiment.split.test[0]
    scan = scan_of(experiment.dataset, experiment.dataset.patient(name), experiment.config.data)
    truth = study.slices.native_truth(name)
    assert scan.shape == truth.shape
    assert scan.shape[1] > 32
    with (study.final.path / names.OVERLAYS).open() as stream:
        row = next(one for one in csv.DictReader(stream) if one["patient"] == name)
    content = (study.final.path / names.FIGURES / row["file"]).read_bytes()
    shown = np.asarray(Image.open(io.BytesIO(content)))
    none = np.zeros(truth.shape[1:], bool)
    plain = np.asarray(Image.open(io.BytesIO(picture(scan[int(row["slice"])], none, none))))
    grey = shown < GREYS
    assert np.array_equal(shown[grey], plain[grey])


def test_a_final_that_is_known_is_answered_with_all_its_files(study: Study) -> None:
    objective = Objective(study.experiment, study.workspace, study.slices, "parent")
    outcome = objective(
        Assignment(
            kind="final",
            study=study.experiment.study,
            number=1,
            attempt=0,
            first_attempt=0,
            params={},
            seed=101,
            facts={},
            report=lambda *_: False,
            interrupted=lambda: False,
        )
    )
    folder = design_folder(study.workspace, study.experiment.name, study.experiment.design)
    answered = attempts(folder, RunName("final", 101))[-1]
    assert answered.record.tags["ablate.answered_by"] == study.final.run_key
    assert isinstance(outcome, Complete)
    figures = [f"figures/{path.name}" for path in (study.final.path / "figures").iterdir()]
    assert len(figures) > 1
    for name in ("per_case.csv", "per_slice.csv", "thresholds.csv", *figures):
        assert (answered.path / name).read_bytes() == (study.final.path / name).read_bytes()
    assert fact(answered, "tta") == fact(study.final, "tta")
    assert not objective.trainers


def test_views_never_trained_on_are_warned_of(study: Study) -> None:
    log = study.final.path / "log.txt"
    warned = log.exists() and "never did" in log.read_text()
    assert warned == (fact(study.final, "tta") != "none")  # cpu-demo trains without augmentation


def test_maps_of_the_network_are_float32_probabilities(study: Study) -> None:
    from ablation.training.trainer import Trainer

    predictor = Trainer(study.experiment.config, study.experiment.image_shape).predictor
    images = study.slices.images[:3]
    on_grid = predictor.on_grid(images)
    assert on_grid.shape == (3, 32, 32, 1)
    native = predictor(images, (48, 40))
    one = predictor.to_native(on_grid[..., 0], (48, 40))
    np.testing.assert_array_equal(native[..., 0], one)
    assert native.dtype == np.float32
