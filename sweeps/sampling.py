"""Which parameters a trial gets: a function of study seed, trial number and the finished trials."""

from __future__ import annotations

import hashlib
from typing import Any

import optuna
from optuna.pruners import BasePruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial

from sweeps.queue import FIXED, Queue
from sweeps.space import distribution, only_value
from sweeps.spec import StudySpec

TRIALS_BEFORE_PRUNING = 10


def sampler_for(spec: StudySpec, number: int) -> BaseSampler:
    """Return a sampler for this trial alone, so that a restart draws what would have been drawn.

    A sampler that lives on through a study repeats its first points after a restart.
    Tree-structured Parzen estimator: Watanabe 2023, https://arxiv.org/abs/2304.11127.
    """
    digest = hashlib.sha256(f"{spec.seed}:{number}".encode()).digest()
    seed = int.from_bytes(digest[:4], "big")
    if spec.sampler == "random":
        return RandomSampler(seed=seed)
    return TPESampler(
        n_startup_trials=10,
        n_ei_candidates=24,
        seed=seed,
        multivariate=True,
        group=False,  # every trial of a study has the same parameters
        constant_liar=True,
    )


def pruner_of(spec: StudySpec) -> BasePruner:
    """Return the pruner: none, or the median of the trials before at the same epoch."""
    if spec.pruner == "none":
        return NopPruner()
    return MedianPruner(
        n_startup_trials=TRIALS_BEFORE_PRUNING,
        n_warmup_steps=spec.min_epochs,
        interval_steps=1,
        n_min_trials=1,
    )


def suggest(queue: Queue, trial: FrozenTrial, spec: StudySpec) -> dict[str, Any]:
    """Return the trial's parameters, drawn and stored when it has none yet.

    All are drawn first and noted in one write: a worker killed between the writes of single
    parameters would otherwise draw the missing ones from another state of the generator.
    """
    storage, trial_id = queue.storage, trial._trial_id
    if FIXED not in trial.system_attrs:
        storage.set_trial_system_attr(trial_id, FIXED, _draw(queue, trial, spec))
    noted = storage.get_trial(trial_id)
    for name in sorted(spec.space.keys() - noted.params.keys()):
        values = distribution(spec.space[name])
        value = values.to_internal_repr(noted.system_attrs[FIXED][name])
        storage.set_trial_param(trial_id, name, value, values)
    return dict(storage.get_trial(trial_id).params)


def _draw(queue: Queue, trial: FrozenTrial, spec: StudySpec) -> dict[str, Any]:
    sampler = sampler_for(spec, trial.number)
    study = optuna.load_study(
        study_name=queue.study_name, storage=queue.storage, sampler=sampler, pruner=NopPruner()
    )
    drawn = sampler.sample_relative(study, trial, sampler.infer_relative_search_space(study, trial))
    for name in sorted(spec.space.keys() - drawn.keys()):
        values = distribution(spec.space[name])
        # A dimension of one value has nothing to draw, and TPE divides by its width.
        fixed = only_value(spec.space[name])
        alone = sampler.sample_independent
        drawn[name] = fixed if values.single() else alone(study, trial, name, values)
    return drawn
