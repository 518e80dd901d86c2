"""The live line of a sweep names what is going on, and never "0 s left" while work is left."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ablation.cli.progress import Viewer
from ablation.experiments.cost import Cost, Rates
from sweeps import Phase, Running, StudyProgress, Took

COST = Cost(4, 5, 4, 500.0, 0, 1, Rates(20, 8, 2, 30, 60))
BEGIN = StudyProgress("lgg/unet", 0, 3, 0, 0, None, None, (), 0, 1, 0, 0)


def line(now: StudyProgress, **costs: Cost) -> str:
    shown: list[str] = []
    Viewer({"lgg/unet": COST, **costs}, shown.append).show(now)
    return shown[0]


def doing(phase: Phase | None, seed: int | None = None) -> StudyProgress:
    return replace(BEGIN, running=(Running(2, seed, 0, phase),), workers=1)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (BEGIN, "unet: 0/3 trials, starting the worker, about 6 min left"),
        (doing(None), "unet: 0/3 trials, trial 2: starting, workers 1, about 6 min left"),
        (
            doing(Phase("training", 2, 0.41234, 0.5)),
            "unet: 0/3 trials, trial 2: training, epoch 2/5, loss 0.412, workers 1, about 6 min left",
        ),
        (
            doing(Phase("validating", 2, 0.41234, 0.5)),
            (
                "unet: 0/3 trials, trial 2: validating, epoch 2/5, loss 0.412, workers 1, "
                "about 6 min left"
            ),
        ),
        (
            doing(Phase("searching the operating point", 5, is_training=False)),
            "unet: 0/3 trials, trial 2: searching the operating point, workers 1, about 5 min left",
        ),
        (
            replace(
                doing(Phase("scoring test", 5, share=0.5, is_training=False), seed=101),
                done=3,
                pruned=1,
                failed=2,
                best_value=0.81249,
                best_number=1,
                took=(Took(False, 5, 1.0, 1.0, 1.0),),
            ),
            (
                "unet: 3/3 trials, best validation Dice 0.812, final run, seed 101: scoring test, "
                "final runs 0/1, 1 pruned, 2 failed, workers 1, about 30 s left"
            ),
        ),
    ],
)
def test_the_line_names_the_phase_and_counts_it(now: StudyProgress, said: str) -> None:
    assert line(now) == said


def test_the_designs_after_it_count_too() -> None:
    assert line(BEGIN, other=COST).endswith("about 6 min left, 14 min with the study after it")


def test_a_finished_study_has_no_time_left() -> None:
    over = replace(BEGIN, done=3, finals_done=1, best_value=0.8, best_number=1)
    assert line(over) == "unet: 3/3 trials, best validation Dice 0.800, final runs 1/1"
