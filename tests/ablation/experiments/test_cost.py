"""What the cost screen says of the data: what a split can show, and what folds would."""

from __future__ import annotations

import doctest

import ablation.experiments.cost
from ablation.experiments.cost import what_data_can_show, what_folds_would_show


def test_examples() -> None:
    assert doctest.testmod(ablation.experiments.cost).failed == 0


def test_folds_are_named_with_what_they_would_show() -> None:
    assert what_folds_would_show(3, 2) == [
        "--folds 3 gives 3 pairs (p down to 0.25) at 3x the cost"
    ]
    assert what_folds_would_show(60, 2) == []
    # Three pairs of designs share alpha: a difference has to be larger.
    two, three = (what_folds_would_show(13, designs)[0] for designs in (2, 3))
    assert float(two.split(">= ")[1].split(")")[0]) < float(three.split(">= ")[1].split(")")[0])


def test_enough_patients_have_power() -> None:
    assert "80 % power for differences of d_z >= 0.85" in what_data_can_show(13, 2)
