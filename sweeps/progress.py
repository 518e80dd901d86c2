"""How far a study is: what a person who waits for it wants to see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from optuna.trial import FrozenTrial, TrialState

from sweeps.claim import read_claim
from sweeps.phase import Phase, phase_of
from sweeps.queue import final_seed, open_queue
from sweeps.storage import reading
from sweeps.study import TrialRow, best_trial, last_epoch, load_spec, trial_row


@dataclass(frozen=True, slots=True)
class Running:
    """A trial or final that is being worked on."""

    number: int
    seed: int | None
    """of a final; None for a trial"""
    epoch: int
    """the last reported one"""
    phase: Phase | None = None
    """what it does now; None: it has not said"""


@dataclass(frozen=True, slots=True)
class Took:
    """A trial or final that has ended, and how long its parts took."""

    is_final: bool
    epochs: int
    train_s: float | None
    """seconds of the steps of an epoch; None: not measured"""
    validate_s: float | None
    """seconds of the validation of an epoch"""
    after_s: float | None
    """seconds from the last epoch to the result"""


@dataclass(frozen=True, slots=True)
class StudyProgress:
    """A study at one moment."""

    name: str
    done: int
    """complete and pruned trials"""
    total: int
    pruned: int
    failed: int
    best_value: float | None
    best_number: int | None
    running: tuple[Running, ...]
    finals_done: int
    """of the present best trial"""
    finals_total: int
    workers: int
    """processes that hold a trial and are not known to be gone"""
    epochs: int
    """reported by all trials and finals so far; more of them is progress"""
    put_back: tuple[Running, ...] = ()
    """trials and finals that were started and wait to go on; `phase` is where they were stopped"""
    took: tuple[Took, ...] = ()
    """complete and pruned trials, and complete finals"""

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left to do."""
        trials_done = self.done >= self.total and not self.running
        return trials_done and (self.finals_done >= self.finals_total or self.best_number is None)


def read_progress(storage: str, name: str) -> StudyProgress:
    """Return how far a study is.

    Raises:
        SweepError: No such study or storage.
    """
    spec = load_spec(storage, name)
    with reading(storage):
        trials = open_queue(spec).trials()
        finals = open_queue(spec, finals=True).trials()
    rows = [trial_row(trial) for trial in trials]
    final_rows = [trial_row(trial) for trial in finals]
    best = best_trial(rows)
    running = [t for t in trials + finals if t.state == TrialState.RUNNING]
    pruned = sum(row.state == "pruned" for row in rows)
    return StudyProgress(
        name=spec.name,
        done=pruned + sum(row.state == "complete" for row in rows),
        total=spec.trials,
        pruned=pruned,
        failed=sum(row.state == "failed" for row in rows),
        best_value=None if best is None else best.value,
        best_number=None if best is None else best.number,
        running=tuple(_begun(trial) for trial in running),
        finals_done=_finals_done(final_rows, best, spec.final_seeds),
        finals_total=len(spec.final_seeds),
        workers=_workers(running),
        epochs=sum(row.epochs for row in rows + final_rows),
        put_back=tuple(
            _begun(trial)
            for trial in trials + finals
            if trial.state == TrialState.WAITING and phase_of(trial) is not None
        ),
        took=tuple(
            _took(trial)
            for trial in trials + finals
            if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
        ),
    )


def _begun(trial: FrozenTrial) -> Running:
    return Running(trial.number, final_seed(trial), last_epoch(trial), phase_of(trial))


def _took(trial: FrozenTrial) -> Took:
    phase = phase_of(trial) or Phase("")
    return Took(
        is_final=final_seed(trial) is not None,
        epochs=last_epoch(trial),
        train_s=phase.train_s,
        validate_s=phase.validate_s,
        after_s=phase.after_s,
    )


def _finals_done(finals: Sequence[TrialRow], best: TrialRow | None, seeds: Sequence[int]) -> int:
    if best is None:
        return 0
    of_best = [row for row in finals if row.facts["best_number"] == best.number]
    return len({row.facts["seed"] for row in of_best if row.state == "complete"} & set(seeds))


def _workers(running: Sequence[FrozenTrial]) -> int:
    owners = {read_claim(trial).owner for trial in running}
    return sum(owner is not None and not owner.is_gone() for owner in owners)
