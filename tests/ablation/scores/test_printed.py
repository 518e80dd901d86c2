"""The printed table: scores that exist, and the means the report has."""

import math

import pandas as pd

from ablation.scores.printed import as_lines, as_values
from ablation.scores.tables import rows_of

ROWS = rows_of(
    pd.DataFrame(
        {
            "patient": ["a", "b"],
            "case": ["a", "b"],
            "target": "",
            "dice": [0.5, 0.0],
            "truth_voxels": [4.0, 4.0],
            "pred_voxels": [4.0, 0.0],
            "hd95": math.nan,
            "shape": "3x4",
            "distance_unit": "px",
        }
    ),
    "WT",
)


def test_a_missed_case_has_no_distance_of_its_own_but_the_worst_in_the_mean() -> None:
    only_missed = [ROWS[1]]
    assert as_lines(only_missed) == [
        "case  target  status    dice    hd95  asd   precision",
        "b     WT      missed    0.0000  -     -     -",
        "mean  WT      1 missed  0.0000  5.00  5.00  0.0000",
    ]


def test_what_does_not_exist_is_not_shown_and_null_in_json() -> None:
    assert as_lines(ROWS)[0].split() == ["case", "target", "status", "dice"]
    values = as_values(ROWS)
    assert [row["hd95"] for row in values["cases"]] == [None, None]
    assert values["means"] == {
        "WT": {"dice": 0.25, "cases": 2.0, "missed": 1.0, "false_alarm": 0.0}
    }
