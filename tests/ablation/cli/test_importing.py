"""Results of other tools: brought in by a command, compared by the report, wrong words refused."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from ablation.cli.app import app
from ablation.errors import AblateError, DataError, UsageError
from ablation.metrics.table import read_cases, write_cases
from ablation.scores.tables import rows_of
from tracking import names
from tracking.publisher import Synced
from tracking.record import RunFolder, RunRecord
from tracking.workspace import design_folder


def call(*words: str):
    result = CliRunner().invoke(app, list(words))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty working folder, and nothing is published."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr("tracking.publisher.sync", lambda *_, **__: Synced())
    return tmp_path


@pytest.fixture
def masks(folder):
    """Two cases of 4 x 4 x 4 voxels; the second prediction misses half of the truth."""
    for name in ("masks", "truths"):
        (folder / name).mkdir()
    truth = np.zeros((4, 4, 4), np.uint8)
    truth[1:3, 1:3, 1:3] = 1
    half = truth.copy()
    half[..., 2] = 0
    for case, prediction in (("P1", truth), ("P2", half)):
        for place, values in (("masks", prediction), ("truths", truth)):
            image = nibabel.Nifti1Image(values, np.diag([2.0, 1, 1, 1]))
            nibabel.save(image, folder / place / f"{case}.nii.gz")
    return ("evaluate", "--pred", "masks", "--truth", "truths", "--name", "tool")


def test_masks_become_a_run(masks, folder):
    result = call(*masks, "--out", "new/scores.csv")
    assert result.stdout.splitlines()[1:] == [
        "P1    WT      scored    1.0000  0.00  0.00  1.0000     1.0000",
        "P2    WT      scored    0.6667  1.00  0.33  1.0000     0.5000",
        "mean  WT      0 missed  0.8333  0.50  0.17  1.0000     0.7500",
    ]
    assert "masks of one region, read as WT" in result.stderr
    assert "joins experiment imports" in result.stderr
    assert "next: ablate report --compare all --experiment imports" in result.stderr
    written = folder / "runs/imports/tool/import.0/per_case.csv"
    assert (folder / "new/scores.csv").read_bytes() == written.read_bytes()
    assert read_cases(written)["spacing"].tolist() == ["1x1x2", "1x1x2"]


def test_json_is_all_of_stdout(masks):
    content = json.loads(call(*masks, "--json", "--target", "ET", "--quiet").stdout)
    assert content["run"] == "imports/tool/import.0"
    assert [(row["case"], row["dice"]) for row in content["cases"]] == [("P1", 1.0), ("P2", 2 / 3)]
    assert content["cases"][0]["bce"] is None
    assert content["means"]["ET"]["dice"] == pytest.approx(5 / 6)


def test_again_the_same_and_then_another(masks, folder):
    call(*masks)
    assert "is there already with the same scores" in call(*masks).stderr
    ids = folder / "map.csv"
    ids.write_text("case,prediction,truth\nP1,P1,P2\n")
    assert "supersedes import.0 of tool" in call(*masks, "--ids", "map.csv").stderr


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--pred", "a"], "without a RUN, --truth, --name must be given"),
        ([], "without a RUN, --pred, --truth, --name must be given"),
        (["x/y/0", "--pred", "a"], "--pred score masks, not the run x/y/0"),
        (["x/y/0", "--labels", "WT=1", "--data", "d"], "--labels score masks, not the run"),
        (["--data", "d"], "--data needs a RUN"),
        (["x/y/0", "--experiment", "z"], "--experiment says where scores on other scans go"),
    ],
)
def test_uses_that_do_not_go_together(folder, words, problem):
    with pytest.raises(UsageError, match=problem) as caught:
        call("evaluate", *words)
    assert caught.value.exit_code == 2
    assert "ablate evaluate RUN --data PATH" in caught.value.hint


def test_resampling_is_by_the_nearest_voxel_only(masks):
    with pytest.raises(UsageError, match="--resample 'linear'"):
        call(*masks, "--resample", "linear")


def test_a_folder_is_no_file_for_the_table(masks, folder):
    with pytest.raises(UsageError, match="--out truths is a folder"):
        call(*masks, "--out", "truths")
    assert not (folder / "runs").exists()


def test_a_table_of_another_tool(folder):
    (folder / "scores.csv").write_text("case,dice,hd95,site\nA_1,0.5,2,x\nA_2,0.75,,y\n")
    words = ("import", "per-case", "scores.csv", "--name", "monai")
    with pytest.raises(DataError, match="nothing says how its HD95 was made"):
        call(*words)
    assert not (folder / "runs").exists()
    known = ("--assume-hd95-method", "pooled", "--patient-regex", r"(.)_\d")
    result = call(*words, *known, "--experiment", "lab", "--target", "TC")
    for line in ("columns left out: site", "hd95 is not defined in 1 of 2", "taken as TC"):
        assert line in result.stderr
    table = read_cases(folder / "runs/lab/monai/import.0/per_case.csv")
    assert table["patient"].tolist() == ["A", "A"]
    assert table["target"].tolist() == ["TC", "TC"]


def test_a_summary_of_nnunet(folder):
    case = {"1": {"Dice": 0.5, "TP": 1, "FP": 1, "FN": 1, "TN": 1}}
    content = {"metric_per_case": [{"metrics": case, "prediction_file": "out/P1.nii.gz"}]}
    (folder / "summary.json").write_text(json.dumps(content))
    words = ("import", "nnunet", "summary.json", "--name", "nnunet", "--labels", "WT=1")
    call(*words)
    table = read_cases(folder / "runs/imports/nnunet/import.0/per_case.csv")
    assert table[["case", "target", "dice", "tp"]].values.tolist() == [["P1", "WT", 0.5, 1]]


def trained(workspace: Path, dice: list[float]) -> None:
    """Write a final of a design that was trained here."""
    design = design_folder(workspace, "demo", "unet")
    facts = {"trials": 3, "selected_on": "validation", "hd95_method": "directed_max"}
    tags = {f"{names.LEDGER}{key}": json.dumps(value) for key, value in facts.items()}
    record = RunRecord(
        *("final", "demo", "unet", "final-101.0", "demo/unet"),
        params={"comparison.metric": "dice", "comparison.reference": "none"},
        tags={names.SEED: "101", names.SETTING: "x", **tags},
    )
    run = RunFolder.create(design, record)
    patients = [f"p{i}" for i in range(len(dice))]
    frame = pd.DataFrame({"patient": patients, "case": patients, "target": "", "dice": dice})
    write_cases(rows_of(frame, "WT"), run.path / names.PER_CASE)
    run.finish("FINISHED")


def test_the_report_compares_imports_with_finals_on_the_cases_both_have(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    trained(tmp_path / "runs", [0.5, 0.6, 0.7])
    (tmp_path / "tool.csv").write_text("case,dice\np1,0.7\np2,0.75\nelsewhere,0.1\n")
    call("import", "per-case", "tool.csv", "--name", "aaa")
    result = call("report", "--compare", "all", "--json")
    content = json.loads(result.stdout)
    assert content["designs"] == ["aaa", "unet"]
    (analysis,) = [one for one in content["analyses"] if one["role"] == "primary"]
    assert analysis["patients"] == ["p1", "p2"]
    notes = " ".join(content["notes"])
    assert "training data not known: aaa" in notes
    assert "lacks elsewhere WT" in notes
    assert "lacks p0 WT" in notes
    ledger = {row["fact"]: row for row in content["ledger"]}
    assert ledger["training_data"]["values"] == ["not stated", "other patients"]
    assert ledger["training_data"]["colour"] == "grey"
    (tmp_path / "tool.csv").write_text("case,dice\nstranger,0.7\n")
    call("import", "per-case", "tool.csv", "--name", "aaa")
    with pytest.raises(AblateError, match=r"in all of these tables: aaa .*has stranger"):
        call("report", "--compare", "all")


@pytest.mark.parametrize("form", ["{}_seg.nii.gz", "P00{}", "{}\u200b"])
def test_cases_that_an_import_writes_in_another_way(tmp_path, monkeypatch, form):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    trained(tmp_path / "runs", [0.5, 0.6, 0.7])
    names = (form.format(number if form[0] == "P" else f"p{number}") for number in range(3))
    rows = "".join(f"{name},0.7\n" for name in names)
    (tmp_path / "tool.csv").write_text(f"case,dice\n{rows}", encoding="utf-8")
    call("import", "per-case", "tool.csv", "--name", "aaa")
    content = json.loads(call("report", "--compare", "all", "--json").stdout)
    assert content["analyses"][0]["patients"] == ["p0", "p1", "p2"]


FORMS = {
    "truth_voxels": ["E1,1,3,0", "E2,0,,0", "P1,0.5,4,90", "P2,0.7,2,80"],
    "n_pred": ["P1,0.5,4,90", "P2,0.7,2,80", "P3,0,inf,0"],
    "shape,spacing,distance_unit": ["P1,0.5,4,9x9,1x1,mm", "P2,0,-1,9x9,1x1,mm"],
    "tp,fp,fn": ["P1,0.8,4,8,2,2", "P2,0,0,0,0,5", "P3,1,0,9,0,0"],
}


@pytest.mark.parametrize("columns", FORMS)
def test_import_and_compare_agree_on_the_same_file(tmp_path, monkeypatch, columns):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for name in ("a", "b"):
        rows = "".join(f"{row}\n" for row in FORMS[columns])
        (tmp_path / f"{name}.csv").write_text(f"case,dice,hd95,{columns}\n{rows}")
        call("import", "per-case", f"{name}.csv", "--name", name, "--assume-hd95-method", "pooled")
    imported = json.loads(
        call("report", "--compare", "all", "--metric", "dice,hd95", "--json").stdout
    )
    words = ("compare", "a.csv", "b.csv", "--metric", "dice,hd95", "--assume-hd95-method", "pooled")
    compared = json.loads(call(*words, "--json").stdout)
    assert len(compared["analyses"]) == 2
    for one, other in zip(imported["analyses"], compared["analyses"], strict=True):
        assert (one["patients"], one["scores"]) == (other["patients"], other["scores"])
    assert imported["detection"] == compared["detection"]


def test_a_target_that_only_an_import_has_is_left_out_and_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    trained(tmp_path / "runs", [0.5, 0.6, 0.7])
    rows = "".join(f"p{i},{target},0.7\n" for i in range(3) for target in ("WT", "TC"))
    (tmp_path / "tool.csv").write_text("case,target,dice\n" + rows)
    call("import", "per-case", "tool.csv", "--name", "tool")
    content = json.loads(call("report", "--json").stdout)
    assert {one["target"] for one in content["analyses"]} == {"WT"}
    assert {one["target"] for one in content["checks"]} == {"WT"}
    ledger = {row["fact"]: row["values"] for row in content["ledger"]}
    assert ledger["targets_left_out"] == ["TC", "none"]
    assert not any("lacks" in note for note in content["notes"])


def test_imports_alone_make_a_report(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for name, dice in (("a", 0.5), ("b", 0.7)):
        (tmp_path / "t.csv").write_text("".join(["case,dice\n", *(f"p{i},{dice + i / 50}\n" for i in range(6))]))  # fmt: skip
        call("import", "per-case", "t.csv", "--name", name)
    assert call("report").stdout.startswith("experiment imports: a, b on 6 test patients")


def test_one_import_alone_says_how_to_bring_in_another(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "t.csv").write_text("case,dice\na,0.5\nb,0.7\n")
    call("import", "per-case", "t.csv", "--name", "a")
    assert "Next: ablate evaluate --pred PRED --truth TRUTH --name NAME" in call("report").stdout
