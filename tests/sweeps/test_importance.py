from __future__ import annotations

from pathlib import Path
from types import ModuleType

import optuna
import pytest

import sweeps
from sweeps.importance import FEWEST_TRIALS
from sweeps.storage import connect


def _filled(
    folder: Path, toy: ModuleType, trials: int, *, flat: bool = False, fixed: bool = False
) -> sweeps.StudySpec:
    """A study whose trials were drawn at random; x decides nearly all of the value."""
    folder.mkdir(exist_ok=True)
    spec: sweeps.StudySpec = toy.spec(folder, trials=trials)
    sweeps.open_study(spec)
    study = optuna.load_study(
        study_name=spec.name,
        storage=connect(spec.storage),
        sampler=optuna.samplers.RandomSampler(seed=3),
    )
    for number in range(trials):
        trial = study.ask()
        x = 0.5 if fixed else trial.suggest_float("x", 0.0, 1.0)
        noise = trial.suggest_categorical("skips", [True] if fixed else [True, False])
        trial.suggest_float("only", 0.5, 0.5)
        trial.report(0.1, 1)
        if number % 7 == 5:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            study.tell(trial, 0.5 if flat else 1 - (x - 0.3) ** 2 - 1e-4 * noise + 1e-6 * number)
    return spec


def test_what_decides_comes_first_and_shares_sum_to_one(tmp_path: Path, toy: ModuleType) -> None:
    spec = _filled(tmp_path, toy, 50)
    found = sweeps.tuning_importance(spec.storage, spec.name)
    assert found.trials == 43
    assert found.reason == ""
    assert set(found.shares) == {"PED-ANOVA", "fANOVA"}
    for shares in found.shares.values():
        assert set(shares) >= {"x", "skips"}
        assert sum(shares.values()) == pytest.approx(1)
        assert shares["x"] > 0.6
        assert shares.get("only", 0.0) == 0.0


def test_the_same_trials_give_the_same_shares(tmp_path: Path, toy: ModuleType) -> None:
    first, second = (_filled(tmp_path / name, toy, 30) for name in "ab")
    assert sweeps.tuning_importance(first.storage, first.name) == sweeps.tuning_importance(
        second.storage, second.name
    )


def test_too_little_is_said(tmp_path: Path, toy: ModuleType) -> None:
    spec = toy.spec(tmp_path, trials=4)
    sweeps.open_study(spec)
    none = sweeps.tuning_importance(spec.storage, spec.name)
    assert (none.trials, none.shares) == (0, {})
    assert none.reason == f"0 complete trials are too few (at least {FEWEST_TRIALS})"
    for name, change, reason in (
        ("flat", {"flat": True}, "every trial has the same value"),
        ("fixed", {"fixed": True}, "nothing was varied"),
    ):
        spec = _filled(tmp_path / name, toy, 30, **change)
        found = sweeps.tuning_importance(spec.storage, spec.name)
        assert (found.reason, found.shares) == (reason, {})
