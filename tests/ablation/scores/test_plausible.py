"""Tables with impossible or summed rows are refused where they are read, by line."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from ablation.cli.app import app
from ablation.errors import DataError
from ablation.scores.bare import read_bare
from ablation.scores.header import Naming
from ablation.scores.nnunet import read_nnunet

SOUND = "P1,0.8123,0.6839\nP2,0.7541,0.6053\nP3,0.9034,0.8238\n"


def table(tmp_path, text, name="scores.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def refusal(path, **naming):
    with pytest.raises(DataError) as caught:
        read_bare(path, Naming(**naming))
    return caught.value.message


def summary(tmp_path, version, dice, iou):
    scores = {"Dice": dice, "Jaccard" if version == 1 else "IoU": iou}
    cases = {
        1: {"results": {"all": [{"1": scores, "reference": "c0.nii.gz"}]}},
        2: {"metric_per_case": [{"metrics": {"1": scores}, "reference_file": "c0.nii.gz"}]},
    }
    return table(tmp_path, json.dumps(cases[version]), "summary.json")


def test_impossible_rows_are_named_by_line(tmp_path):
    message = refusal(table(tmp_path, f"case,dice,iou\n{SOUND}P4,0.9101,0.9101\n"))
    assert "line 5 (P4): Dice 0.9101 contradicts IoU 0.9101" in message


def test_distances_to_an_empty_mask_are_no_contradiction(tmp_path):
    text = "case,dice,hd95\nP1,0.8123,3.1\nP2,0,0\nP3,0,373.13\nP4,0,inf\nP5,0,-1\n"
    frame = read_bare(table(tmp_path, text))[""]
    assert frame["status"].tolist() == ["scored"] + ["missed"] * 4


def test_counts_are_checked_before_ratios_follow_from_them(tmp_path):
    message = refusal(table(tmp_path, "case,dice,tp,fp,fn\nP1,0.9,8,2,2\n"))
    assert "line 2 (P1): Dice 0.9 contradicts the counts tp 8, fp 2, fn 2" in message


def test_a_dice_beside_an_empty_truth(tmp_path):
    message = refusal(table(tmp_path, "case,dice,truth_voxels\nP1,0.9,0\nP2,0.8,12\n"))
    assert "line 2 (P1): Dice 0.9 beside an empty truth" in message


def test_a_summary_row_is_named_whatever_its_cells_hold(tmp_path):
    text = f"case,dice,iou\n{SOUND}Average Dice,0.82 ± 0.07,\n"
    message = refusal(table(tmp_path, text))
    assert message.endswith("line 5 (Average Dice): looks like a summary row by its name")
    message = refusal(table(tmp_path, text), patient_regex=r"(P\d+)")
    assert "that sum up other rows" in message


def test_a_line_of_a_wide_table_is_named_once(tmp_path):
    text = "case,dice_WT,dice_TC\nP1,0.81,0.72\nP2,0.75,0.61\nOverall,0.78,0.67\n"
    message = refusal(table(tmp_path, text), wide="targets")
    assert "1 row that sum up other rows" in message
    assert message.count("line 4") == 1


def test_a_summary_of_version_1_is_kept_and_warned_about(tmp_path):
    said = []
    frame = read_nnunet(summary(tmp_path, 1, 0.81, 0.7), say=said.append).frame
    assert frame["dice"].tolist() == [0.81]
    (warning,) = [str(remark) for remark in said if remark.level == "warning"]
    assert "case 1 (c0, 1): Dice 0.81 contradicts IoU 0.7" in warning
    with pytest.raises(DataError, match=r"Dice 0\.81 contradicts IoU 0\.7"):
        read_nnunet(summary(tmp_path, 2, 0.81, 0.7))


def test_compare_and_import_refuse_alike(tmp_path):
    wrong = table(tmp_path, f"case,dice,iou\n{SOUND}P4,0.9101,0.9101\n", "wrong.csv")
    sound = table(tmp_path, f"case,dice,iou\n{SOUND}P4,0.8888,0.7999\n", "sound.csv")
    runner, workspace = CliRunner(), str(tmp_path / "runs")
    out = str(tmp_path / "out")
    compared = runner.invoke(app, ["compare", str(wrong), str(sound), "--out", out])
    imported = runner.invoke(
        app, ["import", "per-case", str(wrong), "--name", "a", "--workspace", workspace]
    )
    for result in (compared, imported):
        assert result.exit_code == 1
        assert "line 5 (P4): Dice 0.9101 contradicts IoU 0.9101" in str(result.exception)
