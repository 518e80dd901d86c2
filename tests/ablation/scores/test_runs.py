"""Imported results as runs: written once, superseded by newer ones, never over a trained design."""

import json

import pytest

from ablation.errors import UsageError
from ablation.fairness import FairnessFacts
from ablation.metrics.table import read_cases
from ablation.scores.runs import newest_experiment, write_import
from ablation.scores.tables import rows_of
from tracking import names
from tracking.record import RunFolder, RunRecord
from tracking.workspace import design_folder


@pytest.fixture
def rows(table):
    return rows_of(table([0.5, 0.75])[["patient", "case", "target", "dice"]], "WT")


def put(workspace, rows, name="tool", **facts):
    return write_import(rows, workspace, "demo", name, FairnessFacts(imported="table", **facts), {"import.of": "x"})  # fmt: skip


def test_a_run_the_report_can_find(tmp_path, rows):
    done = put(tmp_path, rows, hd95_method="pooled")
    record = done.folder.record
    assert done.is_new
    assert done.folder.path == tmp_path / "demo/tool/import.0"
    assert (record.kind, record.status, record.model, record.study) == (
        *("import", "FINISHED", "tool", "demo/tool"),
    )
    assert json.loads(record.tags[f"{names.LEDGER}hd95_method"]) == "pooled"
    assert record.metrics["cases/test/dice"] == 0.625
    assert read_cases(done.folder.path / names.PER_CASE)["dice"].tolist() == [0.5, 0.75]


def test_means_of_several_targets_stand_under_their_names(tmp_path, rows):
    more = [row | {"target": "TC", "dice": 0.25} for row in rows]
    metrics = put(tmp_path, [*rows, *more]).folder.record.metrics
    assert (metrics["cases/test/WT/dice"], metrics["cases/test/TC/dice"]) == (0.625, 0.25)


def test_the_same_again_is_no_second_run(tmp_path, rows):
    first = put(tmp_path, rows)
    again = put(tmp_path, rows)
    assert not again.is_new
    assert again.folder.path == first.folder.path


def test_a_newer_one_supersedes(tmp_path, rows):
    put(tmp_path, rows)
    other = put(tmp_path, rows[:1])
    assert other.superseded == ("import.0",)
    assert other.folder.path.name == "import.1"
    back = put(tmp_path, rows)  # what was superseded comes back as a new run
    assert back.is_new
    assert back.superseded == ("import.0", "import.1")


def trained(workspace, experiment, design="unet", **fields):
    record = RunRecord("trial", experiment, design, "0.0", **fields)
    return RunFolder.create(design_folder(workspace, experiment, design), record)


def test_a_trained_design_keeps_its_name(tmp_path, rows):
    trained(tmp_path, "demo")
    with pytest.raises(UsageError, match="experiment demo has a trial of a design of this name"):
        put(tmp_path, rows, "unet")
    assert put(tmp_path, rows).is_new


@pytest.mark.parametrize("name", ["a/b", "", "..", "Müller"])
def test_names_that_cannot_name_a_folder(tmp_path, rows, name):
    with pytest.raises(UsageError, match="--name"):
        put(tmp_path, rows, name)


def test_results_join_the_newest_training(tmp_path, rows):
    assert newest_experiment(tmp_path) == "imports"
    put(tmp_path, rows)
    assert newest_experiment(tmp_path) == "demo"
    trained(tmp_path, "older", start_ms=1)
    trained(tmp_path, "newer", start_ms=2)
    trained(tmp_path, "newer.on-scans", start_ms=3, tags={names.EXTERNAL: "scans"})
    (tmp_path / "x/y/0.0").mkdir(parents=True)
    (tmp_path / "x/y/0.0/run.json").write_text("{")
    assert newest_experiment(tmp_path) == "newer"
