"""`import ablation`: quick, typed, and what a command does a program can do."""

from __future__ import annotations

import doctest
import importlib
import inspect
import json
import math
import resource
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import ablation
from ablation.comparison.frame import COLUMNS
from ablation.errors import DataError, UsageError

HEAVY = {"tensorflow", "keras", "mlflow", "optuna", "plotly", "pandas", "numpy", "scipy", "typer"}
LOADED = "import ablation, json, sys; print(json.dumps(sorted(sys.modules)))"
MOST_CPU_S = 0.3
ROUNDS = 5
SCORES = {
    "unet": [0.71, 0.64, 0.82, 0.55, 0.77, 0.69],
    "resupnet": [0.75, 0.69, 0.84, 0.61, 0.78, 0.72],
}


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Write a table for each design into a working folder."""
    monkeypatch.chdir(tmp_path)
    for name, dice in SCORES.items():
        lines = [f"P{n},{value}" for n, value in enumerate(dice)]
        Path(f"{name}.csv").write_text("\n".join(["case,dice", *lines]) + "\n")
    return [f"{name}.csv" for name in SCORES]


def python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)


def test_the_import_loads_nothing_heavy() -> None:
    loaded = {name.partition(".")[0] for name in json.loads(python(LOADED).stdout)}
    assert "ablation" in loaded
    assert HEAVY & loaded == set()


def test_the_import_is_quick() -> None:
    taken = []
    for _ in range(ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        python("import ablation")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(taken) < MOST_CPU_S


def test_every_name_is_there_and_listed() -> None:
    for name in ablation.__all__:
        assert getattr(ablation, name) is not None
    assert set(ablation.__all__) <= set(dir(ablation))
    with pytest.raises(AttributeError, match="no attribute 'sweeep'"):
        ablation.sweeep  # type: ignore[attr-defined] # noqa: B018


def test_report_is_called_before_and_after_its_package_is_imported() -> None:
    code = (
        "import ablation, inspect; first = inspect.signature(ablation.report); "
        "import ablation.report.source; assert callable(ablation.report); "
        "assert inspect.signature(ablation.report) == first; print(list(first.parameters)[0])"
    )
    assert python(code).stdout.strip() == "compare"


@pytest.mark.parametrize("name", ["sweep", "evaluate", "compare", "report"])
def test_arguments_are_named_as_the_flags(name: str) -> None:
    command = importlib.import_module(f"ablation.cli.{name}").__dict__[name]
    printed = {"as_json", "quiet", "as_format", "figures", "yes", "dry_run"}
    flags = set(inspect.signature(command).parameters) - printed
    renamed = {"assignments": "settings"}
    ours = set(inspect.signature(getattr(ablation, name)).parameters)
    absent = {renamed.get(flag, flag) for flag in flags} - ours
    # Publishing and writing a report are a command's; masks and tables are returned.
    assert absent <= {"tracking_uri"} if name == "evaluate" else absent <= {"out", "style"}


def test_a_comparison_has_its_table_with_every_digit(tables: list[str]) -> None:
    comparison = ablation.compare(tables, reference="unet")
    table = comparison.table()
    assert list(table.columns) == list(COLUMNS)
    assert table["design"].tolist() == ["unet", "resupnet", "resupnet"]
    difference = table.iloc[2]
    pairs = zip(SCORES["resupnet"], SCORES["unet"], strict=True)
    assert difference["against"] == "unet"
    assert math.isclose(difference["mean"], sum(a - b for a, b in pairs) / 6)
    assert (difference["n"], difference["better in"]) == (6, 6)
    assert difference["p"] == comparison.primary.contrasts[0].p == 0.03125


def test_the_table_is_the_one_that_all_formats_share(tables: list[str]) -> None:
    from ablation.report.formats import tables as formats

    comparison = ablation.compare(tables, reference="unet", metric="dice")
    printed = pd.DataFrame(formats.rows(comparison), columns=list(formats.COLUMNS))
    table = comparison.table()
    assert table["design"].tolist() == printed["design"].tolist()
    assert table["against"].tolist() == printed["against"].tolist()
    for column in ("mean", "SD", "CI low", "CI high", "median"):
        shown = [round(value, 3) for value in table[column]]
        assert shown == [float(text.replace("−", "-")) for text in printed[column]]


def test_figures_are_plotly_objects_by_section(tables: list[str]) -> None:
    import plotly.graph_objects as go

    shown = ablation.figures(ablation.compare(tables))
    assert {"figures", "forest"} <= set(shown)
    for section in shown.values():
        assert all(isinstance(figure, go.Figure) and figure.data for figure in section)


def test_compare_takes_rules_as_values(tables: list[str]) -> None:
    comparison = ablation.compare(
        tables, metric=["dice"], margin={"dice": 0.02}, primary_test="t", correction="none"
    )
    assert comparison.settings["margin"] == {"dice": 0.02}
    assert comparison.settings["primary_test"] == "t"
    with pytest.raises(UsageError, match="--empty 'penalt' is none of"):
        ablation.compare(tables, empty="penalt")
    with pytest.raises(DataError, match=r"gone\.csv"):
        ablation.compare(["gone.csv", *tables])


def test_compare_takes_designs_in_memory(tables: list[str]) -> None:
    from ablation.scores.bare_designs import Reading, read_designs
    from ablation.scores.given import tables_of

    designs = [
        design for design, _ in read_designs(tables_of(tables), Reading(), (), lambda *_: None)
    ]
    again = ablation.compare(designs, reference="unet", metric="dice").table()
    pd.testing.assert_frame_equal(
        again, ablation.compare(tables, reference="unet", metric="dice").table()
    )
    with pytest.raises(UsageError, match="mixed"):
        ablation.compare([designs[0], "resupnet.csv"])  # type: ignore[list-item]


def test_the_library_prints_nothing_unless_asked(
    tables: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    Path("unet.csv").write_text("case,dice,iou\nP0,0.7,0.538\nP1,0.6,0.429\n")
    Path("resupnet.csv").write_text("case,dice,iou\nP0,0.8,0.667\nP1,0.7,0.538\n")
    ablation.compare(tables, progress=said.append)
    assert capsys.readouterr() == ("", "")
    assert any("iou" in line for line in said)


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    "module",
    ["ablation.report.from_tables", "ablation.comparison.rules", "ablation.files.places",
     "ablation.experiments.targets", "ablation.experiments.announce", "ablation.experiments.sweep"],
)  # fmt: skip
def test_the_examples_of_docstrings_run(module: str) -> None:
    done = doctest.testmod(importlib.import_module(module))
    assert done.attempted > 0
    assert done.failed == 0


def test_nothing_to_report_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ablation.AblateError, match="nothing to report"):
        ablation.report(workspace=tmp_path / "none")
    assert list(tmp_path.iterdir()) == []
