"""A study in its storage: made, checked, continued, and the table of its trials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import optuna
from optuna.exceptions import StorageInternalError
from optuna.trial import FrozenTrial, TrialState

from sweeps.claim import read_claim
from sweeps.errors import SweepError
from sweeps.spec import StoredSpec, StudySpec, Upgrade, differences, from_text, to_text, unchanged
from sweeps.storage import (
    connect,
    damaged,
    exclusive,
    initialise_storage,
    is_absent,
    is_damage,
    patiently,
    reading,
)

SPEC = "ablate.spec"
FACTS = "ablate.facts"
REASON = "ablate.reason"
FORGOTTEN = "ablate.forgotten"
"""Attribute of a study: numbers of its trials whose results were lost; they do not count."""

State = Literal["waiting", "running", "complete", "pruned", "failed"]
STATES: dict[TrialState, State] = {
    TrialState.WAITING: "waiting",
    TrialState.RUNNING: "running",
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One line of a study's table."""

    number: int
    state: State
    value: float | None
    """what the objective returned; of a pruned trial its last reported value"""
    params: Mapping[str, object]
    attempt: int
    """how often the trial was started before, 0 for most; -1 before the first time"""
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


def open_study(spec: StudySpec, upgrade: Upgrade = unchanged) -> None:
    """Create the study, or continue it: budget and final seeds may change, nothing else.

    Args:
        spec: The study as it is asked for.
        upgrade: Brings the definition that an earlier version stored into the form of `spec`'s.

    Raises:
        SweepError: Another definition than the stored one, fewer trials than are finished,
            or a study of that name that was not made by ablate, or by a later version.
        OSError: The disk is full.
    """
    initialise_storage(spec.storage)
    patiently(lambda: _create(spec, upgrade))


def check_study(spec: StudySpec, upgrade: Upgrade = unchanged) -> None:
    """Raise what `open_study` would raise, without making or changing anything.

    Raises:
        SweepError: As `open_study`.
    """
    if is_absent(spec.storage):
        return
    storage = connect(spec.storage)
    names = [study.study_name for study in storage.get_all_studies()]
    if spec.name in names:
        _check(spec, optuna.load_study(study_name=spec.name, storage=storage), upgrade)


def _create(spec: StudySpec, upgrade: Upgrade) -> None:
    storage = connect(spec.storage)
    with exclusive(spec.storage):
        study = optuna.create_study(
            storage=storage, study_name=spec.name, direction="maximize", load_if_exists=True
        )
        stored = _check(spec, study, upgrade)
        study.set_user_attr(SPEC, to_text(spec, {} if stored is None else stored.unknown))
        optuna.create_study(
            storage=storage,
            study_name=final_name(spec.name),
            direction="maximize",
            load_if_exists=True,
        )


def _check(spec: StudySpec, study: optuna.Study, upgrade: Upgrade) -> StoredSpec | None:
    """Return what is stored of a study that can continue as asked, None of a new one; else raise."""
    trials = study.get_trials(deepcopy=False)
    if SPEC not in study.user_attrs:
        if trials:
            raise SweepError(
                f"study {spec.name} exists and was not made by ablate", hint="--study NEWNAME"
            )
        return None
    stored = from_text(study.user_attrs[SPEC], spec.storage, spec.name, upgrade)
    if changed := differences(stored.spec.fixed, spec.fixed):
        raise SweepError(
            f"study {spec.name} was created with other settings ({'; '.join(changed)})",
            hint="--study NEWNAME starts a new study; the old settings continue this one.",
        )
    done = sum(t.state in (TrialState.COMPLETE, TrialState.PRUNED) for t in trials)
    if spec.trials < done:
        raise SweepError(
            f"study {spec.name} has {done} finished trials, --trials {spec.trials} asks for fewer",
            hint=f"--trials {done} or more, or --study NEWNAME.",
        )
    return stored


def load_spec(storage: str, name: str, upgrade: Upgrade = unchanged) -> StudySpec:
    """Return a study's stored spec; `upgrade` as in `open_study`.

    Raises:
        SweepError: No such study, the ones there are named; or a later version wrote it.
    """
    text = load_study(storage, name).user_attrs.get(SPEC)
    if text is None:
        raise _unknown(storage, name)
    return from_text(text, storage, name, upgrade).spec


def find_spec(storage: str, name: str, upgrade: Upgrade = unchanged) -> StudySpec | None:
    """Return a study's stored spec as `load_spec`, None where there is no such study; write nothing.

    Raises:
        SweepError: A later version wrote it, or it is damaged.
    """
    if is_absent(storage):
        return None
    text = _texts(storage).get(name)
    return None if text is None else from_text(text, storage, name, upgrade).spec


def list_studies(storage: str) -> tuple[StudySpec, ...]:
    """Return the specs of all studies of a storage, in the order of their start.

    Raises:
        SweepError: A later version of ablate wrote one of them.
    """
    texts = _texts(storage)
    return tuple(from_text(text, storage, name).spec for name, text in texts.items())


def study_names(storage: str) -> tuple[str, ...]:
    """Return the names of all studies of a storage, in the order of their start.

    Raises:
        SweepError: The storage is damaged.
    """
    return tuple(_texts(storage))


def _texts(storage: str) -> dict[str, str]:
    """Return what is stored of every study made by ablate, by name."""
    with reading(storage):
        summaries = optuna.get_all_study_summaries(connect(storage), include_best_trial=False)
    found = {summary.study_name: summary.user_attrs.get(SPEC) for summary in summaries}
    return {name: text for name, text in found.items() if text is not None}


def trials_table(storage: str, name: str) -> tuple[TrialRow, ...]:
    """Return the trials of a study by number; of its finals with name=final_name(name).

    Raises:
        SweepError: No such study; or a later version wrote it.
    """
    study = load_study(storage, name)
    with reading(storage):
        if SPEC in study.user_attrs:
            from_text(study.user_attrs[SPEC], storage, name, unchanged)  # refuses a later version's
        lost = study.user_attrs.get(FORGOTTEN, [])
        found = study.get_trials(deepcopy=False)
        return tuple(trial_row(trial) for trial in found if trial.number not in lost)


def forget_finals(storage: str, name: str, numbers: Iterable[int]) -> None:
    """Let finals of a study count no more, because their results were lost: they run again.

    Args:
        storage: Database URL.
        name: The study.
        numbers: Of its finals, as in `trials_table(storage, final_name(name))`.
    """
    with exclusive(storage):
        finals = load_study(storage, final_name(name))
        known = set(finals.user_attrs.get(FORGOTTEN, []))
        finals.set_user_attr(FORGOTTEN, sorted(known | set(numbers)))


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
    opened = connect(storage)
    try:
        return optuna.load_study(study_name=name, storage=opened)
    except KeyError:
        raise _unknown(storage, name) from None
    except StorageInternalError as away:
        if is_damage(away):
            raise damaged(storage, away.__cause__ or away) from away
        raise


def _unknown(storage: str, name: str) -> SweepError:
    known = ", ".join(_texts(storage))
    return SweepError(f"no study {name}", hint=f"Known: {known or 'none yet'}.")
