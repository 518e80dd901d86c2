"""The page about the Python API: its cells run one after the other, as in a notebook."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest

import ablation

PAGE = Path(__file__).parents[2] / "docs" / "python-api.md"
CELLS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)


def test_every_function_has_its_line() -> None:
    written = set(re.findall(r"^\| `ablation\.(\w+)\(", PAGE.read_text(), re.MULTILINE))
    classes = {name for name in ablation.__all__ if name[0].isupper()}
    assert written == set(ablation.__all__) - classes


@pytest.mark.slow
@pytest.mark.sample
def test_the_cells_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    names: dict[str, Any] = {}
    for cell in CELLS:
        exec(compile(cell, str(PAGE), "exec"), names)
    headline = names["made"].comparison.verdict.headline
    assert capfd.readouterr().out == f"{headline}\n"
    assert [one.how for one in names["swept"]] == ["done", "done"]
    (combo,) = names["swept"][0].designs
    assert (combo.design, combo.trials, combo.patients) == ("combo", 1, 2)
    table = names["table"]
    first = table[(table["metric"] == "dice") & (table["against"] == "")]
    assert first["design"].tolist() == ["combo", "tversky"]
    assert first["mean"].tolist() == [one.designs[0].test_dice for one in names["swept"]]
    (difference,) = names["comparison"].primary.contrasts
    assert math.isclose(difference.t.interval.mean, 0.11 / 3)
    assert (tmp_path / "forest.html").stat().st_size > 0
    (row,) = names["scored"].rows
    assert math.isclose(row["dice"], 2 * 48 / (64 + 48))
    assert not (tmp_path / "report").exists()
