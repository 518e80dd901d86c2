from __future__ import annotations

import math

import numpy as np
import pytest

from ablation.errors import DataError
from ablation.metrics.cases import columns, score_case, summarise


def score(truth: np.ndarray, prediction: np.ndarray, patient: str = "P1", **changes: object):
    values = {
        "patient": patient,
        "case": patient,
        "split": "test",
        "target": "WT",
        "probability": None,
        "spacing_mm": (3.0, 1.0, 1.0),
        "truth_hash": "abc",
        **changes,
    }
    return score_case(truth=truth, prediction=prediction, **values)


@pytest.fixture
def truth() -> np.ndarray:
    mask = np.zeros((4, 10, 12), bool)
    mask[1:3, 2:6, 3:8] = True
    return mask


def test_a_row_worked_by_hand(truth: np.ndarray) -> None:
    row = score(truth, np.roll(truth, 1, axis=2))
    assert tuple(row) == columns()
    assert (row["tp"], row["fp"], row["fn"], row["tn"]) == (32, 8, 8, 432)
    assert row["truth_voxels"] == row["pred_voxels"] == 40
    assert row["dice"] == 0.8
    assert row["hd"] == row["hd95"] == 1.0
    assert row["nsd"] == 1.0
    assert (row["lesions_truth"], row["lesions_found"], row["lesions_false"]) == (1, 1, 0)
    assert (row["shape"], row["spacing"], row["distance_unit"]) == ("4x10x12", "3x1x1", "mm")
    assert row["status"] == "scored"
    assert math.isnan(row["bce"])


def test_without_spacing_distances_are_in_pixels(truth: np.ndarray) -> None:
    row = score(truth, np.roll(truth, 1, axis=0), spacing_mm=None)
    assert (row["spacing"], row["distance_unit"], row["hd"]) == ("", "px", 1.0)
    assert score(truth, np.roll(truth, 1, axis=0))["hd"] == 3.0


def test_a_slice_is_scored_like_a_volume(truth: np.ndarray) -> None:
    row = score(truth[1], np.roll(truth[1], 1, axis=1), spacing_mm=(0.9375, 0.5))
    assert (row["shape"], row["spacing"], row["hd"]) == ("10x12", "0.9375x0.5", 0.5)


def test_the_file_stores_what_the_formula_defines(truth: np.ndarray) -> None:
    empty = np.zeros_like(truth)
    missed, alarm, nothing = score(truth, empty), score(empty, truth), score(empty, empty)
    assert [row["status"] for row in (missed, alarm, nothing)] == [
        *("missed", "false_alarm", "both_empty")
    ]
    assert missed["dice"] == missed["recall"] == missed["nsd"] == 0.0
    assert math.isnan(missed["precision"])
    assert math.isnan(missed["hd95"])
    assert alarm["dice"] == alarm["precision"] == 0.0
    assert math.isnan(alarm["recall"])
    assert all(math.isnan(nothing[name]) for name in ("dice", "iou", "precision", "recall", "nsd"))
    assert nothing["specificity"] == nothing["accuracy"] == 1.0


def test_bce_comes_from_the_probabilities(truth: np.ndarray) -> None:
    half = np.full(truth.shape, 0.5, np.float32)
    assert score(truth, truth, probability=half)["bce"] == pytest.approx(math.log(2))


def test_values_are_plain_python(truth: np.ndarray) -> None:
    row = score(truth, np.roll(truth, 1, axis=2), probability=np.full(truth.shape, 0.1, np.float32))
    assert {type(value) for value in row.values()} <= {str, int, float}


def test_other_shapes_name_the_case(truth: np.ndarray) -> None:
    with pytest.raises(DataError, match="case P7"):
        score(truth, truth[:, :-1], patient="P7")


def test_the_summary_counts_a_missed_lesion_as_worst(truth: np.ndarray) -> None:
    empty = np.zeros_like(truth)
    rows = [
        score(truth, truth, "P1"),
        score(truth, np.roll(truth, 1, axis=2), "P2"),
        score(truth, empty, "P3"),
        score(empty, truth, "P4"),
        score(truth, truth, "P1", split="validation"),
    ]
    summary = summarise(rows)
    diagonal = math.hypot(12, 10, 12)
    assert summary["test/dice"] == pytest.approx((1 + 0.8 + 0) / 3)
    assert summary["test/precision"] == pytest.approx((1 + 0.8 + 0) / 3)
    assert summary["test/hd95"] == pytest.approx((0 + 1 + diagonal) / 3)
    assert summary["test/hd95_median"] == 1.0
    assert (summary["test/cases"], summary["test/missed"], summary["test/false_alarm"]) == (4, 1, 1)
    assert summary["validation/dice"] == 1.0


def test_each_patient_weighs_one(truth: np.ndarray) -> None:
    rows = [score(truth, truth, "P1", case=f"P1_{n}") for n in range(3)]
    rows.append(score(truth, np.roll(truth, 1, axis=2), "P2"))
    assert summarise(rows)["test/dice"] == pytest.approx(0.9)


def test_a_split_without_lesions_has_no_dice(truth: np.ndarray) -> None:
    empty = np.zeros_like(truth)
    summary = summarise([score(empty, empty)])
    assert "test/dice" not in summary
    assert summary["test/cases"] == 1
    assert summarise([]) == {}


def test_a_mean_never_skips_a_patient(truth: np.ndarray) -> None:
    unstated = {"shape": "", "spacing": ""}  # as imports may be: the missed case has no penalty
    rows = [score(truth, truth), score(truth, np.zeros_like(truth), "P2") | unstated]
    summary = summarise(rows)
    assert summary["test/dice"] == 0.5
    assert "test/hd95" not in summary
    assert "test/hd95_median" not in summary
