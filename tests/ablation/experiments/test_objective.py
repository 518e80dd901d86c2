"""A trial that fails: what its record says, and that the next one trains."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
import tensorflow as tf

from ablation.config import resolve
from ablation.data import prepare
from ablation.errors import DataError
from ablation.experiments.experiment import Experiment, open_experiment
from ablation.experiments.objective import Objective
from ablation.experiments.study import run_worker, spec_of, study_folder
from sweeps import Assignment, Complete, Failed, Interrupted, Phase, open_study, trials_table
from tracking.record import RunFolder

TINY = [
    *("data.phantom_patients=4", "data.image_size=32", "model.base=4", "model.depth=2"),
    *("training.epochs=1", "training.max_batches=1"),
]
FULL = tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def experiment(cache: Path) -> Experiment:
    config = resolve(preset="cpu-demo", assignments=[*TINY, "sweep.trials=2"]).config
    return open_experiment(config, preset="cpu-demo", cache=cache)


@pytest.fixture
def objective(experiment: Experiment, cache: Path, tmp_path: Path) -> Objective:
    slices = prepare(experiment.dataset, experiment.config.data, cache)
    return Objective(experiment, tmp_path, slices, parent_key="")


def assignment(number: int) -> Assignment:
    return Assignment(
        kind="trial", study="phantom/unet", number=number, attempt=0, first_attempt=0,
        params={"training.learning_rate": 1e-3 * (1 + number)}, seed=None, facts={},
        report=lambda epoch, value: False, interrupted=lambda: False,
    )  # fmt: skip


@pytest.mark.parametrize("where", ["_train_epoch", "predictor"])
def test_out_of_memory_fails_the_trial_for_good_and_the_next_one_trains(
    objective: Objective, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    objective.warm_up()
    (trainer,) = objective.trainers

    def full(*_: object, **__: object) -> None:
        raise FULL

    with monkeypatch.context() as patch:
        if where == "predictor":
            patch.setattr("ablation.experiments.objective.score", full)  # after the training
        else:
            patch.setattr(type(trainer), where, full)
        assert objective(assignment(0)) == Failed("out of memory", retry=False)
    folder = RunFolder(objective._design / "0.0")
    assert folder.record.status == "FAILED"
    assert folder.record.reason.startswith("out of memory: unet with batches of 16 at 32x32")
    assert "mixed_float16" in (folder.path / "log.txt").read_text()
    outcome = objective(assignment(1))
    assert isinstance(outcome, Complete)
    assert RunFolder(objective._design / "1.0").record.metrics["cost/input_share"] >= 0


@pytest.mark.parametrize("error", [DataError, RuntimeError])
def test_the_record_of_a_failure_holds_no_hidden_name(
    objective: Objective, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    experiment = objective.experiment
    hidden = replace(experiment.dataset, ids={"Jane Doe": "P0123456789ab"})
    objective.experiment = replace(experiment, dataset=hidden)

    def gone(*_: object, **__: object) -> None:
        raise error("cannot read '/ward 7/scans/Jane Doe_1.tif'")

    monkeypatch.setattr("ablation.experiments.objective.score", gone)
    assert isinstance(objective(assignment(0)), Failed)
    folder = RunFolder(objective._design / "0.0")
    for text in (folder.record.reason, (folder.path / "log.txt").read_text()):
        assert "P0123456789ab_1.tif" in text
        assert "Jane" not in text
        assert "ward 7" not in text


def test_a_sweep_goes_on_after_a_trial_without_memory(
    experiment: Experiment, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ablation.training.trainer import Trainer

    whole = Trainer._train_epoch
    faults = [FULL]

    def full_once(self: Trainer, *rest: object) -> object:
        if faults:
            raise faults.pop()
        return whole(self, *rest)

    monkeypatch.setattr(Trainer, "_train_epoch", full_once)
    spec = spec_of(experiment, tmp_path)
    open_study(spec)
    killed = study_folder(tmp_path, "phantom", "unet").path / ".tmp-1-before"
    killed.mkdir(parents=True)
    (killed / "generated.py").touch()
    assert run_worker(experiment, tmp_path, cache, threading.Event()).why == "done"
    assert list(killed.parent.glob(".tmp-*")) == []  # neither theirs nor ours
    rows = trials_table(spec.storage, spec.name)
    assert [row.state for row in rows] == ["failed", "complete", "complete"]
    assert rows[0].reason == "out of memory"


@pytest.mark.parametrize("name", ["checkpoint/resume.npz", "metrics.jsonl"])
def test_an_attempt_that_cannot_be_read_is_lost_and_runs_again(
    objective: Objective, name: str
) -> None:
    first = replace(assignment(3), params={"training.epochs": 2})
    stopping = replace(first, report=lambda *_: True, interrupted=lambda: True)
    assert isinstance(objective(stopping), Interrupted)
    lost = RunFolder(objective._design / "3.0")
    assert lost.resume_files()
    content = (lost.path / name).read_bytes()
    (lost.path / name).write_bytes(b"\0" * len(content) + b"\n")  # as after a power cut
    assert isinstance(objective(replace(first, attempt=1)), Complete)
    again = RunFolder(objective._design / "3.1")
    assert again.record.status == "FINISHED"
    assert [line.step for line in again.epochs()[0]] == [1, 2]
    assert "starts from the first epoch" in (again.path / "log.txt").read_text()
    assert "damaged" in (again.path / "log.txt").read_text() or name.endswith("npz")


@pytest.mark.parametrize("name", ["per_case.csv", "checkpoint/weights.npz", "run.json"])
def test_a_damaged_finished_run_answers_for_no_other(objective: Objective, name: str) -> None:
    outcome = objective(assignment(4))
    assert isinstance(outcome, Complete)
    done = RunFolder(objective._design / "4.0")
    file = done.path / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    again = objective(replace(assignment(4), attempt=1))
    assert isinstance(again, Complete)
    assert again.value == outcome.value
    assert "ablate.answered_by" not in RunFolder(objective._design / "4.1").record.tags


def test_a_trial_tells_its_phases_in_order_and_what_they_took(objective: Objective) -> None:
    told: list[Phase] = []
    assert isinstance(objective(replace(assignment(5), tell=told.append)), Complete)
    names = list(dict.fromkeys(phase.name for phase in told))
    assert names == [
        "training",
        "validating",
        "searching the operating point",
        "scoring validation",
        "writing the results",
    ]
    first, last = told[0], told[-1]
    assert (first.epoch, first.is_training) == (1, True)
    assert first.loss is not None
    assert (last.epoch, last.share, last.is_training) == (1, 1.0, False)
    assert min(last.train_s or 0, last.validate_s or 0, last.after_s or 0) > 0
    after = [phase.share for phase in told if not phase.is_training]
    assert after == sorted(after)


def test_long_scoring_is_stopped_between_patients_and_not_trained_again(
    objective: Objective, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ablation.training.trainer.SAVE_AFTER_S", 0.0)
    told: list[Phase] = []
    asked = replace(assignment(6), tell=told.append, interrupted=lambda: not told[-1].is_training)
    monkeypatch.setattr("ablation.experiments.course.LONG_S", 0.0)
    assert objective(asked) == Interrupted()
    assert told[-1].can_stop
    stopped = RunFolder(objective._design / "6.0")
    assert (stopped.record.status, stopped.record.reason) == ("KILLED", "interrupted")
    assert not (stopped.path / "per_case.csv").exists()

    again: list[Phase] = []
    outcome = objective(replace(assignment(6), attempt=1, tell=again.append))
    assert isinstance(outcome, Complete)
    assert not [phase for phase in again if phase.loss is not None]  # no step was trained
    whole = objective(replace(assignment(7), params=assignment(6).params))
    assert isinstance(whole, Complete)
    assert whole.value == outcome.value


def test_short_scoring_is_ended(objective: Objective) -> None:
    told: list[Phase] = []
    asked = replace(assignment(8), tell=told.append, interrupted=lambda: not told[-1].is_training)
    assert isinstance(objective(asked), Complete)
