from __future__ import annotations

import sqlite3
import threading
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import optuna
import pytest
from optuna.exceptions import StorageInternalError

import sweeps
from sweeps.errors import SweepError


@pytest.fixture
def spec(tmp_path: Path, toy: ModuleType) -> sweeps.StudySpec:
    made: sweeps.StudySpec = toy.spec(tmp_path, trials=2, definition={"data": "a1", "epochs": "4"})
    sweeps.open_study(made)
    return made


def test_the_spec_comes_back_from_the_storage(spec: sweeps.StudySpec) -> None:
    assert sweeps.load_spec(spec.storage, spec.name) == spec
    assert sweeps.list_studies(spec.storage) == (spec,)


def test_opening_again_continues(spec: sweeps.StudySpec) -> None:
    more = replace(spec, trials=9, final_seeds=(5,), retries=1, max_consecutive_failures=2)
    sweeps.open_study(more)
    assert sweeps.load_spec(spec.storage, spec.name) == more


def test_a_full_disk_is_said_as_such(
    spec: sweeps.StudySpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> None:
        raise StorageInternalError from sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(optuna, "create_study", full)
    with pytest.raises(OSError, match="No space left on device"):
        sweeps.open_study(spec)


def test_another_definition_is_refused_with_every_difference(spec: sweeps.StudySpec) -> None:
    other = replace(
        spec,
        definition={"data": "b2", "split": "s"},
        seed=8,
        space={**spec.space, "x": sweeps.Float(0.0, 2.0)},
    )
    with pytest.raises(SweepError) as fault:
        sweeps.open_study(other)
    for difference in (
        "data: a1 -> b2",
        "epochs: 4 -> not set",
        "split: not set -> s",
        "seed: 0 -> 8",
        "space.x: 0 to 1 -> 0 to 2",
    ):
        assert difference in fault.value.message
    assert "--study NEWNAME" in fault.value.hint
    assert sweeps.load_spec(spec.storage, spec.name) == spec


def test_a_space_that_rounds_to_the_same_words_is_still_another(spec: sweeps.StudySpec) -> None:
    near = replace(spec, space={**spec.space, "x": sweeps.Float(0.0, 1.0000001)})
    with pytest.raises(SweepError, match=r"space\.x"):
        sweeps.open_study(near)


def test_the_budget_cannot_fall_below_what_is_finished(
    spec: sweeps.StudySpec, toy: ModuleType, tmp_path: Path
) -> None:
    run = toy.objective(tmp_path, 0.0)
    sweeps.work(spec.storage, spec.name, run, print, stop=threading.Event())
    with pytest.raises(SweepError, match="2 finished trials, --trials 1"):
        sweeps.open_study(replace(spec, trials=1))


def test_unknown_study_names_the_known_ones(spec: sweeps.StudySpec) -> None:
    for read in (sweeps.load_spec, sweeps.trials_table, sweeps.read_progress):
        with pytest.raises(SweepError, match="no study lgg/unet") as fault:
            read(spec.storage, "lgg/unet")
        assert spec.name in fault.value.hint


def test_a_study_of_somebody_else_is_left_alone(spec: sweeps.StudySpec) -> None:
    study = optuna.create_study(storage=sweeps.storage.connect(spec.storage), study_name="theirs")
    study.ask()
    with pytest.raises(SweepError, match="not made by ablate"):
        sweeps.open_study(replace(spec, name="theirs"))
    assert sweeps.list_studies(spec.storage) == (spec,)


def test_best_trial_is_the_earliest_of_equals() -> None:
    row = sweeps.TrialRow(0, "complete", 0.5, {}, 0, 3, "", {}, None)
    rows = [
        row,
        replace(row, number=1, value=0.9),
        replace(row, number=2, value=0.9),
        replace(row, number=3, value=0.99, state="pruned"),
    ]
    best = sweeps.best_trial(rows)
    assert best is not None
    assert best.number == 1
    assert sweeps.best_trial(rows[3:]) is None
