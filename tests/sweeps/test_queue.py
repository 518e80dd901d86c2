from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from optuna.trial import FrozenTrial, TrialState

import sweeps
from sweeps import queue as q
from sweeps.claim import CLAIM, claim_attribute, read_claim
from sweeps.owner import Owner, this_process
from sweeps.queue import Lost, Queue, Watch
from sweeps.study import trial_row

ME = this_process()
GONE = Owner(ME.host, ME.pid, "long ago")
ELSEWHERE = Owner("another machine", 7, "now")
PATIENT = Watch(grace_s=1e9)


@pytest.fixture
def queue(tmp_path: Path, toy: ModuleType) -> Queue:
    spec = toy.spec(tmp_path, trials=3, retries=2)
    sweeps.open_study(spec)
    return q.open_queue(spec)


@pytest.fixture
def finals(queue: Queue) -> Queue:
    return q.open_queue(sweeps.load_spec(queue.url, queue.study_name), finals=True)


def states(queue: Queue) -> list[str]:
    return [trial_row(trial).state for trial in queue.trials()]


def begin(queue: Queue, owner: Owner = ME) -> FrozenTrial:
    q.top_up(queue, 3)
    trial = q.claim(queue, owner, 3)
    assert trial is not None
    return trial


def lose(queue: Queue, watch: Watch = PATIENT, owner: Owner = ME) -> list[Lost]:
    lost: list[Lost] = []
    q.reap(queue, owner, watch, lost.append)
    return lost


def test_budget_is_never_exceeded_and_failed_trials_are_replaced(queue: Queue) -> None:
    for number in range(3):
        assert begin(queue, ELSEWHERE).number == number
    q.top_up(queue, 3)
    assert states(queue) == ["running"] * 3
    assert q.claim(queue, ME, 3) is None
    q.finish(queue, queue.trials()[0], TrialState.COMPLETE, 0.5)
    q.finish(queue, queue.trials()[1], TrialState.FAIL, reason="out of memory")
    assert begin(queue).number == 3
    q.top_up(queue, 3)
    assert states(queue) == ["complete", "failed", "running", "running"]
    assert trial_row(queue.trials()[1]).reason == "out of memory"


def test_a_lower_budget_leaves_waiting_trials_alone(queue: Queue) -> None:
    trial = begin(queue)
    q.finish(queue, trial, TrialState.COMPLETE, 0.5)
    q.top_up(queue, 3)
    assert q.claim(queue, ME, 1) is None
    assert states(queue) == ["complete", "waiting"]


def test_a_lost_trial_waits_again_under_its_number(queue: Queue) -> None:
    trial = begin(queue, GONE)
    queue.storage.set_trial_intermediate_value(trial._trial_id, 1, 0.5)
    assert lose(queue) == [Lost(queue.study_name, 0, 0, None)]
    assert states(queue) == ["waiting"]
    again = begin(queue)
    assert (again.number, again.intermediate_values) == (0, {1: 0.5})
    assert read_claim(again).attempt == 1
    assert lose(queue, owner=ELSEWHERE) == []  # its owner lives


def test_losses_without_a_new_epoch_fail_the_trial(queue: Queue) -> None:
    for _ in range(2):
        begin(queue, GONE)
        lose(queue)
    trial = begin(queue, GONE)
    queue.storage.set_trial_intermediate_value(trial._trial_id, 1, 0.5)
    lose(queue)  # an epoch was new: the count begins again
    for _ in range(2):
        begin(queue, GONE)
        lose(queue)
        assert states(queue) == ["waiting"]
    begin(queue, GONE)
    lose(queue)
    assert states(queue) == ["failed"]
    assert trial_row(queue.trials()[0]).reason == "lost"


def test_interruptions_are_no_losses(queue: Queue) -> None:
    for attempt in range(6):
        trial = begin(queue)
        assert read_claim(trial).attempt == attempt
        assert q.release(queue, trial)
    assert states(queue) == ["waiting"]


def test_killed_between_owner_and_running_is_the_same_attempt(queue: Queue) -> None:
    q.top_up(queue, 3)
    (waiting,) = queue.trials()
    note = replace(read_claim(waiting), attempt=0, owner=GONE)
    queue.storage.set_trial_user_attr(waiting._trial_id, CLAIM, claim_attribute(note))
    assert read_claim(begin(queue)).attempt == 0


def test_killed_between_clearing_and_waiting_counts_once(queue: Queue) -> None:
    trial = begin(queue, GONE)
    note = replace(read_claim(trial), owner=None, losses=1)
    queue.storage.set_trial_user_attr(trial._trial_id, CLAIM, claim_attribute(note))
    assert lose(queue) == [Lost(queue.study_name, 0, 0, None)]
    assert states(queue) == ["waiting"]
    assert read_claim(queue.trials()[0]).losses == 1


def test_a_beat_that_stands_still_is_a_loss_on_another_machine(queue: Queue) -> None:
    trial = begin(queue, ELSEWHERE)
    impatient = Watch(grace_s=-1.0)
    assert lose(queue, Watch(grace_s=0.0)) == []  # first look: nothing to compare with
    queue.storage.set_trial_user_attr(trial._trial_id, q.BEAT, 1)
    assert lose(queue, impatient) == [Lost(queue.study_name, 0, 0, None)]


def test_watch_compares_beats_by_its_own_clock(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(q.time, "monotonic", lambda: now[0])  # type: ignore[attr-defined]
    trial, watch = begin(queue, ELSEWHERE), Watch(grace_s=10.0)
    assert lose(queue, watch) == []
    now[0] += 9.0
    queue.storage.set_trial_user_attr(trial._trial_id, q.BEAT, 1)
    assert lose(queue, watch) == []
    now[0] += 9.0
    assert lose(queue, watch) == []
    now[0] += 2.0
    assert len(lose(queue, watch)) == 1


def test_a_late_result_does_not_count(queue: Queue) -> None:
    late = begin(queue, ELSEWHERE)
    lose(queue, Watch(grace_s=-1.0))
    taken_over = begin(queue)
    assert not q.finish(queue, late, TrialState.COMPLETE, 0.9, facts={"late": True})
    assert q.release(queue, late)
    assert states(queue) == ["running"]
    assert q.finish(queue, taken_over, TrialState.COMPLETE, 0.5)
    assert not q.finish(queue, late, TrialState.COMPLETE, 0.9)
    assert trial_row(queue.trials()[0]).value == 0.5
    assert trial_row(queue.trials()[0]).facts == {}


def test_telling_twice_is_telling_once(queue: Queue) -> None:
    trial = begin(queue)
    for _ in range(2):
        assert q.finish(queue, trial, TrialState.COMPLETE, 0.5, facts={"epochs": 4})
    assert trial_row(queue.trials()[0]).facts == {"epochs": 4}


def best(queue: Queue, number: int, value: float) -> sweeps.TrialRow:
    row = trial_row(queue.trials()[0])
    return replace(row, number=number, value=value, params={"x": value})


def test_finals_are_queued_once_per_seed_and_best_trial(queue: Queue, finals: Queue) -> None:
    begin(queue)
    first = best(queue, 0, 0.5)
    for _ in range(2):
        q.queue_finals(finals, first, 3, (1, 2))
    assert [q.final_seed(trial) for trial in finals.trials()] == [1, 2]
    done = q.claim(finals, ME)
    assert done is not None
    assert done.system_attrs == {"fixed_params": {"x": 0.5}}
    assert q.finish(finals, done, TrialState.COMPLETE, 0.6, facts={"test": 0.7})
    q.queue_finals(finals, first, 3, (1, 2, 3))
    assert states(finals) == ["complete", "waiting", "waiting"]
    assert trial_row(finals.trials()[0]).facts == {
        "seed": 1,
        "best_number": 0,
        "best_value": 0.5,
        "trials": 3,
        "test": 0.7,
    }

    q.queue_finals(finals, best(queue, 8, 0.9), 12, (1, 2))
    rows = [trial_row(trial) for trial in finals.trials()]
    assert [(r.state, r.reason, r.facts["best_number"]) for r in rows] == [
        ("complete", "", 0),
        ("failed", "superseded", 0),
        ("failed", "superseded", 0),
        ("waiting", "", 8),
        ("waiting", "", 8),
    ]


def test_a_seed_run_again_has_new_attempt_numbers(queue: Queue, finals: Queue) -> None:
    begin(queue)
    q.queue_finals(finals, best(queue, 0, 0.5), 3, (1,))
    for _ in range(2):  # the first attempt is lost
        final = q.claim(finals, GONE)
        assert final is not None
        lost = lose(finals)
    assert lost == [Lost(finals.study_name, 0, 1, 1)]
    q.queue_finals(finals, best(queue, 4, 0.9), 9, (1,))
    final = q.claim(finals, ME)
    assert final is not None
    assert final.number == 1
    assert (read_claim(final).first_attempt, read_claim(final).attempt) == (2, 2)


def test_a_failed_final_is_queued_again(queue: Queue, finals: Queue) -> None:
    begin(queue)
    first = best(queue, 0, 0.5)
    q.queue_finals(finals, first, 3, (1,))
    final = q.claim(finals, ME)
    assert final is not None
    q.finish(finals, final, TrialState.FAIL, reason="out of memory")
    q.queue_finals(finals, first, 3, (1,))
    assert states(finals) == ["failed", "waiting"]
