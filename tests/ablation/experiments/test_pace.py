"""The time left counts every phase, and follows what was measured, of an epoch under way too."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ablation.experiments.cost import Cost, Rates
from ablation.experiments.pace import seconds_left
from sweeps import Phase, Running, StudyProgress, Took

RATES = Rates(start_s=20, train_s=8, validate_s=2, after_trial_s=30, after_final_s=60)
COST = Cost(trainings=4, epochs=5, steps=4, seconds=500, disk_bytes=0, parameters=1, rates=RATES)
BEGIN = StudyProgress(
    name="lgg/unet",
    done=0,
    total=3,
    pruned=0,
    failed=0,
    best_value=None,
    best_number=None,
    running=(),
    finals_done=0,
    finals_total=1,
    workers=0,
    epochs=0,
)
WHOLE = 3 * (5 * 10 + 30) + (5 * 10 + 60)


def running(phase: Phase | None, seed: int | None = None, **changes: object) -> StudyProgress:
    begun = (Running(0, seed, 0, phase),)
    return replace(BEGIN, running=begun, workers=1, **changes)  # type: ignore[arg-type]


def test_before_the_first_trial_it_is_the_estimate() -> None:
    assert seconds_left(BEGIN, COST) == 20 + WHOLE
    assert seconds_left(running(None), COST) == WHOLE
    assert seconds_left(running(Phase("starting")), COST) == WHOLE


@pytest.mark.parametrize(
    ("phase", "gone"),
    [
        (Phase("training", 1, share=0.5), 4),
        (Phase("validating", 1, share=0.0), 8),
        (Phase("validating", 1, share=0.5), 9),
        (Phase("training", 3, share=0.25), 22),
        (Phase("training", 6, share=0.0), 50),  # the last epoch has ended
        (Phase("searching the operating point", 5, share=0.0, is_training=False), 50),
        (Phase("scoring validation", 5, share=0.5, is_training=False), 65),
        (Phase("writing the results", 5, share=1.0, is_training=False), 80),
    ],
)
def test_each_phase_takes_its_part_of_the_time(phase: Phase, gone: float) -> None:
    assert seconds_left(running(phase), COST) == pytest.approx(WHOLE - gone)


def test_the_last_scoring_is_not_called_finished() -> None:
    last = Phase("scoring test", 5, share=0.75, is_training=False)
    now = running(last, seed=101, done=3, best_number=1)
    assert seconds_left(now, COST) == pytest.approx(15)
    over = replace(now, running=(), finals_done=1)
    assert over.is_finished
    assert seconds_left(over, COST) == 0


def test_steps_of_the_first_epoch_correct_an_estimate_of_a_busy_minute() -> None:
    busy = replace(COST, rates=replace(RATES, train_s=80))
    first = Phase("training", 1, share=0.5, train_s=8.0)
    assert seconds_left(running(first), busy) == pytest.approx(WHOLE - 4)


def test_what_ended_trials_took_counts_more_than_the_estimate() -> None:
    took = tuple(Took(False, 5, 4.0, 1.0, 10.0) for _ in range(2))
    now = replace(BEGIN, done=2, took=took, workers=1)
    assert seconds_left(now, COST) == pytest.approx(20 + (5 * 5 + 10) + (5 * 5 + 60))
    after_final = replace(now, took=(*took, Took(True, 5, 4.0, 1.0, 200.0)))
    assert seconds_left(after_final, COST) == pytest.approx(20 + (5 * 5 + 10) + (5 * 5 + 200))


def test_trainings_that_stop_early_shorten_the_rest() -> None:
    now = replace(BEGIN, done=2, took=(Took(False, 2, None, None, None),) * 2, workers=1)
    assert seconds_left(now, COST) == pytest.approx(20 + 2 * 2 * 10 + 30 + 60)


def test_the_newest_measurements_decide() -> None:
    slow, quick = Took(False, 5, 80.0, 2.0, 30.0), Took(False, 5, 8.0, 2.0, 30.0)
    now = replace(BEGIN, done=2, took=(slow,) * 9 + (quick,) * 3, workers=1)
    assert seconds_left(now, COST) == seconds_left(replace(BEGIN, done=2, workers=1), COST)
