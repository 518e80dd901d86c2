from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ablation.metrics.cases import score_case
from ablation.metrics.empty import (
    distance_penalty,
    has_lesion,
    penalty_of,
    with_penalties,
)
from ablation.metrics.registry import METRICS


@pytest.mark.parametrize("name", ["penalty_diagonal", "penalty_diagonal_aniso"])
def test_penalty_equals_the_reference(name: str, vector) -> None:
    inputs = vector(name)["inputs"]
    expected = vector(name)["expected"]["penalty_mm"]
    assert distance_penalty(inputs["shape"], inputs["spacing_mm"]) == pytest.approx(expected, 1e-12)


MASKS = arrays(bool, (2, 3, 4), elements=st.booleans() | st.just(False))


@given(truth=MASKS, prediction=MASKS, spacing=st.sampled_from([None, (3.0, 1.0, 1.0)]))
def test_every_empty_cell_is_explained_and_no_other_cell_is_empty(
    truth: np.ndarray, prediction: np.ndarray, spacing: tuple[float, ...] | None
) -> None:
    row = score_case(
        "P", "P", "test", "WT", truth, prediction, np.float32(prediction), spacing, "hash"
    )
    empty = {name for name, value in row.items() if value == "" or value != value}
    explained = {name for name, one in METRICS.items() if row["status"] in one.undefined}
    explained |= {"spacing"} if row["distance_unit"] == "px" else set()
    explained |= {"specificity"} if truth.all() else set()
    assert empty == explained


def test_penalty_of_one_slice_is_that_of_the_image() -> None:
    of_image = penalty_of("96x80", "1x2", "mm")
    assert penalty_of("1x96x80", "5x1x2", "mm") == of_image
    assert penalty_of("96x1x80", "1x5x2", "mm") == of_image
    assert penalty_of("96x80x1", "1x2x5", "mm") == of_image
    assert penalty_of("1x1x1", "1x1x3", "mm") == 3


def test_penalty_of_table_cells() -> None:
    assert penalty_of("24x256x256", "6x0.9x0.9", "mm") == pytest.approx(356.2363260533659)
    assert penalty_of("3x4", "", "px") == 5.0
    assert math.isnan(penalty_of("", "", "px"))
    assert math.isnan(penalty_of("3x4", "", "mm"))  # an import that does not state its spacing


@pytest.mark.parametrize(
    ("rule", "truth", "prediction"),
    [("missed", 1, 0), ("false_positive_truth_empty", 0, 1), ("both_empty", 0, 0)],
)
def test_the_rule_equals_the_reference(
    rule: str, truth: int, prediction: int, vector, draw
) -> None:
    inputs, expected = vector("empty_rules")["inputs"], vector("empty_rules")["expected"][rule]
    box = draw(inputs["shape"], [inputs["truth_box"]])
    empty = np.zeros_like(box)
    masks = [box if filled else empty for filled in (truth, prediction)]
    row = score_case("P1", "P1", "test", "WT", *masks, None, inputs["spacing_mm"], "h")
    filled = with_penalties(pd.DataFrame([row]))
    for key, value in expected.items():
        if key == "in_primary_analysis":
            assert bool(has_lesion(filled)[0]) == value
        elif key != "f1":
            ours = filled.loc[0, key]
            assert ours == pytest.approx(math.nan if value is None else value, nan_ok=True), key
    assert bool(has_lesion(filled)[0]) == bool(truth)


def test_the_table_given_is_not_changed_and_scored_rows_stay(draw) -> None:
    truth = draw([8, 8], [[[2, 5], [2, 5]]])
    scored = score_case("P1", "P1", "test", "WT", truth, truth, None, None, "h")
    missed = score_case("P2", "P2", "test", "WT", truth, np.zeros_like(truth), None, None, "h")
    table = pd.DataFrame([scored, missed])
    before = table.copy()
    filled = with_penalties(table)
    pd.testing.assert_frame_equal(table, before)
    assert filled.loc[0, "hd95"] == 0.0
    assert filled.loc[1, "hd95"] == math.hypot(8, 8)
