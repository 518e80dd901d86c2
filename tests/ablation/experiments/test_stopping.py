"""What Ctrl-C waits for and what is done again, in words that are true of the moment."""

from __future__ import annotations

import doctest
from dataclasses import replace

import pytest

from ablation.experiments import stopping as module
from ablation.experiments.stopping import left_undone, stopping
from sweeps import Phase, Running

from .test_pace import BEGIN


@pytest.mark.parametrize(
    ("phase", "said"),
    [
        (None, "stopping; "),
        (Phase("starting"), "stopping after epoch 1 of trial 4; "),
        (Phase("training", 7, share=0.2), "stopping after epoch 7 of trial 4; "),
        (
            Phase("training", 7, share=0.2, can_stop=True),
            "stopping at the next step; epoch 7 of trial 4 is trained again later; ",
        ),
        (
            Phase("scoring validation", 9, is_training=False),
            "stopping as soon as trial 4 is scored; ",
        ),
        (
            Phase("scoring validation", 9, is_training=False, can_stop=True),
            "stopping at the next patient; trial 4 is scored again later, not trained again; ",
        ),
    ],
)
def test_the_first_ctrl_c_says_what_it_waits_for(phase: Phase | None, said: str) -> None:
    now = replace(BEGIN, running=(Running(4, None, 0, phase),))
    assert stopping(now) == said + "Ctrl-C again stops at once"


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (
            Running(4, None, 6, Phase("training", 7, share=0.4)),
            "trial 4 goes on with epoch 7, which was not finished; kept: 6 finished epochs",
        ),
        (
            Running(4, None, 6, Phase("training", 7)),
            "trial 4 goes on with epoch 7; kept: 6 finished epochs",
        ),
        (
            Running(0, 101, 0, Phase("training", 1, share=0.4)),
            "final run with seed 101 starts again: no epoch was finished",
        ),
        (
            Running(4, None, 9, Phase("scoring test", 9, share=0.4, is_training=False)),
            "trial 4 is trained; only its scoring is done again",
        ),
    ],
)
def test_the_end_says_what_is_done_again(one: Running, said: str) -> None:
    assert left_undone(replace(BEGIN, put_back=(one,)), at_once=False) == [said]


def test_a_killed_worker_promises_no_epoch() -> None:
    now = replace(BEGIN, put_back=(Running(4, None, 6, Phase("training", 7)),))
    assert left_undone(now, at_once=True) == ["trial 4 goes on from its last saved epoch"]
    assert left_undone(BEGIN, at_once=False) == []


def test_examples() -> None:
    assert doctest.testmod(module).failed == 0
