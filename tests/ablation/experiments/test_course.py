"""A training tells what it does, and whether Ctrl-C would stop it in the middle."""

from __future__ import annotations

import pytest

from ablation.experiments.course import Course, StoppedError
from ablation.training.schedule import Epoch, Steps
from sweeps import Phase


def course(told: list[Phase], moments: list[float], *, asked: bool = False) -> Course:
    return Course(told.append, lambda: asked, clock=lambda: moments.pop(0))


def test_the_parts_of_an_epoch_are_measured_and_their_median_is_told() -> None:
    told: list[Phase] = []
    one = course(told, [100.0, 103.0])
    one.step(Steps(1, 2, 4, 0.5, 2.0, can_stop=False))
    assert told[-1] == Phase("training", 1, 0.5, 0.5, train_s=8.0)
    one.validating("validating", 0.0)
    one.validating("validating", 0.5)
    one.epoch(Epoch(1, 0.4, 0.7, 0.5, 1e-3, 13.0))
    assert told[-1] == Phase("training", 2, 0.4, 0.0, train_s=10.0, validate_s=3.0)
    one.step(Steps(2, 1, 4, 0.5, 5.0, can_stop=False))
    assert told[-1].train_s == 15.0  # of 10 s and 20 s


def test_after_a_long_epoch_the_next_one_can_be_stopped_at_once() -> None:
    told: list[Phase] = []
    course(told, []).epoch(Epoch(1, 0.4, 0.7, 0.5, 1e-3, 31.0))
    assert told[-1].can_stop
    course(told, []).epoch(Epoch(1, 0.4, 0.7, 0.5, 1e-3, 29.0))
    assert not told[-1].can_stop


def test_a_long_scoring_is_stopped_and_a_short_one_ends() -> None:
    told: list[Phase] = []
    short = course(told, [0.0, 0.0, 10.0, 20.0], asked=True)
    for share in (0.0, 0.5):
        short.after("scoring test", share)
    short.end()
    assert (told[-1].name, told[-1].after_s) == ("writing the results", 20.0)
    long = course(told, [0.0, 0.0, 16.0], asked=True)
    long.after("scoring test", 0.0)
    with pytest.raises(StoppedError):
        long.after("scoring test", 0.5)
    assert told[-1].can_stop
