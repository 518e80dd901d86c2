"""Which parameters mattered in a study's tuning, by two methods that ask different questions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

import optuna
from optuna.importance import (
    BaseImportanceEvaluator,
    FanovaImportanceEvaluator,
    PedAnovaImportanceEvaluator,
)
from optuna.trial import TrialState

from sweeps.study import load_spec, load_study

FEWEST_TRIALS = 20
"""Below, the best tenth is a single trial."""


@dataclass(frozen=True, slots=True)
class Importance:
    """Shares of the parameters in what tuning found; they say nothing about patients."""

    trials: int
    """Complete trials they rest on."""
    shares: Mapping[str, Mapping[str, float]]
    """Of each method: parameter -> share, 0 to 1, summing to 1; empty where `reason` says why."""
    reason: str = ""


def tuning_importance(storage: str, name: str) -> Importance:
    """Compute the importance of every parameter of a study; the same trials give the same shares.

    PED-ANOVA (Watanabe et al. 2023) asks what sets the best tenth of the trials apart, fANOVA
    (Hutter et al. 2014) how much of the variance over all trials each parameter explains. fANOVA
    needs scikit-learn, which MLflow brings.
    """
    study = load_study(storage, name)
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(trials) < FEWEST_TRIALS:
        reason = f"{len(trials)} complete trials are too few (at least {FEWEST_TRIALS})"
    elif _are_level(trials):
        reason = "nearly all trials have the same value"
    elif not any(_varies(trials, name) for name in trials[0].params):
        reason = "nothing was varied"
    else:
        return Importance(len(trials), _shares(study, load_spec(storage, name).seed))
    return Importance(len(trials), {}, reason)


def _are_level(trials: list[optuna.trial.FrozenTrial]) -> bool:
    """Tell whether so many trials share the lowest value that the best tenth reaches down to it."""
    values: list[float] = [trial.values[0] for trial in trials]
    above = sum(value > min(values) for value in values)
    return above < max(2, math.ceil(len(values) / 10))


def _varies(trials: list[optuna.trial.FrozenTrial], parameter: str) -> bool:
    return len({trial.params.get(parameter) for trial in trials}) > 1


def _shares(study: optuna.Study, seed: int) -> dict[str, dict[str, float]]:
    methods: dict[str, BaseImportanceEvaluator] = {"PED-ANOVA": PedAnovaImportanceEvaluator()}
    if find_spec("sklearn"):
        methods["fANOVA"] = FanovaImportanceEvaluator(seed=seed)
    return {
        method: {
            name: float(share)
            for name, share in sorted(
                optuna.importance.get_param_importances(study, evaluator=evaluator).items()
            )
        }
        for method, evaluator in methods.items()
    }
