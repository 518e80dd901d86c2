"""One training of several targets: a threshold, rows and means for each; the mean or one decides."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from ablation.config import Config, DataConfig, build_config, resolve, with_values
from ablation.data import prepare
from ablation.data.targets import chosen, exclude_each_other
from ablation.errors import UsageError
from ablation.experiments.experiment import Experiment, open_experiment
from ablation.experiments.objective import Objective
from ablation.experiments.scoring import decided, deciding, summary_of, validate
from ablation.experiments.targets import spelled
from ablation.inference.choose import OperatingPoint
from ablation.inference.thresholds import Choice
from ablation.metrics.table import read_cases
from ablation.models import Outputs
from sweeps import Assignment, Complete
from tracking import names
from tracking.names import RunName
from tracking.workspace import attempts, design_folder

REGIONS = ("WT", "TC", "ET")
SETTINGS = {
    "data.target": "regions",
    "data.phantom_patients": 5,
    "data.image_size": 32,
    "model.base": 2,
    "model.depth": 1,
    "training.epochs": 1,
    "training.max_batches": 2,
    "inference.search": "threshold",
}


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    config = resolve(preset="cpu-demo", flags=SETTINGS).config
    return open_experiment(config, preset="cpu-demo", cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def final(experiment: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = tmp_path_factory.mktemp("runs")
    slices = prepare(experiment.dataset, experiment.config.data, workspace / "cache")
    outcome = Objective(experiment, workspace, slices, "parent")(
        Assignment(
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
    )
    assert isinstance(outcome, Complete)
    folder = design_folder(workspace, experiment.name, experiment.design)
    return attempts(folder, RunName("final", 101))[-1].path


def test_the_experiment_has_the_name_of_its_targets_and_a_channel_for_each(
    experiment: Experiment,
) -> None:
    assert experiment.name == "phantom-regions"
    assert experiment.outputs == Outputs(targets=3)


def test_every_case_has_a_row_for_each_target(experiment: Experiment, final: Path) -> None:
    cases = read_cases(final / names.PER_CASE)
    split = experiment.split
    expected = {
        (part, name, target)
        for part in ("validation", "test")
        for name in getattr(split, part)
        for target in REGIONS
    }
    assert set(zip(cases["split"], cases["case"], cases["target"], strict=True)) == expected
    voxels = cases.pivot_table(index="case", columns="target", values="truth_voxels")
    for name, row in voxels.iterrows():
        drawn = experiment.dataset.patient(str(name)).target_voxels
        assert {target: int(row[target]) for target in REGIONS} == drawn


def test_each_target_has_its_own_threshold(final: Path) -> None:
    from tracking.record import RunFolder

    rows = list(csv.DictReader(io.StringIO((final / names.THRESHOLDS).read_text())))
    best = {row["target"]: float(row["threshold"]) for row in rows if row["chosen"] == "1"}
    assert tuple(best) == REGIONS
    assert len(rows) == 3 * 99
    record = RunFolder(final).record
    for target, threshold in best.items():
        of_target = [row for row in rows if row["target"] == target]
        top = max(float(row["validation_dice"]) for row in of_target)
        (at,) = [row for row in of_target if float(row["threshold"]) == threshold]
        assert float(at["validation_dice"]) == top
        assert record.metrics[f"threshold/{target}"] == threshold
    means = [
        max(float(row["validation_dice"]) for row in rows if row["target"] == target)
        for target in REGIONS
    ]
    assert record.metrics["validation/objective"] == pytest.approx(np.mean(means), abs=1e-12)
    assert "cases/ET/test/cases" in record.metrics


class Painted:
    """A network that draws each target right, but the last one everywhere."""

    def __init__(self, slices) -> None:
        self.slices = slices

    def __call__(self, images: np.ndarray, native: tuple[int, int]) -> np.ndarray:
        (name,) = [
            name
            for name, rows in self.slices.rows.items()
            if np.array_equal(self.slices.images[rows], images)
        ]
        maps = [self.slices.native_truth(name, target) for target in REGIONS]
        return np.stack([*maps[:2], np.ones_like(maps[0])], axis=-1).astype(np.float32)


@pytest.mark.parametrize("primary", [None, "WT", "ET"])
def test_the_mean_over_targets_is_validated_or_the_primary_one(
    experiment: Experiment, tmp_path: Path, primary: str | None
) -> None:
    slices = prepare(experiment.dataset, experiment.config.data, tmp_path)
    cases = experiment.split.validation
    config = with_values(experiment.config, {"data.primary_target": primary})
    found = validate(Painted(slices), slices, cases, config)
    wrong = np.mean(
        [
            2 * et.sum() / (et.size + et.sum())
            for et in (slices.native_truth(name, "ET") for name in cases)
        ]
    )
    expected = {None: (2 + wrong) / 3, "WT": 1.0, "ET": wrong}[primary]
    assert found.validation_dice == pytest.approx(expected, abs=1e-12)


def test_the_loss_is_the_mean_over_targets() -> None:
    from ablation import losses
    from ablation.training.trainer import Trainer

    config = build_config(
        {
            "model.base": 2,
            "model.depth": 1,
            "data.augmentation": "none",
            "training.batch_size": 2,
            "training.l2": 0.0,
            "loss.name": "lovasz",
        }
    )
    rng = np.random.default_rng(0)
    images = rng.random((2, 16, 16, 1), np.float32)
    masks = (rng.random((2, 16, 16, 3)) > 0.7).astype(np.float32)
    for exclusive in (False, True):
        trainer = Trainer(config, (16, 16, 1), Outputs(3, exclusive))
        trainer._step.start(config)
        logits = trainer._model(images, training=True)
        if exclusive:
            from ablation.models.exclusive import log_odds

            logits = log_odds(logits)
        lovasz = losses.LOSSES["lovasz"].function
        each = [
            float(lovasz(tf.constant(masks[..., t : t + 1]), logits[..., t : t + 1]))
            for t in range(3)
        ]
        loss = float(trainer._step(images, masks, np.arange(2), (0, 0)))
        assert loss == pytest.approx(np.mean(each), rel=1e-5)
        maps = trainer.predictor.on_grid(images)
        assert maps.shape == (2, 16, 16, 3)
        assert (maps.sum(-1).max() < 1.0) == exclusive


def test_targets_are_chosen_by_name_or_all() -> None:
    known = {"WT": (1, 2, 3), "TC": (1, 3), "ET": (3,)}
    assert tuple(chosen("TC", known)) == ("TC",)
    assert tuple(chosen("regions", known)) == tuple(known)
    with pytest.raises(UsageError, match="has no LIVER"):
        chosen("LIVER", known)
    assert not exclude_each_other(known.values())
    assert exclude_each_other([(1,), (2,), (3,)])
    assert not exclude_each_other([(1,)])
    assert [spelled(one) for one in ("wt", "REGIONS", "liver")] == ["WT", "regions", "liver"]


def test_a_primary_target_that_is_not_trained_is_refused(tmp_path: Path) -> None:
    config = resolve(preset="cpu-demo", flags={**SETTINGS, "data.primary_target": "liver"}).config
    with pytest.raises(UsageError, match=r"primary_target=liver is not among .*WT, TC, ET") as why:
        open_experiment(config, preset="cpu-demo", cache=tmp_path)
    assert "Name one of them" in why.value.hint


def test_one_target_keeps_its_names() -> None:
    choice = Choice(0.4, 0.8, 1, False, ())
    assert deciding(("WT",), DataConfig()) == ("WT",)
    assert decided({"WT": choice}, ("WT",)) == (0.8, 0.4)
    assert summary_of([], {"WT": OperatingPoint(threshold=0.4)}) == {"threshold": 0.4}
    assert Config().data.primary_target is None
