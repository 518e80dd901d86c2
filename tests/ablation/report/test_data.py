"""The data paragraph, the day of a report, and the command that makes it again."""

from __future__ import annotations

import re

import numpy as np
import pytest
from typer.testing import CliRunner

from ablation.cli.app import app
from ablation.comparison import compare
from ablation.config.sections import ComparisonConfig
from ablation.report import Source, write_report
from ablation.report.material import Material, Recipe
from ablation.report.sections.data import data

SETTINGS = {
    "data.modalities": ("flair", "t1ce"),
    "data.target": "WT",
    "data.split_seed": 3,
    "data.image_size": 128,
    "data.normalise": "div255",
    "data.empty_slices": 0.25,
    "data.min_tumor_px": 5,
}
PARTS = {"train": ("a", "b"), "validation": ("c",), "test": ("d",)}


@pytest.fixture
def comparison(design):
    base = np.linspace(0.4, 0.8, 12)
    return compare([design("a", base + 0.01), design("b", base)], ComparisonConfig())


def words(comparison, source) -> str:
    (block,) = data(comparison, source).blocks
    return block.text


def test_of_runs_the_scans_and_how_they_were_prepared(comparison):
    recipe = Recipe("a", "a", SETTINGS, {}, {}, (101,), PARTS, "brats", "f", {}, {})
    text = words(comparison, Source("demo", material=Material(recipes=(recipe,))))
    for part in (
        "Scans in the layout brats, sequence flair, t1ce; region WT; split by patient (seed 3)",
        "2 train, 1 validation, 1 test",
        "128 x 128 pixels",
        "values divided by 255",
        "25 % of the training slices with fewer than 5 foreground pixels",
        "12 patients with a score of both designs. Targets: WT.",
    ):
        assert part in text, part


def test_of_tables_only_where_they_come_from(comparison):
    text = words(comparison, Source("a.csv, b.csv", kind="tables"))
    assert text.startswith("Scores as given in a.csv, b.csv. 12 patients")
    assert "train" not in text


def test_the_page_says_when_and_how_it_was_made(comparison, tmp_path):
    source = Source("demo", date="2026-12-01", command="ablate compare <a>.csv")
    page = write_report(comparison, source, tmp_path)[0].read_text()
    assert "Made on 2026-12-01 with <code>ablate compare &lt;a&gt;.csv</code>." in page
    bare = write_report(comparison, Source("demo"), tmp_path)[0].read_text()
    assert "Made" not in bare[: bare.index("<script>")]


def test_the_command_is_the_one_that_was_typed_without_secrets_and_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, shift in (("a", 0.0), ("b", 0.1)):
        rows = "".join(f"P{n},{0.5 + n / 100 + shift}\n" for n in range(8))
        (tmp_path / f"{name}.csv").write_text("case,dice\n" + rows)
    typed = ["compare", str(tmp_path / "a.csv"), "b.csv", "--out", "my report"]
    monkeypatch.setattr("sys.argv", ["/usr/bin/ablate", *typed])
    done = CliRunner().invoke(app, typed)
    assert done.exit_code == 0, done.output
    page = (tmp_path / "my report" / "index.html").read_text()
    assert re.search(
        r"Made on \d{4}-\d\d-\d\d with <code>ablate compare a.csv b.csv --out &#39;my report&#39;</code>",
        page,
    )
