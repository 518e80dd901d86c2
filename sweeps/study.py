"""A study: what is searched, with which budget, and the table of its trials."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import optuna
from optuna.trial import FrozenTrial, TrialState

from sweeps.claim import read_claim
from sweeps.errors import SweepError
from sweeps.space import Space, describe, from_json, to_json
from sweeps.storage import connect, exclusive, initialise_storage, patiently

SPEC = "ablate.spec"
FACTS = "ablate.facts"
REASON = "ablate.reason"

State = Literal["waiting", "running", "complete", "pruned", "failed"]
STATES: dict[TrialState, State] = {
    TrialState.WAITING: "waiting",
    TrialState.RUNNING: "running",
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}


@dataclass(frozen=True, slots=True)
class StudySpec:
    """All a worker on any machine must know to take part in a study; kept in the storage."""

    name: str
    storage: str
    """database URL"""
    space: Space
    definition: Mapping[str, str]
    """everything else that makes two trials comparable: fingerprints, recipe, configuration"""
    trials: int
    """finished trials wanted: complete and pruned, over all workers"""
    sampler: Literal["tpe", "random"] = "tpe"
    seed: int = 0
    pruner: Literal["none", "median"] = "none"
    min_epochs: int = 5
    """epochs before a trial may be pruned"""
    final_seeds: tuple[int, ...] = ()
    """the best setting is run once more with each of these"""
    retries: int = 3
    """losses in a row, without a new epoch between them, after which a trial has failed"""
    max_consecutive_failures: int = 5

    @property
    def fixed(self) -> dict[str, str]:
        """What may not change once the study has begun."""
        search = {"sampler": self.sampler, "seed": str(self.seed), "pruner": self.pruner}
        if self.pruner != "none":
            search["min_epochs"] = str(self.min_epochs)
        space = {f"space.{name}": text for name, text in describe(self.space)}
        return {**self.definition, **search, **space}


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One line of a study's table."""

    number: int
    state: State
    value: float | None
    """what the objective returned; of a pruned trial its last reported value"""
    params: Mapping[str, object]
    attempt: int
    """how often the trial was begun before, 0 for most; -1 before the first time"""
    epochs: int
    """the last reported epoch"""
    reason: str
    """why it failed, else empty"""
    facts: Mapping[str, object]
    """what the objective told with its outcome; of finals also seed, best_number, trials"""
    seconds: float | None
    """of the last attempt, when it has finished"""


def final_name(name: str) -> str:
    """Return the name of the study that holds a study's final runs."""
    return f"{name}:final"


def open_study(spec: StudySpec) -> None:
    """Create the study, or continue it: budget and final seeds may change, nothing else.

    Raises:
        SweepError: Another definition than the stored one, fewer trials than are finished,
            or a study of that name that was not made by ablate.
        OSError: The disk is full.
    """
    initialise_storage(spec.storage)
    patiently(lambda: _create(spec))


def check_study(spec: StudySpec) -> None:
    """Refuse what `open_study` would refuse; create and change nothing.

    Raises:
        SweepError: Another definition than the stored one, fewer trials than are finished,
            or a study of that name that was not made by ablate.
    """
    storage = connect(spec.storage)
    if spec.name in optuna.get_all_study_names(storage):
        _check(spec, optuna.load_study(study_name=spec.name, storage=storage))


def _create(spec: StudySpec) -> None:
    storage = connect(spec.storage)
    with exclusive(spec.storage):
        study = optuna.create_study(
            storage=storage, study_name=spec.name, direction="maximize", load_if_exists=True
        )
        _check(spec, study)
        study.set_user_attr(SPEC, _to_text(spec))
        optuna.create_study(
            storage=storage,
            study_name=final_name(spec.name),
            direction="maximize",
            load_if_exists=True,
        )


def _check(spec: StudySpec, study: optuna.Study) -> None:
    trials = study.get_trials(deepcopy=False)
    if SPEC not in study.user_attrs:
        if trials:
            raise SweepError(
                f"study {spec.name} exists and was not made by ablate", hint="--study NEWNAME"
            )
        return
    stored, asked = _from_text(study.user_attrs[SPEC], spec.storage).fixed, spec.fixed
    differences = [
        f"{key}: {stored.get(key, 'not set')} -> {asked.get(key, 'not set')}"
        for key in sorted(stored.keys() | asked.keys())
        if stored.get(key) != asked.get(key)
    ]
    if differences:
        raise SweepError(
            f"study {spec.name} was begun with other settings ({'; '.join(differences)})",
            hint="--study NEWNAME starts a new study; the old settings continue this one.",
        )
    done = sum(t.state in (TrialState.COMPLETE, TrialState.PRUNED) for t in trials)
    if spec.trials < done:
        raise SweepError(
            f"study {spec.name} has {done} finished trials, --trials {spec.trials} asks for fewer",
            hint=f"--trials {done} or more, or --study NEWNAME.",
        )


def _to_text(spec: StudySpec) -> str:
    # asdict would unpack the dimensions; the URL is the reader's own way to the storage.
    plain = asdict(replace(spec, space={}, storage=""))
    return json.dumps({**plain, "space": to_json(spec.space), "optuna": optuna.__version__})


def _from_text(text: str, storage: str) -> StudySpec:
    stored: dict[str, Any] = json.loads(text)
    stored.pop("optuna")  # written for the reader of the database
    stored["space"] = from_json(stored["space"])
    stored["final_seeds"] = tuple(stored["final_seeds"])
    return StudySpec(**{**stored, "storage": storage})


def load_spec(storage: str, name: str) -> StudySpec:
    """Return a study's stored spec.

    Raises:
        SweepError: No such study; the ones there are named.
    """
    text = load_study(storage, name).user_attrs.get(SPEC)
    if text is None:
        raise _unknown(storage, name)
    return _from_text(text, storage)


def list_studies(storage: str) -> tuple[StudySpec, ...]:
    """Return the specs of all studies of a storage, in the order they were begun."""
    summaries = optuna.get_all_study_summaries(connect(storage), include_best_trial=False)
    texts = (summary.user_attrs.get(SPEC) for summary in summaries)
    return tuple(_from_text(text, storage) for text in texts if text is not None)


def trials_table(storage: str, name: str) -> tuple[TrialRow, ...]:
    """Return the trials of a study by number; of its finals with name=final_name(name)."""
    return tuple(trial_row(trial) for trial in load_study(storage, name).get_trials(deepcopy=False))


def trial_row(trial: FrozenTrial) -> TrialRow:
    """Return a trial of the storage as a line of the table."""
    return TrialRow(
        number=trial.number,
        state=STATES[trial.state],
        value=trial.value if trial.state.is_finished() else None,
        params=dict(sorted(trial.params.items())),
        attempt=read_claim(trial).attempt,
        epochs=last_epoch(trial),
        reason=trial.user_attrs.get(REASON, ""),
        facts=trial.user_attrs.get(FACTS, {}),
        seconds=None if trial.duration is None else trial.duration.total_seconds(),
    )


def last_epoch(trial: FrozenTrial) -> int:
    """Return the last epoch a trial has reported, 0 before the first."""
    return max(trial.intermediate_values, default=0)


def best_trial(trials: Iterable[TrialRow]) -> TrialRow | None:
    """Return the complete trial with the highest value, the earliest of equals."""
    complete = [row for row in trials if row.state == "complete" and row.value is not None]
    return min(complete, key=lambda row: (-(row.value or 0.0), row.number), default=None)


def load_study(storage: str, name: str) -> optuna.Study:
    """Return a study of the storage, to read.

    Raises:
        SweepError: No such study.
    """
    try:
        return optuna.load_study(study_name=name, storage=connect(storage))
    except KeyError:
        raise _unknown(storage, name) from None


def _unknown(storage: str, name: str) -> SweepError:
    known: Sequence[str] = [spec.name for spec in list_studies(storage)]
    return SweepError(f"no study {name}", hint=f"Known: {', '.join(known) or 'none yet'}.")
