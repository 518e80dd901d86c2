"""A study made again from what is on record elsewhere, after its database was lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from optuna.trial import FrozenTrial, TrialState, create_trial

from sweeps.claim import CLAIM, Claim, claim_attribute
from sweeps.queue import FIXED, Queue, open_queue
from sweeps.space import distribution
from sweeps.spec import StudySpec, Upgrade, unchanged
from sweeps.storage import exclusive
from sweeps.study import FACTS, REASON, STATES, State, open_study

WITHOUT_RECORD = "its record is lost"
"""Reason of a trial of which nothing is on record; another one takes its place."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A trial or final as its records show it."""

    number: int
    """of a trial; finals are numbered as they are given"""
    state: State
    """waiting: it started, did not end, and continues"""
    value: float | None = None
    params: Mapping[str, object] = field(default_factory=dict)
    reports: Mapping[int, float] = field(default_factory=dict)
    """epoch -> value"""
    attempt: int = -1
    """of the last folder"""
    reason: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    """of finals with seed, best_number, best_value and trials"""
    started_ms: int = 0
    ended_ms: int | None = None


def rebuild_study(
    spec: StudySpec,
    trials: Sequence[Recorded],
    finals: Sequence[Recorded],
    upgrade: Upgrade = unchanged,
) -> None:
    """Make a study and its finals in a storage that has neither.

    A number without a record becomes a failed trial, so that the trials after it keep theirs.
    What comes next is proposed from the same finished trials as before.

    Raises:
        SweepError: The storage has the study, or cannot be used.
    """
    open_study(spec, upgrade)
    with exclusive(spec.storage):
        queue = open_queue(spec)
        known = {one.number: one for one in trials}
        for number in range(max(known, default=-1) + 1):
            lost = Recorded(number, "failed", reason=WITHOUT_RECORD)
            _add(queue, spec, known.get(number, lost))
        others = open_queue(spec, finals=True)
        for one in finals:
            _add(others, spec, one)


def _add(queue: Queue, spec: StudySpec, one: Recorded) -> None:
    queue.storage.create_new_trial(queue.study_id, template_trial=_frozen(spec, one))


def _frozen(spec: StudySpec, one: Recorded) -> FrozenTrial:
    states = {word: state for state, word in STATES.items()}
    is_known = spec.space.keys() <= one.params.keys()
    params = {name: one.params[name] for name in spec.space} if is_known else {}
    attributes = {CLAIM: claim_attribute(Claim(attempt=one.attempt)), FACTS: dict(one.facts)}
    trial = create_trial(
        state=states[one.state],
        value=one.value if one.state in ("complete", "pruned") else None,
        params=dict(params),
        distributions={name: distribution(spec.space[name]) for name in params},
        intermediate_values=dict(one.reports),
        system_attrs={FIXED: dict(params)} if is_known else {},
        user_attrs=attributes | ({REASON: one.reason} if one.reason else {}),
    )
    if trial.state != TrialState.WAITING:
        trial.datetime_start = _local(one.started_ms)
        trial.datetime_complete = _local(one.ended_ms or one.started_ms)
    return trial


def _local(ms: int) -> datetime:
    """Return a time as Optuna keeps it: of this place, without saying so."""
    return datetime.fromtimestamp(ms / 1000, tz=UTC).astimezone().replace(tzinfo=None)
