"""Tables of other tools as rows of ours; what they do not say is not made up."""

import json
import math
from pathlib import Path

import pandas as pd
import pytest

from ablation.errors import DataError, UsageError
from ablation.fairness import FairnessFacts
from ablation.metrics.cases import columns
from ablation.metrics.empty import with_penalties
from ablation.metrics.table import read_cases, write_cases
from ablation.scores.nnunet import read_nnunet
from ablation.scores.tables import one_model, rows_of, table_facts

DCAN = Path(__file__).parents[3] / "../shared/data/peer_results/dcan_nnunet"


def frame(**columns):
    return pd.DataFrame({"patient": ["p"], "case": ["c"], "target": [""], **{k: [v] for k, v in columns.items()}})  # fmt: skip


def only_row(**columns):
    (row,) = rows_of(frame(**columns), "WT")
    return row


def test_a_bare_dice_is_a_whole_row(tmp_path):
    row = only_row(dice=0.5)
    assert list(row) == list(columns())
    given = ("patient", "case", "split", "target", "status", "dice", "distance_unit")
    assert [row[name] for name in given] == ["p", "c", "test", "WT", "scored", 0.5, ""]
    write_cases([row], tmp_path / "per_case.csv")
    read = read_cases(tmp_path / "per_case.csv")
    assert read["dice"].tolist() == [0.5]
    assert read["hd95"].isna().all()


@pytest.mark.parametrize(
    ("counts", "status"),
    [
        ({"truth_voxels": 5.0, "pred_voxels": 3.0}, "scored"),
        ({"truth_voxels": 5.0, "pred_voxels": 0.0}, "missed"),
        ({"truth_voxels": 0.0, "pred_voxels": 3.0}, "false_alarm"),
        ({"tp": 0.0, "fp": 0.0, "fn": 0.0}, "both_empty"),
        ({"tp": 0.0, "fp": 0.0, "fn": 2.0}, "missed"),
        ({"tp": math.nan, "fp": 0.0, "fn": 2.0}, "scored"),
    ],
)
def test_status_is_what_the_counts_say(counts, status):
    assert only_row(dice=0.0, **counts)["status"] == status


def test_no_distance_and_no_overlap_is_a_miss():
    assert only_row(dice=0.0, hd95=math.nan)["status"] == "missed"
    assert only_row(dice=0.0, hd95=20.0)["status"] == "scored"
    assert only_row(dice=0.0)["status"] == "scored"


def test_status_of_the_table_itself_counts():
    assert only_row(dice=0.0, status="missed", truth_voxels=3.0, pred_voxels=1.0)["status"] == "missed"  # fmt: skip


def test_counts_are_whole_and_sizes_follow_from_them():
    row = only_row(dice=0.5, tp=2.0, fp=1.0, fn=3.0)
    assert (row["tp"], row["truth_voxels"], row["pred_voxels"], row["tn"]) == (2, 5, 3, "")


def test_distances_are_in_mm_unless_the_table_says_otherwise():
    assert only_row(dice=0.5, hd95=2.0)["distance_unit"] == "mm"
    assert only_row(dice=0.5, hd95=2.0, distance_unit="px")["distance_unit"] == "px"
    assert only_row(dice=0.5, hd95=math.nan)["distance_unit"] == ""


def test_a_missed_case_has_the_unit_of_its_table():
    """Its penalty is the diagonal of the scan in mm, not in pixels."""
    size = {"shape": "3x4", "spacing": "2x2"}
    both = pd.concat([frame(dice=0.5, hd95=2.0, **size), frame(dice=0.0, hd95=math.nan, **size)])
    scored, missed = rows_of(both.assign(case=["c1", "c2"]), "WT")
    assert (scored["distance_unit"], missed["distance_unit"]) == ("mm", "mm")
    assert with_penalties(pd.DataFrame([scored, missed]))["hd95"].tolist() == [2.0, 10.0]


def test_hd95_needs_a_method():
    path = Path("t.csv")
    assert table_facts(frame(dice=1.0, hd95=math.nan), path, "table", None).stated == {
        "imported": "table"
    }
    stated = table_facts(frame(dice=1.0, hd95=1.0), path, "table", "pooled")
    assert stated == FairnessFacts(imported="table", hd95_method="pooled")
    with pytest.raises(DataError, match="nothing says how its HD95 was made") as caught:
        table_facts(frame(dice=1.0, hd95=1.0), path, "table", None)
    assert "--assume-hd95-method" in caught.value.hint
    with pytest.raises(UsageError, match="poold"):
        table_facts(frame(dice=1.0), path, "table", "poold")


def test_several_models_are_not_one_import():
    with pytest.raises(DataError, match="holds 2 models: a, b"):
        one_model({"a": frame(), "b": frame()}, Path("t.csv"))


def summary_2(tmp_path, *cases):
    content = {
        "foreground_mean": {"Dice": 0.5},
        "mean": {"1": {"Dice": 0.5}},
        "metric_per_case": [
            {
                "metrics": metrics,
                "prediction_file": f"/home/x/out/{name}.nii.gz",
                "reference_file": f"C:\\data\\labelsTs\\{name}.nii.gz",
            }
            for name, metrics in cases
        ],
    }
    path = tmp_path / "summary.json"
    path.write_text(json.dumps(content))
    return path


def scores(tp, fp, fn, dice):
    return {"Dice": dice, "IoU": dice / (2 - dice), "TP": tp, "FP": fp, "FN": fn, "TN": 90,
            "n_pred": tp + fp, "n_ref": tp + fn}  # fmt: skip


def test_summary_of_version_2(tmp_path):
    path = summary_2(
        tmp_path,
        ("P1", {"1": scores(4, 2, 2, 2 / 3), "(1, 2)": scores(0, 0, 5, 0.0)}),
        ("P2", {"1": scores(0, 0, 0, math.nan), "(1, 2)": scores(1, 0, 0, 1.0)}),
    )
    table = read_nnunet(path)
    assert (table.version, table.hd95_method) == (2, None)
    rows = rows_of(table.frame, "")
    assert [(row["case"], row["target"], row["status"]) for row in rows] == [
        ("P1", "1", "scored"),
        ("P1", "1+2", "missed"),
        ("P2", "1", "both_empty"),
        ("P2", "1+2", "scored"),
    ]
    assert rows[0]["dice"] == 2 / 3
    assert math.isnan(rows[2]["dice"])
    assert (rows[0]["tp"], rows[0]["truth_voxels"]) == (4, 6)


def test_labels_name_the_rows_that_are_wanted(tmp_path):
    path = summary_2(tmp_path, ("P1", {"1": scores(4, 2, 2, 2 / 3), "(2, 1)": scores(1, 0, 0, 1.0)}))  # fmt: skip
    rows = rows_of(read_nnunet(path, labels={"WT": (1, 2)}).frame, "")
    assert [(row["target"], row["dice"]) for row in rows] == [("WT", 1.0)]
    with pytest.raises(UsageError, match="ET of --labels is not scored there; scored are: 1; 1,2"):
        read_nnunet(path, labels={"ET": (4,), "WT": (1, 2)})


def test_summary_of_version_1(tmp_path):
    dice = {"Dice": 0.8, "Jaccard": 2 / 3, "Hausdorff Distance 95": 3.0}
    content = {
        "results": {
            "all": [{"0": dice, "1": dice, "reference": "gt/P1.nii.gz", "test": "out/P1.nii.gz"}],
            "mean": {"1": dice},
        }
    }
    path = tmp_path / "summary.json"
    path.write_text(json.dumps(content))
    table = read_nnunet(path)
    assert (table.version, table.hd95_method) == (1, "pooled")
    (row,) = rows_of(table.frame, "")
    assert (row["case"], row["target"], row["dice"], row["hd95"]) == ("P1", "1", 0.8, 3.0)


def test_values_of_a_summary_are_checked_like_any(tmp_path):
    path = summary_2(tmp_path, ("P1", {"1": scores(1, 0, 0, 1.5)}), ("P1", {"1": scores(1, 0, 0, 1.0)}))  # fmt: skip
    with pytest.raises(DataError) as caught:
        read_nnunet(path)
    assert "case 1 (P1, 1): dice '1.5' is outside 0..1" in caught.value.message
    assert "case 2 (P1, 1): the same case as case 1" in caught.value.message


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"metric_per_case": [{}]}', '{"metric_per_case": [{"prediction_file": "a", "metrics": {"1": 0.5}}]}', '{"results": {"all": []}}'])  # fmt: skip
def test_files_that_are_no_summary(tmp_path, text):
    path = tmp_path / "summary.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"summary\.json"):
        read_nnunet(path)


def test_table_of_version_1(tmp_path):
    path = tmp_path / "all.csv"
    path.write_text(
        "age,segment_id,segment_name,Dice,Total Positives Reference,Total Positives Test\n"
        "0,0,background,1,9,9\n0,2,cortex,,0,0\n1,2,cortex,0.5,4,4\n"
    )
    said = []
    rows = rows_of(read_nnunet(path, say=said.append).frame, "")
    assert [(row["case"], row["target"], row["status"]) for row in rows] == [
        ("0", "cortex", "both_empty"),
        ("1", "cortex", "scored"),
    ]
    assert "column age is taken as the case" in said[0].text
    (named, _) = rows_of(read_nnunet(path, labels={"C": (2,)}).frame, "")
    assert named["target"] == "C"
    with pytest.raises(UsageError, match="no column 'ag'"):
        read_nnunet(path, case_column="ag")
    path.write_text("case,dice\nx,1\n")
    with pytest.raises(DataError, match="no column segment_id"):
        read_nnunet(path)


@pytest.mark.skipif(not DCAN.is_dir(), reason="needs the scans of ../shared/data")
@pytest.mark.parametrize(
    ("name", "cases", "targets", "empty"),
    [("task504_all", 4, 27, 8), ("task509_all_by_age", 9, 27, 0), ("task510_all", 9, 27, 0)],
)
def test_published_tables(name, cases, targets, empty):
    table = pd.DataFrame(rows_of(read_nnunet(DCAN / f"{name}.csv").frame, ""))
    assert (table["case"].nunique(), table["target"].nunique()) == (cases, targets)
    assert (table["status"] == "both_empty").sum() == empty
    assert table["dice"].isna().sum() == empty
    assert len(table) == cases * targets
