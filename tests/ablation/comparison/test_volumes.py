"""Slices with voxel counts: a patient's score is that of the volume, in every table or in none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ablation.comparison import Design, compare
from ablation.config.sections import ComparisonConfig
from ablation.report.from_tables import compare as compare_tables

DICE = ComparisonConfig(secondary=())
TRUTH = ([0, 53, 103], [9, 40, 0], [30, 30, 30], [5, 0, 80], [60, 70, 10], [33, 2, 9], [8, 8, 8])
"""Voxels of the truth in three slices of each patient."""


def slices(hits: float, spurious: int, case: str = "P{p}_{z}") -> pd.DataFrame:
    """A row per slice: a share of the truth is found, some voxels elsewhere."""
    rows = []
    for p, truth in enumerate(TRUTH):
        for z, size in enumerate(truth):
            tp, fp = int(hits * size), spurious + p
            fn = size - tp
            both = size + tp + fp
            dice = 2 * tp / both if size else (0.0 if fp else np.nan)
            status = ("scored" if tp + fp else "missed") if size else "false_alarm"
            rows.append(
                {"patient": f"P{p}", "case": case.format(p=p, z=z), "target": "WT", "split": "test"}
                | {"status": status, "dice": dice, "tp": tp, "fp": fp, "fn": fn}
                | {"hd95": 1.0 + z, "shape": "", "spacing": "", "distance_unit": ""}
                | {"truth_hash": ""}
            )
    return pd.DataFrame(rows)


def designs(**kind: str) -> list[Design]:
    return [
        Design("new", (slices(0.9, 2, **kind),)),
        Design("old", (slices(0.7, 1, **kind),)),
    ]


def test_counts_are_summed_over_the_slices_of_a_patient():
    result = compare(designs(), DICE)
    found = dict(zip(result.primary.patients, result.primary.scores["new"], strict=True))
    for p, truth in enumerate(TRUTH):
        tp = sum(int(0.9 * size) for size in truth)
        fp, fn = 3 * (2 + p), sum(truth) - tp
        assert found[f"P{p}"] == pytest.approx(2 * tp / (2 * tp + fp + fn))
    assert result.counted == "7 test patients"
    assert (
        "Overlap scores are those of the volume, from the voxel counts of 21 slices of 7 patients, "
        "slices without truth included."
    ) in result.notes
    assert [(one.missed, one.with_tumour) for one in result.detection] == [(0, 7), (0, 7)]


def test_distances_are_means_over_the_slices_with_truth():
    result = compare(designs(), ComparisonConfig(secondary=("hd95",)))
    hd95 = next(one for one in result.analyses if one.metric.name == "hd95")
    found = dict(zip(hd95.patients, hd95.scores["new"], strict=True))
    for p, truth in enumerate(TRUTH):
        assert found[f"P{p}"] == np.mean([1.0 + z for z, size in enumerate(truth) if size])
    assert any("HD95 cannot be rebuilt from slices" in note for note in result.notes)


def slice_mean(frame: pd.DataFrame) -> dict[str, float]:
    with_truth = frame[frame["tp"] + frame["fn"] > 0]
    return {str(k): float(v) for k, v in with_truth.groupby("patient")["dice"].mean().items()}


@pytest.mark.parametrize("kind", ["one table without counts", "time points", "solid"])
def test_else_a_patient_is_the_mean_over_its_cases(kind):
    made = designs(case="P{p}_timepoint_{z}") if kind == "time points" else designs()
    expected = slice_mean(made[0].cases[0])
    if kind == "one table without counts":
        made[1] = Design("old", (made[1].cases[0].drop(columns=["tp", "fp", "fn"]),))
    if kind == "solid":
        made = [Design(d.name, (d.cases[0].assign(shape="20x30x40"),)) for d in made]
    result = compare(made, DICE)
    found = dict(zip(result.primary.patients, result.primary.scores["new"], strict=True))
    assert found == pytest.approx(expected)
    assert not any("of the volume" in note for note in result.notes)


def test_tables_of_slices_say_what_was_done(tmp_path):
    for name, hits in (("new", 0.9), ("old", 0.7)):
        columns = ["case", "tp", "fp", "fn"]
        slices(hits, 1)[columns].to_csv(tmp_path / f"{name}.csv", index=False)
        slices(hits, 1)[["case", "dice"]].to_csv(tmp_path / f"{name}-dice.csv", index=False)
    said: list[str] = []
    paths = [tmp_path / "new.csv", tmp_path / "old.csv"]
    result = compare_tables(paths, patient_regex=r"(.+)_\d+$", metric="dice", progress=said.append)
    assert any("scores are those of the volume" in note for note in result.notes)
    assert not any("mean over slices" in text for text in said)
    mixed = [tmp_path / "new.csv", tmp_path / "old-dice.csv"]
    result = compare_tables(mixed, patient_regex=r"(.+)_\d+$", metric="dice", progress=said.append)
    assert not any("of the volume" in note for note in result.notes)
    assert any("the mean over slices or scans" in text for text in said)
