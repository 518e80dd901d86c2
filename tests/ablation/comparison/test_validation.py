"""The validation score is averaged as the test score is, and its gap has the metric's sign."""

from __future__ import annotations

import pandas as pd
import pytest

from ablation.comparison import compare
from ablation.config.sections import ComparisonConfig

DICE = ComparisonConfig(secondary=())


def with_validation(test: pd.DataFrame, validation: pd.DataFrame) -> pd.DataFrame:
    held = validation.assign(split="validation")
    for column in ("patient", "case", "truth_hash"):
        held[column] = "v" + held[column]
    return pd.concat([test, held], ignore_index=True)


def test_means_over_trainings_then_patients(design, table):
    tables = [
        with_validation(table([0.5, 0.7]), table([0.8, 0.6])),
        with_validation(table([0.5, 0.7]), table([0.9, 0.5])),
    ]
    (found,) = compare([design("a", *tables)], DICE).validation
    assert (found.design, found.target, found.metric, found.patients) == ("a", "WT", "dice", 2)
    assert found.mean == pytest.approx((0.85 + 0.55) / 2)
    assert found.gap == pytest.approx(0.6 - 0.7)


def test_the_same_rule_for_missed_and_absent_tumours(design, table):
    validation = table([0.8, 0.0, float("nan")], {1: "missed", 2: "both_empty"})
    tables = with_validation(table([0.5, 0.7]), validation)
    assert compare([design("a", tables)], DICE).validation[0].mean == pytest.approx(0.4)
    brats = ComparisonConfig(secondary=(), empty="brats")
    assert compare([design("a", tables)], brats).validation[0].mean == pytest.approx(0.6)


def test_a_distance_keeps_its_own_direction(design, table):
    tables = with_validation(table([0.5, 0.7]), table([0.8, 0.8]))
    (found,) = compare([design("a", tables)], ComparisonConfig(metric="hd95")).validation
    assert (found.mean, found.gap) == pytest.approx((2.0, 2.0))


def test_designs_without_validation_rows_have_no_entry(design, table):
    designs = [
        design("a", with_validation(table([0.5, 0.7]), table([0.8]))),
        design("b", [0.4, 0.6]),
    ]
    assert [one.design for one in compare(designs, DICE).validation] == ["a"]
