"""A score edited beside its counts is refused with file and line by report, sync and compare."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ablation.cli.app import app
from ablation.errors import AblateError, DataError
from ablation.metrics.table import read_cases
from ablation.report.damaged import without_damaged
from tracking import names
from tracking.finals import Finals, PulledRun

SINGLE = Path(__file__).parents[2] / "fixtures/schema1/single"
FINAL = "phantom/unet/final-101.0/per_case.csv"
"""Of version 0.1, whose run.json records no sha256."""


def edit(table: Path, column: str, value: str, line: int = 2) -> None:
    with table.open(newline="") as file:
        rows = list(csv.reader(file))
    rows[line - 1][rows[0].index(column)] = value
    with table.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("dice", "0.97"),
        ("iou", "0.123456"),
        ("precision", "1.0"),
        ("recall", "0.5"),
        ("specificity", "0.99"),
        ("accuracy", "0.5"),
        ("tp", "1"),
        ("fp", "0"),
        ("fn", "12345"),
        ("truth_voxels", "7"),
        ("pred_voxels", "7"),
    ],
)
def test_any_edit_beside_the_counts_is_named_with_its_line(
    tmp_path: Path, column: str, value: str
) -> None:
    table = Path(shutil.copy(SINGLE / FINAL, tmp_path / "per_case.csv"))
    read_cases(table)
    edit(table, column, value, line=3)
    with pytest.raises(DataError, match="line 3") as refused:
        read_cases(table)
    assert str(table) in refused.value.message
    assert "contradicts tp" in refused.value.message


def test_report_sync_and_compare_refuse_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    workspace = Path(shutil.copytree(SINGLE, tmp_path / "runs"))
    table = workspace / FINAL
    edit(table, "dice", "0.97", line=3)
    said = CliRunner().invoke(app, ["sync", str(workspace)])
    assert said.exit_code == 1
    assert f"not published: {table.parent}: {table}: 1 fault line 3" in said.output
    assert "dice 0.97 contradicts tp" in said.output
    final = PulledRun("id", "unet final-101.0", {names.MODEL: "unet"}, {}, {}, table.parent)
    finals = without_damaged(Finals("phantom", (final,), (), ()))
    assert finals.runs == ()
    (_, reason), *_ = finals.damaged
    assert "per_case.csv of run unet final-101.0: 1 fault line 3" in reason
    other = workspace / "phantom/attention_unet/final-101.0/per_case.csv"
    compared = CliRunner().invoke(app, ["compare", f"A={table}", f"B={other}"])
    assert isinstance(compared.exception, AblateError)
    assert "line 3" in compared.exception.message
    assert str(table) in compared.exception.message
