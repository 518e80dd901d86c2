"""Rows that sum up others are found by name and by value; patients never are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ablation.errors import DataError
from ablation.scores.plausible import refuse_implausible
from ablation.scores.summary_rows import is_named_summary, summary_rows

STATISTICS = {"mean": np.mean, "median": np.median, "SD": lambda values: np.std(values, ddof=1)}


def scores(seed, rows, decimals=4):
    """Return Dice, IoU and HD95 of made-up patients, some of them missed."""
    random = np.random.default_rng(seed)
    dice = random.beta(8, 2, rows) * (random.random(rows) > 0.1)
    columns = {"dice": dice, "iou": dice / (2 - dice), "hd95": random.lognormal(1.5, 0.8, rows)}
    return {name: values.round(decimals) for name, values in columns.items()}


def ids(rows):
    return [f"P{at:02d}" for at in range(rows)]


@pytest.mark.parametrize(
    "name",
    [
        *(
            "mean",
            "Mean:",
            "MEAN",
            "Average Dice",
            "average_dice",
            "avg",
            "Overall",
            "overall mean",
        ),
        *("mean ± sd", "mean +/- std", "Mean±SD", "Median", "std", "St. Dev.", "SD", "min", "Max"),
        *("count", "25%", "97.5 %", "0.25 quantile", "95% CI", "mean (n=20)", "Mean of all cases"),
        *("Mittelwert", "Durchschnitt", "Moyenne", "standard deviation", "mean WT", "Total", "IQR"),
        *("all", "macro avg", "Mean Dice score", "mean hd95", "75th percentile", "Summary"),
    ],
)
def test_names_of_summaries(name):
    assert is_named_summary(name, ["WT"])


@pytest.mark.parametrize(
    "name",
    [
        *("P001", "MAX_0012", "SD-3", "mean7", "patient 7", "Minna", "P25", "Q1", "sub-std01"),
        *(
            "count_01",
            "25",
            "BraTS-GLI-00001-000",
            "overall01",
            "case",
            "WT",
            "Dice",
            "Averill",
            "",
        ),
    ],
)
def test_names_of_patients(name):
    assert not is_named_summary(name, ["WT"])


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_a_row_that_equals_a_statistic_is_found_whatever_it_is_called(statistic, place):
    at = {"first": 0, "middle": 6, "last": 15}[place]
    columns = {
        name: np.insert(values, at, np.round(STATISTICS[statistic](values), 4))
        for name, values in scores(3, 15).items()
    }
    found = summary_rows(ids(16), columns)
    assert list(found) == [at]
    assert statistic in found[at]


def test_several_statistics_at_the_end():
    columns = {
        name: np.append(values, [np.round(own(values), 4) for own in STATISTICS.values()])
        for name, values in scores(4, 12).items()
    }
    assert list(summary_rows(ids(15), columns)) == [12, 13, 14]


def test_one_score_needs_an_odd_name_or_many_digits():
    dice = scores(5, 20, 3)["dice"]
    with_mean = {"dice": np.append(dice, dice.mean().round(3))}
    assert summary_rows(ids(21), with_mean) == {}
    assert list(summary_rows([*ids(20), "Gesamtheit"], with_mean)) == [20]
    in_full = {"dice": np.append(dice, dice.mean())}
    assert list(summary_rows(ids(21), in_full)) == [20]


def test_missing_values_and_constant_columns():
    columns = {name: np.append(v, v.mean().round(4)) for name, v in scores(6, 14).items()}
    columns["hd95"][14] = np.nan
    columns["precision"] = np.zeros(15)
    columns["bce"] = np.full(15, np.nan)
    assert list(summary_rows(ids(15), columns)) == [14]


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    rows=st.integers(1, 40),
    decimals=st.integers(1, 3),
    columns=st.sampled_from([["dice"], ["dice", "iou"], ["dice", "hd95"], ["hd95"]]),
)
def test_patients_are_kept(seed, rows, decimals, columns):
    own = scores(seed, rows, decimals)
    assert summary_rows(ids(rows), {name: own[name] for name in columns}) == {}


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_few_or_equal_rows_are_kept(rows):
    assert summary_rows(ids(rows), {"dice": np.full(rows, 0.8)}) == {}
    assert summary_rows(ids(rows), {"dice": np.array([0.7, 0.8, 0.9])[:rows]}) == {}


def test_the_message_names_the_line():
    frame = pd.DataFrame(
        {"line": [2, 3, 4], "case": ["P1", "P2", "Average Dice"], "dice": [0.7, 0.9, 0.8]}
    )
    with pytest.raises(DataError) as refused:
        refuse_implausible(frame, "scores.csv")
    assert refused.value.message == (
        "scores.csv: 1 row that sum up other rows\n"
        "  line 4 (Average Dice): looks like a summary row by its name"
    )


def test_each_target_by_itself():
    targets = ["WT"] * 13 + ["TC"] * 13
    columns = {
        name: np.concatenate([np.append(v, v.mean().round(4)), scores(9, 13)[name]])
        for name, v in scores(8, 12).items()
    }
    frame = pd.DataFrame({"line": range(26), "case": ids(13) * 2, "target": targets, **columns})
    with pytest.raises(DataError, match=r"line 12 \(P12, WT\): equals the mean of the other rows"):
        refuse_implausible(frame, "scores.csv")
