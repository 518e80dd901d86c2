"""A worker: one process that claims trials, runs the objective on them, and tells the outcome."""

from __future__ import annotations

import _thread
import contextlib
import functools
import logging
import math
import signal
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Literal

import optuna
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.pruners import BasePruner, NopPruner
from optuna.trial import FrozenTrial, TrialState

from sweeps.assignment import (
    Assignment,
    Complete,
    Failed,
    Interrupted,
    Objective,
    Outcome,
    Pruned,
)
from sweeps.beat import Beat
from sweeps.claim import read_claim
from sweeps.owner import Owner, this_process
from sweeps.phase import Phase
from sweeps.queue import (
    Lost,
    Queue,
    Watch,
    claim,
    final_seed,
    finish,
    is_mine,
    open_queue,
    queue_finals,
    reap,
    release,
    top_up,
)
from sweeps.sampling import pruner_of, suggest
from sweeps.spec import StudySpec
from sweeps.storage import exclusive, patiently
from sweeps.study import FACTS, best_trial, load_spec, trial_row

log = logging.getLogger(__name__)

INTERRUPTED_CODE = 130
HOPELESS_CODE = 3  # 1 and 2 are what Python and a command line return when they break
EXIT_CODES = {"done": 0, "interrupted": INTERRUPTED_CODE, "hopeless": HOPELESS_CODE}


@dataclass(frozen=True, slots=True)
class WorkerEnd:
    """Why a worker has ended."""

    why: Literal["done", "interrupted", "hopeless"]
    reason: str = ""
    """the last failure of a hopeless one"""

    @property
    def exit_code(self) -> int:
        """What the worker's process should return, so that its launcher understands."""
        return EXIT_CODES[self.why]


@dataclass(frozen=True, slots=True)
class _Desk:
    """What a worker needs for every trial."""

    trials: Queue
    finals: Queue
    me: Owner
    watch: Watch
    objective: Objective
    on_lost: Callable[[Lost], None]
    stop: threading.Event
    beat_s: float


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and Ctrl-C set: the worker ends its epoch and puts back its trial."""
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        # Elsewhere: set() takes the lock that the interrupted wait() of this thread may hold.
        _thread.start_new_thread(stop.set, ())

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    return stop


def work(
    storage: str,
    name: str,
    objective: Objective,
    on_lost: Callable[[Lost], None],
    *,
    stop: threading.Event,
    beat_s: float = 5.0,
    grace_s: float = 60.0,
    poll_s: float = 0.5,
) -> WorkerEnd:
    """Run trials of a study until its budget and its finals are done; one worker a process.

    Args:
        storage: Database URL.
        name: A study made by open_study.
        objective: Runs one attempt. What it returns must be on disk already: it may be asked
            again for a trial it has completed, when the worker dies before the storage knows.
        on_lost: Called for each attempt whose worker is gone, before the trial starts again;
            may be called twice.
        stop: Set it to end after the current epoch.
        beat_s: Seconds between signs of life.
        grace_s: A worker without a sign of life for so long loses its trial.
        poll_s: Seconds between looks while others run the last trials.

    Raises:
        SweepError: No such study or storage.
    """
    spec = load_spec(storage, name)
    desk = _Desk(
        trials=open_queue(spec),
        finals=open_queue(spec, finals=True),
        me=this_process(),
        watch=Watch(grace_s),
        objective=objective,
        on_lost=on_lost,
        stop=stop,
        beat_s=beat_s,
    )
    failures = 0
    while not stop.is_set():
        # Read again each time: --trials may be raised meanwhile.
        spec = patiently(functools.partial(load_spec, storage, name))
        found = patiently(functools.partial(_next, desk, spec))
        if found == "done":
            return WorkerEnd("done")
        if found == "wait":
            stop.wait(poll_s)
            continue
        failure = _attempt(desk, spec, *found)
        failures = failures + 1 if failure else 0
        if failures >= spec.max_consecutive_failures:
            return WorkerEnd("hopeless", failure)
    return WorkerEnd("interrupted")


def _next(desk: _Desk, spec: StudySpec) -> tuple[Queue, FrozenTrial] | Literal["wait", "done"]:
    """Claim what is to be done next: a trial, or a final once all trials are finished."""
    with exclusive(spec.storage):
        for each in (desk.trials, desk.finals):
            reap(each, desk.me, desk.watch, desk.on_lost)
        top_up(desk.trials, spec.trials)
        trial = claim(desk.trials, desk.me, spec.trials)
        if trial is not None:
            return desk.trials, trial
        if desk.trials.trials(TrialState.RUNNING):
            return "wait"
        best = best_trial(trial_row(t) for t in desk.trials.trials())
        if best is None:
            return "done"
        queue_finals(desk.finals, best, spec.trials, spec.final_seeds)
        final = claim(desk.finals, desk.me)
        if final is not None:
            return desk.finals, final
        return "wait" if desk.finals.trials(TrialState.RUNNING) else "done"


def _attempt(desk: _Desk, spec: StudySpec, queue: Queue, trial: FrozenTrial) -> str:
    """Run one claimed trial and tell how it ended; the reason when it has failed, else empty."""
    try:
        patiently(lambda: suggest(queue, trial, spec))
        with Beat(queue, trial, desk.beat_s) as beat:
            beat.tell(Phase("starting"))
            outcome = _run(desk, _assignment(desk, spec, queue, trial, beat))
        return patiently(lambda: _tell(queue, trial, outcome))
    except UpdateFinishedTrialError:
        return ""  # somebody took the trial over and has ended it: ours is late
    except BaseException:
        # Also Ctrl-C in a process without our handlers: the trial must not stay running. Where
        # the database is out of reach, the next worker finds the trial without a living owner.
        with contextlib.suppress(StorageInternalError):
            release(queue, trial)
        raise


def _run(desk: _Desk, assignment: Assignment) -> Outcome:
    try:
        return desk.objective(assignment)
    except (UpdateFinishedTrialError, StorageInternalError, OSError):
        raise  # taken over, or the machine: a full disk is not the trial's fault
    except Exception as fault:  # noqa: BLE001 - one broken trial must not end the sweep
        traceback.print_exc()
        return Failed(f"{type(fault).__name__}: {fault}")


def _tell(queue: Queue, trial: FrozenTrial, outcome: Outcome) -> str:
    """Write an outcome into the storage; the reason when the trial has failed, else empty."""
    if isinstance(outcome, Complete) and math.isnan(outcome.value):
        outcome = Failed(f"the objective returned {outcome.value}")
    counted = True
    match outcome:
        case Complete(value, facts):
            counted = finish(queue, trial, TrialState.COMPLETE, float(value), facts=facts)
        case Pruned(facts):
            last = _last_value(queue.storage.get_trial(trial._trial_id))
            counted = finish(queue, trial, TrialState.PRUNED, last, facts=facts)
        case Interrupted():
            release(queue, trial)
        case Failed(reason, retry):
            if not (retry and release(queue, trial, lost=reason)):
                finish(queue, trial, TrialState.FAIL, reason=reason)
                return reason
    if not counted:
        log.warning("trial %s was taken over: its late result is kept, not counted", trial.number)
    return ""


def _last_value(trial: FrozenTrial) -> float | None:
    value = trial.intermediate_values.get(trial.last_step or 0, math.nan)
    return None if math.isnan(value) else value


def _assignment(
    desk: _Desk, spec: StudySpec, queue: Queue, trial: FrozenTrial, beat: Beat
) -> Assignment:
    final = queue is desk.finals
    note = read_claim(trial)

    def interrupted() -> bool:
        return desk.stop.is_set() or beat.lost.is_set()

    pruner = NopPruner() if final else pruner_of(spec)

    def report(epoch: int, value: float) -> bool:
        if not patiently(lambda: is_mine(queue, trial)):
            beat.lost.set()
            return True
        patiently(lambda: _note(queue, trial, epoch, value))
        return interrupted() or patiently(lambda: _prune(queue, trial, pruner, epoch))

    params = queue.storage.get_trial(trial._trial_id).params
    return Assignment(
        kind="final" if final else "trial",
        study=spec.name,
        number=trial.number,
        attempt=note.attempt,
        first_attempt=note.first_attempt,
        params=dict(sorted(params.items())),
        seed=final_seed(trial),
        facts=trial.user_attrs.get(FACTS, {}),
        report=report,
        interrupted=interrupted,
        tell=beat.tell,
    )


def _note(queue: Queue, trial: FrozenTrial, epoch: int, value: float) -> None:
    queue.storage.set_trial_intermediate_value(trial._trial_id, epoch, float(value))


def _prune(queue: Queue, trial: FrozenTrial, pruner: BasePruner, epoch: int) -> bool:
    """Ask the pruner about this epoch, as it would have asked when the epoch was new."""
    if isinstance(pruner, NopPruner):
        return False
    then = queue.storage.get_trial(trial._trial_id)
    then.intermediate_values = {e: v for e, v in then.intermediate_values.items() if e <= epoch}
    study = optuna.load_study(study_name=queue.study_name, storage=queue.storage)
    return pruner.prune(study, then)
