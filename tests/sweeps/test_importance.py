from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState, create_trial

import sweeps
from sweeps.importance import FEWEST_TRIALS
from sweeps.space import distribution
from sweeps.storage import connect


def _filled(
    folder: Path, toy: ModuleType, trials: int, *, flat: int = 0, fixed: bool = False
) -> sweeps.StudySpec:
    """A study whose trials were drawn at random; x decides nearly all of the value.

    The first `flat` trials came to nothing.
    """
    folder.mkdir(exist_ok=True)
    spec: sweeps.StudySpec = toy.spec(folder, trials=trials)
    sweeps.open_study(spec)
    rng = np.random.default_rng(3)
    ranges = {name: distribution(spec.space[name]) for name in ("x", "skips", "only")}
    made = []
    for number in range(trials):
        x = 0.5 if fixed else float(rng.uniform())
        skips = fixed or bool(rng.integers(2))
        value = 0.0 if number < flat else 1 - (x - 0.3) ** 2 - 1e-4 * skips + 1e-6 * number
        made.append(
            create_trial(
                params={"x": x, "skips": skips, "only": 0.5},
                distributions=ranges,
                value=value,
                state=TrialState.PRUNED if number % 7 == 5 else TrialState.COMPLETE,
            )
        )
    optuna.load_study(study_name=spec.name, storage=connect(spec.storage)).add_trials(made)
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
        ("flat", {"flat": 28}, "nearly all trials have the same value"),
        ("fixed", {"fixed": True}, "nothing was varied"),
    ):
        spec = _filled(tmp_path / name, toy, 30, **change)
        found = sweeps.tuning_importance(spec.storage, spec.name)
        assert (found.reason, found.shares) == (reason, {})
