"""`ablate report`: what it fetches, what it makes of tags, where it writes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from ablation.cli.report import report
from ablation.config import Config, with_values
from ablation.config.sections import ComparisonConfig
from ablation.errors import AblateError, UsageError
from ablation.experiments.experiment import params_of
from ablation.inference.overlays import Overlay, overlays_csv
from ablation.metrics.cases import columns
from tracking import names
from tracking.finals import Finals, Incomplete, PulledRun
from tracking.publisher import Synced

app = typer.Typer()
app.command()(report)
FACTS = {
    "trials": 3,
    "epochs_allowed": 12,
    "preset": "cpu-demo",
    "generated": True,
    "selected_on": "validation",
}


def final(
    folder: Path,
    model: str,
    seed: int,
    dice: list[float],
    plan: ComparisonConfig | None = None,
    **facts: object,
) -> PulledRun:
    run_id = f"{model}{seed}"
    (folder / run_id).mkdir()
    rows = pd.DataFrame({name: ["" for _ in dice] for name in columns()})
    patients = [f"p{i}" for i in range(len(dice))]
    found = np.round(100 * np.array(dice)).astype(int)  # of 100 voxels of truth and of prediction
    rows = rows.assign(
        patient=patients, case=patients, split="test", target="WT", status="scored", dice=dice, hd95=3.0,
        tp=found, fp=100 - found, fn=100 - found, tn=56 + found, truth_voxels=100, pred_voxels=100, lesions_truth=1, lesions_found=1,
        lesions_false=0, shape="4x8x8", spacing="3x1x1", distance_unit="mm", truth_hash="h",
    )  # fmt: skip
    rows.to_csv(folder / run_id / names.PER_CASE, index=False)
    tags = {f"{names.LEDGER}{key}": json.dumps(value) for key, value in (FACTS | facts).items()}
    planned = {f"comparison.{key}": value for key, value in plan or ComparisonConfig()}
    params = params_of(with_values(Config(), planned))
    return PulledRun(
        run_id, f"final-{seed}", {names.MODEL: model, **tags}, params, {}, folder / run_id
    )


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A stand-in for the MLflow server: hands out the finals it was given."""
    folder = tmp_path / "finals"
    folder.mkdir()
    runs: list[PulledRun] = []
    more: dict[str, object] = {}

    def pull(uri, experiment, into, own):
        found = Finals(experiment or "demo" if runs else "", tuple(runs), ("final-0",), ("old",))
        return replace(found, **more)

    monkeypatch.setattr("tracking.mlflow.client.pull_finals", pull)
    monkeypatch.setattr("tracking.publisher.sync", lambda *_, **__: Synced())
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()

    def add(*args, **facts):
        runs.append(final(folder, *args, **facts))

    add.more = more
    return add


def call(*arguments: str):
    result = CliRunner().invoke(app, list(arguments))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_two_designs(server, tmp_path):
    server("unet", 1, [0.5, 0.6])
    server("resupnet", 2, [0.7, 0.8], seconds=10.0)
    server("resupnet", 1, [0.6, 0.7], seconds=20.0)
    result = call()
    assert result.exit_code == 0
    assert result.stdout.startswith(
        "experiment demo: resupnet, unet on 2 test patients (generated data, demo settings)"
    )
    assert "No rank or sign-flip test can fall below p = 0.5" in result.stdout
    assert "written: report/index.html" in result.stderr
    content = json.loads((tmp_path / "report/comparison.json").read_text())
    assert content["trainings"] == [2, 1]
    assert np.allclose(content["analyses"][0]["scores"]["resupnet"], [0.65, 0.75])
    ledger = {row["fact"]: row["values"] for row in content["ledger"]}
    assert ledger["seconds"] == ["15", "not stated"]
    assert ledger["seeds"] == ["2", "1"]
    assert content["source"]["runs"][0] == ["resupnet", "resupnet1"]


def test_missing_final_runs_are_said_as_serious(server, tmp_path):
    server("unet", 1, [0.5, 0.6])
    server("resupnet", 1, [0.7, 0.8])
    server.more["incomplete"] = (Incomplete("demo/unet", 1, 2),)
    server.more["other_patients"] = ("unet final-9.0",)
    said = " ".join(call().stdout.split())
    assert "Serious Final runs are missing: demo/unet: 1 of 2 final runs." in said
    assert "Left out, scored on other patients or another split: unet final-9.0." in said


def test_pictures_are_fetched_by_name_and_shown(server, tmp_path, monkeypatch):
    server("unet", 1, [0.5, 0.6])
    folder = tmp_path / "finals/unet1"
    (folder / names.FIGURES).mkdir()
    made = [Overlay(f"p{n}", "tumour", 3, 10, 8, 0.5, b"picture") for n in range(2)]
    (folder / names.OVERLAYS).write_text(overlays_csv(made))
    asked = []

    def pull_files(uri, run_id, files, into):
        asked.extend(files)
        (folder / files[0]).write_bytes(b"picture")
        return (folder / files[0],)

    monkeypatch.setattr("tracking.mlflow.client.pull_files", pull_files)
    assert call("--quiet").exit_code == 0
    assert asked == ["figures/tumour-p0.png", "figures/tumour-p1.png"]
    page = (tmp_path / "report/index.html").read_text()
    assert page.count('src="data:image/png;base64,cGljdHVyZQ=="') == 2
    assert "No trials on record: unet." in page
    assert "on record" not in call("--quiet").stdout


def test_json_is_all_of_stdout(server):
    server("unet", 1, [0.5, 0.6])
    server("resupnet", 1, [0.7, 0.8])
    assert json.loads(call("--json", "--quiet").stdout)["designs"] == ["resupnet", "unet"]


def test_one_design_names_what_to_do_next(server, tmp_path):
    server("unet", 1, [0.5, 0.6])
    result = call("--out", "elsewhere")
    assert (
        "Next: ablate sweep --model resupnet --trials 3 --preset cpu-demo --experiment demo"
        in result.stdout
    )
    assert (tmp_path / "elsewhere/index.html").exists()


def test_designs_and_reference_can_be_chosen(server):
    for name in ("a", "b", "c"):
        server(name, 1, [0.5, 0.6])
    content = json.loads(call("--compare", "c,a", "--reference", "a", "--json").stdout)
    assert content["designs"] == ["c", "a"]
    assert content["reference"] == "a"
    with pytest.raises(UsageError, match="no finals of unett"):
        call("--compare", "unett")


def test_another_metric_is_said_to_be_chosen_late(server):
    server("unet", 1, [0.5, 0.6])
    server("resupnet", 1, [0.7, 0.8])
    assert "chosen after the results were seen" in call("--metric", "hd95").stdout
    assert "chosen after" not in call().stdout


def test_published_scores_of_a_configuration_are_shown(server, tmp_path):
    server("unet", 1, [0.5, 0.6])
    row = '[[report.literature]]\nname = "nnU-Net"\nmetric = "dice"\nvalue = 0.89\n'
    (tmp_path / "ablate.toml").write_text(row)
    call()
    assert "published, not compared here" in (tmp_path / "report/index.html").read_text()
    (tmp_path / "other.toml").write_text(row.replace("value", "valu"))
    with pytest.raises(UsageError, match=r"unknown key report\.literature\.0\.valu"):
        call("--config", "other.toml")


def test_what_was_planned_is_what_is_done(server):
    plan = ComparisonConfig(
        secondary=("iou",),
        margin={"dice": 0.02},
        primary_test="t",
        correction="none",
        reference="unet",
    )
    server("unet", 1, [0.5, 0.6, 0.7], plan)
    server("resupnet", 1, [0.7, 0.8, 0.85], plan)
    content = json.loads(call("--json").stdout)
    assert content["settings"] == json.loads(plan.model_dump_json())
    contrast = content["analyses"][0]["contrasts"][0]
    assert (contrast["reference"], contrast["test"]) == ("unet", "paired t")
    assert "chosen after" not in call().stdout


def test_what_was_not_planned_is_said(server):
    server("unet", 1, [0.5, 0.6, 0.7])
    server("resupnet", 1, [0.7, 0.8, 0.85])
    words = ("--reference", "unet", "--alternative", "greater", "--margin", "dice=0.02")
    text = call(*words, "--primary-test", "signflip", "--correction", "bh").stdout
    for part in (
        "direction was",
        "margin (dice 0.02) was",
        "test signflip was",
        "correction bh was",
    ):
        assert f"{part} chosen after the results were seen" in text


def test_plans_that_differ_are_said(server):
    server("resupnet", 1, [0.7, 0.8, 0.85], ComparisonConfig(margin={"dice": 0.05}))
    server("unet", 1, [0.5, 0.6, 0.7])
    text = call().stdout
    assert "another margin each: resupnet dice=0.05, unet none" in text
    assert "margin (dice 0.05) was chosen after" in text


def test_one_or_several_metrics(server):
    server("unet", 1, [0.5, 0.6])
    server("resupnet", 1, [0.7, 0.8])
    content = json.loads(call("--metric", "dice,hd95,asd", "--json").stdout)
    assert [one["metric"]["name"] for one in content["analyses"]] == ["dice", "hd95"]
    assert "ASSD is not compared: no patient has a value under every design." in content["notes"]
    assert [one["role"] for one in content["analyses"]] == ["primary", "secondary"]


def test_flags_are_checked_before_anything_is_fetched(server, monkeypatch):
    monkeypatch.setattr("tracking.mlflow.client.pull_finals", lambda *_: pytest.fail("fetched"))
    with pytest.raises(UsageError, match="--empty 'penalt'") as caught:
        call("--empty", "penalt", "--missing", "worse")
    assert "--missing 'worse'" in caught.value.message
    assert "Did you mean worst? Did you mean penalty?" in caught.value.hint


def test_a_method_is_assumed_only_where_none_is_stated(server):
    server("unet", 1, [0.5, 0.6], hd95_method="directed_max")
    server("imported", 1, [0.7, 0.8])
    ledger = json.loads(call("--json", "--assume-hd95-method", "directed_max").stdout)["ledger"]
    assert {row["fact"]: row["values"] for row in ledger}["hd95_method"] == ["directed_max"] * 2
    with pytest.raises(AblateError, match="hd95_method differs"):
        call("--assume-hd95-method", "pooled")


def test_hd95_of_an_unknown_kind_is_not_compared(server):
    server("unet", 1, [0.5, 0.6], hd95_method="directed_max")
    server("imported", 1, [0.7, 0.8])
    content = json.loads(call("--json").stdout)
    assert [one["metric"]["name"] for one in content["analyses"]] == ["dice"]
    assert "HD95 is not compared: not stated how it was computed for imported." in content["notes"]
    with pytest.raises(AblateError, match="imported does not say which") as caught:
        call("--metric", "hd95")
    assert "--assume-hd95-method" in caught.value.hint
    together = call("--metric", "hd95", "--assume-hd95-method", "directed_max").stdout
    assert "HD95 (mm)" in together


def unpublished(monkeypatch):
    monkeypatch.setattr(
        "tracking.publisher.sync", lambda *_, **__: Synced(failed=(("x/1.0", "gone"),))
    )


def test_what_cannot_be_published_is_not_called_nothing(server, monkeypatch):
    unpublished(monkeypatch)
    with pytest.raises(AblateError, match=r"1 runs or files cannot be read, the first of x/1\.0"):
        call()


@pytest.mark.parametrize("words", [(), ("--json", "--quiet")])
def test_a_report_without_a_damaged_run_names_it_and_ends_with_code_1(server, monkeypatch, words):
    server("unet", 1, [0.5, 0.6])
    server("resupnet", 1, [0.6, 0.7])
    unpublished(monkeypatch)
    result = call(*words)
    assert result.exit_code == 1
    assert "resupnet" in result.stdout
    assert "error: x/1.0: not published: gone" in result.stderr


DAMAGE = {
    names.PER_CASE: ["", "nonsense", "patient,case\nP1,P1\n"],
    names.THRESHOLDS: ["", "threshold,chosen\n0.5,0\n", "threshold,chosen\n0.5\n"],
    names.OVERLAYS: ["file\na.png\n", "patient,kind,file,slice,dice\nP1,tumour,a.png,x,0.5\n"],
    names.METRICS: ["{}\n", "[[[\n"],
}


@pytest.mark.parametrize(("name", "text"), [(n, text) for n in DAMAGE for text in DAMAGE[n]])
def test_a_damaged_file_of_a_final_is_named_and_the_other_designs_are_reported(
    server, tmp_path, name, text
):
    server("unet", 1, [0.5, 0.6])
    server("resupnet", 1, [0.6, 0.7])
    file = tmp_path / "finals/unet1" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    result = call("--json")
    assert result.exit_code == 1
    assert name in result.stderr
    assert "final-1" in result.stderr
    designs = json.loads(result.stdout)["designs"]
    assert ("unet" in str(designs)) == (name != names.PER_CASE)
    assert "resupnet" in str(designs)
    assert name in (tmp_path / "report/index.html").read_text()


def test_nothing_swept(server, monkeypatch):
    monkeypatch.setattr("tracking.publisher.sync", lambda *_, **__: Synced())
    with pytest.raises(AblateError, match="nothing to report") as caught:
        call()
    assert caught.value.exit_code == 1
    assert "ablate sweep" in caught.value.hint


def test_an_empty_folder_stays_empty(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(AblateError, match="nothing to report"):
        call()
    assert list(tmp_path.iterdir()) == []
