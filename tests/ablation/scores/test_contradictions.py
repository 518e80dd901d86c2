"""Rows that no pair of masks can have are found; rows of real masks never are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from ablation.errors import DataError
from ablation.metrics.cases import score_case
from ablation.metrics.registry import METRICS
from ablation.scores.plausible import implausible, refuse_implausible, tell_doubts

COUNTS = ("tp", "fp", "fn", "tn", "truth_voxels", "pred_voxels")
SCORES = [name for name in METRICS if name != "bce"]
SOUND = {
    "dice": [0.8123, 0.7541, 0.9034],
    "iou": [0.6839, 0.6053, 0.8238],
    "precision": [0.9000, 0.7000, 0.9034],
    "recall": [0.7402, 0.8173, 0.9034],
    "hd95": [4.12, 9.87, 2.24],
    "hd": [12.45, 9.87, 3.61],
    "asd": [1.23, 2.34, 0.51],
    "nsd": [0.8512, 0.6023, 0.9723],
}


def table(**columns):
    rows = len(next(iter(columns.values())))
    return pd.DataFrame(
        {"line": range(2, rows + 2), "case": [f"P{at}" for at in range(rows)], **columns}
    )


def faults(**columns):
    return implausible(table(**columns))


def test_sound_rows_are_kept():
    assert faults(**SOUND) == {}


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("iou", 0.8123, "Dice 0.8123 contradicts IoU 0.8123"),
        ("iou", 0.6841, "Dice 0.8123 contradicts IoU 0.6841"),
        ("precision", 0.5, "Dice 0.8123 contradicts precision 0.5"),
        ("precision", 0.95, "Dice 0.8123 contradicts precision 0.95 with recall 0.7402"),
        ("recall", 0.6, "Dice 0.8123 contradicts recall 0.6"),
        ("hd95", 12.6, "HD95 12.6 exceeds HD 12.45"),
        ("asd", 12.6, "ASSD 12.6 exceeds HD 12.45"),
        ("hd95", 0.0, "NSD 0.8512 contradicts HD95 0"),
        ("dice", 1.2, "Dice 1.2 % contradicts IoU 0.6839"),
    ],
)
def test_one_wrong_value(column, value, told):
    wrong = {**SOUND, column: [value, *SOUND[column][1:]]}
    found = faults(**wrong)
    assert told in found[0]
    assert list(found) == [0] or column == "dice"


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"dice": [0.0], "hd95": [0.0]}, "Dice 0 contradicts HD95 0"),
        ({"dice": [0.0], "asd": [0.0]}, "Dice 0 contradicts ASSD 0"),
        ({"dice": [1.0, 0.812512], "hd95": [4.0, 2.0]}, "Dice 1 contradicts HD95 4"),
        ({"dice": [1.0, 0.812512], "hd": [4.0, 2.0]}, "Dice 1 contradicts HD 4"),
        ({"dice": [1.0, 0.8125], "asd": [1.5, 2.0]}, "Dice 1 contradicts ASSD 1.5"),
        ({"dice": [1.0, 0.812512], "nsd": [0.5, 0.7]}, "Dice 1 contradicts NSD 0.5"),
        ({"nsd": [0.8], "hd95": [0.0]}, "NSD 0.8 contradicts HD95 0"),
        ({"nsd": [0.99], "hd": [0.0]}, "NSD 0.99 contradicts HD 0"),
        ({"dice": [0.8], "truth_voxels": [0.0]}, "Dice 0.8 beside an empty truth"),
        ({"dice": [0.8], "pred_voxels": [0.0]}, "Dice 0.8 beside an empty prediction"),
        (
            {"dice": [1.0], "truth_voxels": [0.0], "pred_voxels": [9.0]},
            "Dice 1 beside an empty truth",
        ),
        (
            {"dice": [0.9], "tp": [8.0], "fp": [2.0], "fn": [2.0]},
            "Dice 0.9 contradicts the counts tp 8, fp 2, fn 2",
        ),
        (
            {"recall": [0.9], "tp": [8.0], "truth_voxels": [10.0]},
            "recall 0.9 contradicts the counts tp 8, fn 2",
        ),
        (
            {"iou": [0.5], "tp": [8.0], "truth_voxels": [10.0], "fn": [3.0]},
            "truth_voxels 10 contradicts tp 8 with fn 3",
        ),
        ({"dice": [0.5], "tp": [12.0], "truth_voxels": [10.0]}, "tp 12 contradicts truth_voxels"),
        (
            {"dice": [0.95], "truth_voxels": [100.0], "pred_voxels": [50.0]},
            "Dice 0.95 contradicts a truth of 100 and a prediction of 50 voxels",
        ),
        (
            {"dice": [0.5], "truth_voxels": [3.0], "pred_voxels": [3.0]},
            "Dice 0.5 contradicts a truth of 3 and a prediction of 3 voxels",
        ),
        (
            {"recall": [0.8], "truth_voxels": [1000.0], "pred_voxels": [500.0]},
            "recall 0.8 contradicts a truth of 1000 and a prediction of 500 voxels",
        ),
        (
            {"iou": [0.25], "recall": [0.5], "truth_voxels": [100.0], "pred_voxels": [100.0]},
            "IoU 0.25 with recall 0.5 contradicts a truth of 100 and a prediction of 100",
        ),
        (
            {"accuracy": [0.99], "recall": [0.5], "specificity": [0.9]},
            "accuracy 0.99 contradicts recall 0.5 with specificity 0.9",
        ),
        ({"dice": [101.0, 80.0]}, "Dice 101 % is outside 0..100 %"),
        ({"dice": [-0.1, 0.8]}, "Dice -0.1 is outside 0..1"),
        (
            {"dice": [0.8], "lesions_truth": [2.0], "lesions_found": [3.0]},
            "lesions_found 3 contradicts lesions_truth 2",
        ),
    ],
)
def test_what_cannot_be_together(columns, told):
    assert told in faults(**columns)[0]


@pytest.mark.parametrize(
    "columns",
    [
        {"dice": [0.0], "precision": [0.0], "recall": [0.0], "iou": [0.0]},
        {"dice": [0.0], "precision": [1.0], "recall": [0.0]},  # a convention for 0 / 0
        {"dice": [1.0], "truth_voxels": [0.0], "pred_voxels": [0.0], "iou": [1.0]},
        {"dice": [0.0], "truth_voxels": [0.0], "pred_voxels": [20.0], "precision": [0.0]},
        {"dice": [0.0], "truth_voxels": [20.0], "pred_voxels": [0.0], "precision": [1.0]},
        {"dice": [1.0], "iou": [1.0], "hd95": [0.0], "nsd": [1.0]},
        # one stray voxel among thousands
        {"dice": [1.0, 0.9123], "hd95": [0.0, 1.0], "hd": [31.2, 9.1], "asd": [0.01, 0.2]},
        {"nsd": [0.97], "hd95": [0.0]},
        # two decimals leave 5 voxels of 1,000 to differ
        {"dice": [1.0, 0.91], "hd95": [1.0, 2.0]},
        {"dice": [81.23, 75.41], "iou": [68.39, 60.53]},
        {"Dice_Score": [81.23, 75.41], "Jaccard": [0.6839, 0.6053]},
    ],
)
def test_what_can_be_together(columns):
    assert faults(**columns) == {}


def test_per_cent_is_understood_under_the_name_of_another_tool():
    found = faults(DSC=[81.23, 75.41], Jaccard=[0.6839, 0.9])
    assert found == {1: "Dice 75.41 % contradicts IoU 0.9"}


def test_the_message_names_a_few_rows_by_line_and_counts_the_others():
    frame = table(dice=[0.95] * 9 + [0.5], iou=[0.95] * 9 + [0.3333]).assign(model="net")
    with pytest.raises(DataError) as refused:
        refuse_implausible(frame, "scores.csv")
    first, *rows, last = refused.value.message.splitlines()
    assert first == "scores.csv: 9 rows that no pair of masks can have"
    assert rows[0] == "  line 2 (net, P0): Dice 0.95 contradicts IoU 0.95"
    assert len(rows) == 5
    assert last == "  and 4 more"


def test_designs_may_be_printed_with_other_digits():
    frame = pd.concat(
        [
            table(dice=[0.8123, 0.7541], iou=[0.6839, 0.6053]).assign(model="a"),
            table(dice=[0.8, 0.81], iou=[0.67, 0.68]).assign(model="b"),
        ],
        ignore_index=True,
    )
    assert implausible(frame) == {}


def blob(random, shape):
    """Return a ball, noise, or nothing."""
    kind = random.integers(6)
    if kind == 0:
        return random.random(shape) < random.random()
    if kind == 1:
        return np.zeros(shape, bool)
    centre = [random.uniform(0, length) for length in shape]
    radius = random.uniform(0.5, max(shape) / 2)
    squares = [(at - middle) ** 2 for at, middle in zip(np.indices(shape), centre, strict=True)]
    return np.sum(squares, axis=0) < radius**2


def scored(random):
    """Return the row of a random truth and a prediction that is close to it or not."""
    axes = int(random.integers(2, 4))
    shape = tuple(int(n) for n in random.integers(3, 60 if axes == 2 else 16, axes))
    truth = blob(random, shape)
    kind = random.integers(5)
    if kind == 0:
        prediction = blob(random, shape)
    elif kind == 1:
        prediction = truth.copy()
        prediction[tuple(int(random.integers(length)) for length in shape)] ^= True
    elif kind == 2:
        prediction = ndimage.binary_dilation(truth)
    elif kind == 3:
        prediction = truth ^ (random.random(shape) < 0.01)
    else:
        prediction = np.roll(truth, 1, axis=0)
    spacing = None if random.random() < 0.3 else tuple(random.uniform(0.3, 5, axes))
    return score_case("P", "P", "test", "WT", truth, prediction, None, spacing, "")


@pytest.fixture(scope="module")
def of_masks():
    random = np.random.default_rng(7)
    return pd.DataFrame([scored(random) for _ in range(400)])


def rounded(frame, columns, decimals, percent=()):
    """Return the columns as a tool prints them."""
    printed = frame[["case", *columns]].assign(line=range(len(frame)))
    for name in columns:
        values = frame[name].astype(float) * (100 if name in percent else 1)
        places = decimals - (2 if name in percent else 0)
        printed[name] = values if name in COUNTS else values.round(places)
    return printed


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.integers(0, 399), min_size=1, max_size=30, unique=True),
    columns=st.lists(st.sampled_from([*SCORES, *COUNTS]), min_size=1, unique=True),
    decimals=st.integers(2, 6),
    percent=st.booleans(),
)
def test_rows_of_masks_are_never_refused(of_masks, rows, columns, decimals, percent):
    ratios = [name for name in columns if name in METRICS and METRICS[name].bounds[1] == 1]
    frame = of_masks.iloc[rows].reset_index(drop=True)
    in_percent = ratios if percent and (frame[ratios].max() > 0.5).all() else ()
    assert implausible(rounded(frame, columns, decimals, in_percent)) == {}


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(st.integers(0, 399), min_size=2, max_size=30, unique=True),
    changed=st.sampled_from(["dice", "iou", "precision", "recall"]),
    by=st.floats(0.01, 0.3),
    decimals=st.integers(3, 6),
    beside=st.sampled_from([("dice", "iou"), ("tp", "fp", "fn"), ("precision", "recall", "dice")]),
)
def test_a_changed_ratio_is_found(of_masks, rows, changed, by, decimals, beside):
    known = of_masks.iloc[rows].query("status == 'scored' and dice > 0.2").reset_index(drop=True)
    columns = list(dict.fromkeys((changed, *beside)))
    # Two columns decide; with precision and recall alone, either may be the other.
    if known.empty or len({"dice", "iou", "tp"} & set(columns)) == 0:
        return
    if len(known) < 5:
        return  # the digits of a column are told by its rows
    if changed in ("precision", "recall") and "tp" not in columns:
        columns = list(dict.fromkeys([*columns, "precision", "recall"]))
    printed = rounded(known, columns, decimals)
    value = printed.loc[0, changed]
    printed.loc[0, changed] = round(value - by if value > 0.5 else value + by, decimals)
    found = implausible(printed)
    assert list(found) == [0]


@pytest.mark.parametrize(
    ("columns", "doubtful"),
    [
        ({"dice": [1.0, 0.8125], "hd95": [4.0, 2.0]}, "Dice 1 beside HD95 4"),
        ({"dice": [1.0, 0.8125], "hd": [4.0, 2.0]}, "Dice 1 beside HD 4"),
        ({"dice": [1.0, 0.81256], "asd": [0.004, 0.2]}, "Dice 1 beside ASSD 0.004"),
        ({"dice": [1.0, 0.8125], "hd95": [0.0, 2.0]}, ""),
        ({"dice": [1.0, 0.81], "hd95": [1.0, 2.0]}, ""),  # two decimals leave voxels to differ
        ({"dice": [1.0, 0.8125], "hd95": [1.0, 2.0], "fp": [1.0, 9.0], "fn": [0.0, 9.0]}, ""),
        ({"dice": [1.0, 0.8125], "asd": [1.5, 2.0]}, ""),  # refused
        ({"dice": [1.0, 0.812512], "hd95": [4.0, 2.0]}, ""),  # refused
    ],
)
def test_a_dice_rounded_to_1_beside_a_distance_is_doubtful(columns, doubtful):
    frame = pd.DataFrame(columns).assign(case=["P1", "P2"], line=[2, 3])
    said: list[str] = []
    tell_doubts(frame, "line", lambda remark: said.append(str(remark)))
    if doubtful:
        (text,) = said
        assert text == (
            f"caution: 1 row(s) with a Dice of 1 beside a distance above 0: line 2 (P1): {doubtful}"
        )
    else:
        assert said == []
