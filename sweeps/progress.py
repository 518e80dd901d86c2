"""How far a study is: what a person who waits for it wants to see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from optuna.trial import FrozenTrial, TrialState

from sweeps.claim import read_claim
from sweeps.queue import final_seed, open_queue
from sweeps.storage import reading
from sweeps.study import TrialRow, best_trial, load_spec, trial_row


@dataclass(frozen=True, slots=True)
class Running:
    """A trial or final that is being worked on."""

    number: int
    seed: int | None
    """of a final; None for a trial"""
    epoch: int
    """the last reported one"""


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
        running=tuple(Running(t.number, final_seed(t), trial_row(t).epochs) for t in running),
        finals_done=_finals_done(final_rows, best, spec.final_seeds),
        finals_total=len(spec.final_seeds),
        workers=_workers(running),
        epochs=sum(row.epochs for row in rows + final_rows),
    )


def _finals_done(finals: Sequence[TrialRow], best: TrialRow | None, seeds: Sequence[int]) -> int:
    if best is None:
        return 0
    of_best = [row for row in finals if row.facts["best_number"] == best.number]
    return len({row.facts["seed"] for row in of_best if row.state == "complete"} & set(seeds))


def _workers(running: Sequence[FrozenTrial]) -> int:
    owners = {read_claim(trial).owner for trial in running}
    return sum(owner is not None and not owner.is_gone() for owner in owners)
