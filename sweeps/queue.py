"""The queue of trials in the storage: added, claimed, put back, ended, each step safe to be killed in.

The invariant: complete + pruned + running trials never exceed the budget, and a trial keeps its
number, parameters and reported epochs until it has ended, however often its worker is lost.
A trial is running exactly while a claim names its owner; every change of owner happens in the
lock of the storage. Functions marked (locked) expect the caller to hold it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from sweeps.claim import CLAIM, Claim, claim_attribute, read_claim
from sweeps.owner import Owner
from sweeps.spec import StudySpec
from sweeps.storage import connect, exclusive
from sweeps.study import (
    FACTS,
    FORGOTTEN,
    REASON,
    TrialRow,
    final_name,
    last_epoch,
    trial_row,
)

BEAT = "ablate.beat"
FIXED = "fixed_params"  # Optuna's own name: parameters a waiting trial is to be run with


@dataclass(frozen=True, slots=True)
class Queue:
    """The trials of one study in its storage."""

    url: str
    storage: BaseStorage
    study_id: int
    study_name: str
    retries: int

    def trials(self, *states: TrialState) -> list[FrozenTrial]:
        """Return the trials in these states (all without any), by number; forgotten ones never."""
        lost = self.storage.get_study_user_attrs(self.study_id).get(FORGOTTEN, [])
        found = self.storage.get_all_trials(self.study_id, deepcopy=False, states=states or None)
        return [trial for trial in found if trial.number not in lost]


@dataclass(frozen=True, slots=True)
class Lost:
    """An attempt whose worker is gone; its records are to be closed."""

    study: str
    number: int
    attempt: int
    seed: int | None
    """of a final; None for a trial"""


class Watch:
    """Which beats stand still, by this process's own monotonic clock: no clocks are compared."""

    def __init__(self, grace_s: float) -> None:
        self._grace_s = grace_s
        self._seen: dict[int, tuple[object, float]] = {}

    def stands_still(self, trial: FrozenTrial) -> bool:
        """Return whether the trial's beat has not changed for the grace period."""
        beat = (trial.user_attrs.get(CLAIM), trial.user_attrs.get(BEAT), last_epoch(trial))
        now = time.monotonic()
        if self._seen.get(trial._trial_id, (None, now))[0] != beat:
            self._seen[trial._trial_id] = (beat, now)
        return now - self._seen[trial._trial_id][1] > self._grace_s


def open_queue(spec: StudySpec, *, finals: bool = False) -> Queue:
    """Return the queue of a study's trials, or of its finals."""
    storage = connect(spec.storage)
    name = final_name(spec.name) if finals else spec.name
    study_id = storage.get_study_id_from_name(name)
    return Queue(spec.storage, storage, study_id, name, spec.retries)


def top_up(queue: Queue, budget: int) -> None:
    """Add the next trial when none waits and the budget has room (locked). Failed ones do not count."""
    counted = queue.trials(*(state for state in TrialState if state != TrialState.FAIL))
    if len(counted) < budget and not any(t.state == TrialState.WAITING for t in counted):
        _add(queue, create_trial(state=TrialState.WAITING))


def _add(queue: Queue, trial: FrozenTrial) -> None:
    queue.storage.create_new_trial(queue.study_id, template_trial=trial)


def claim(queue: Queue, owner: Owner, budget: int | None = None) -> FrozenTrial | None:
    """Make the lowest waiting trial the owner's (locked); None when there is nothing to do."""
    taken = queue.trials(TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
    waiting = queue.trials(TrialState.WAITING)
    if not waiting or (budget is not None and len(taken) >= budget):
        return None
    trial, note = waiting[0], read_claim(waiting[0])
    # An owner on a waiting trial was killed in between these lines: that attempt never began.
    attempt = note.attempt + (note.owner is None)
    _write(queue, trial, replace(note, attempt=attempt, owner=owner, epochs=last_epoch(trial)))
    queue.storage.set_trial_state_values(trial._trial_id, TrialState.RUNNING)
    return queue.storage.get_trial(trial._trial_id)


def reap(queue: Queue, owner: Owner, watch: Watch, on_lost: Callable[[Lost], None]) -> None:
    """Put back the running trials that no process works on any more (locked).

    That is: their process is gone, their beat stands still, or they belong to `owner`, who asks
    for work and therefore works on none.
    """
    for trial in queue.trials(TrialState.RUNNING):
        note = read_claim(trial)
        mine = note.owner == owner
        gone = note.owner is None or note.owner.is_gone() or watch.stands_still(trial)
        if mine or gone:
            lost = Lost(queue.study_name, trial.number, note.attempt, final_seed(trial))
            on_lost(lost)
            put_back(queue, trial, lost="" if mine else "lost")


def put_back(queue: Queue, trial: FrozenTrial, *, lost: str = "") -> bool:
    """Let a running trial wait again under its own number (locked); False when it has failed.

    Args:
        queue: Where the trial belongs.
        trial: A running trial.
        lost: Why the attempt counts as a loss; empty when it was interrupted on purpose.
            A trial that is lost more than `retries` times without a new epoch fails with it.
    """
    note = read_claim(trial)
    losses = note.losses
    if lost and note.owner is not None:
        losses = 0 if last_epoch(trial) > note.epochs else losses + 1
    # The owner goes first: a worker that was only slow sees it and drops its late result.
    _write(queue, trial, replace(note, owner=None, losses=losses))
    if losses > queue.retries:
        fail(queue, trial, lost or "lost")
        return False
    queue.storage.set_trial_state_values(trial._trial_id, TrialState.WAITING)
    return True


def release(queue: Queue, trial: FrozenTrial, *, lost: str = "") -> bool:
    """Put the caller's own trial back, if it still is the caller's; False when it has failed."""
    with exclusive(queue.url):
        now = queue.storage.get_trial(trial._trial_id)
        return put_back(queue, now, lost=lost) if _same_claim(now, trial) else True


def fail(queue: Queue, trial: FrozenTrial, reason: str) -> None:
    """End a trial as failed (locked)."""
    queue.storage.set_trial_user_attr(trial._trial_id, REASON, reason)
    queue.storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)


def finish(
    queue: Queue,
    trial: FrozenTrial,
    state: TrialState,
    value: float | None = None,
    *,
    facts: Mapping[str, object] | None = None,
    reason: str = "",
) -> bool:
    """End the caller's trial; False when it was taken over: the late result does not count."""
    with exclusive(queue.url):
        now = queue.storage.get_trial(trial._trial_id)
        if not _same_claim(now, trial):
            return False
        if now.state.is_finished():  # the database said no after it had done it
            return True
        told = {**now.user_attrs.get(FACTS, {}), **(facts or {})}
        queue.storage.set_trial_user_attr(trial._trial_id, FACTS, told)
        if state == TrialState.FAIL:
            fail(queue, trial, reason)
        else:
            values = None if value is None else [value]
            queue.storage.set_trial_state_values(trial._trial_id, state, values)
        return True


def is_mine(queue: Queue, trial: FrozenTrial) -> bool:
    """Return whether the claim under which the caller began the trial still stands."""
    return _same_claim(queue.storage.get_trial(trial._trial_id), trial)


def _same_claim(now: FrozenTrial, begun: FrozenTrial) -> bool:
    return bool(now.user_attrs.get(CLAIM) == begun.user_attrs.get(CLAIM))


def _write(queue: Queue, trial: FrozenTrial, note: Claim) -> None:
    queue.storage.set_trial_user_attr(trial._trial_id, CLAIM, claim_attribute(note))


def final_seed(trial: FrozenTrial) -> int | None:
    """Return the training seed of a final, None for a trial of the search."""
    seed = trial.user_attrs.get(FACTS, {}).get("seed")
    return None if seed is None else int(seed)


def queue_finals(finals: Queue, best: TrialRow, trials: int, seeds: Iterable[int]) -> None:
    """Add a waiting final of the best trial for each seed that has none (locked).

    Waiting finals of an earlier best trial fail as "superseded"; finished ones stay.
    """
    rows = [(trial, trial_row(trial)) for trial in finals.trials()]
    for trial, row in rows:
        if row.state == "waiting" and row.facts["best_number"] != best.number:
            fail(finals, trial, "superseded")
    for seed in seeds:
        same_seed = [row for _, row in rows if row.facts["seed"] == seed]
        if any(r.facts["best_number"] == best.number and r.state != "failed" for r in same_seed):
            continue
        attempt = max((row.attempt for row in same_seed), default=-1)
        note = Claim(attempt=attempt, first_attempt=attempt + 1)
        facts = {"seed": seed, "best_number": best.number, "best_value": best.value}
        _add(
            finals,
            create_trial(
                state=TrialState.WAITING,
                system_attrs={FIXED: dict(best.params)},
                user_attrs={CLAIM: claim_attribute(note), FACTS: {**facts, "trials": trials}},
            ),
        )
