"""Hostile names: refused where they enter, and dead in every format where they leave."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest

from ablation.comparison import compare
from ablation.config.sections import ComparisonConfig
from ablation.errors import ComparisonError
from ablation.files.csv_rows import csv_text, read_cells
from ablation.report import Source, write_report
from ablation.report.figures.drawing import without_markup
from ablation.report.formats.tex import to_tex
from ablation.report.page.plotly_figures import figures

SCORES = [0.9, 0.2, 0.7, 0.4, 0.6, 0.8]
REFUSED = (
    "a\nb", "a\rb", "a\tb", "a\x00b", "a\x1b[31mb", "a\u202eb", "a\u2066b", "a\u200fb", "a\u2028b", "x" * 201,
)  # fmt: skip
FORMULAS = ('=HYPERLINK("http://evil")', "@SUM(A1)", "+1+cmd|x", "-1+cmd|x", "'=1+1", "''@x")
LIVE = (
    "<a href='javascript:alert(1)'>x</a>", "<b>bold</b>", "<script>alert(1)</script>", "<img src=x onerror=a>",
    "\\input{/etc/passwd}", "\\write18{x}", "$x^2$", "50% done", "a & b", "a_b^c~d{e}", "#1", "&lt;b&gt;",
    "[x](javascript:alert(1))", "a | b", "`code`", "*bold*", "{{ 7*7 }}", "{% x %}", "'; DROP TABLE runs; --",
)  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_cannot_be_printed_is_refused(design, name):
    with pytest.raises(ComparisonError, match=r"cannot be printed|characters"):
        compare([design(name, SCORES), design("b", SCORES)], ComparisonConfig())
    one = design("a", SCORES)
    for column in ("patient", "case", "target"):
        frame = one.cases[0].copy()
        frame[column] = frame[column].astype(str)
        frame.loc[frame.index[0], column] = name
        changed = type(one)("a", (frame,), one.facts)
        with pytest.raises(ComparisonError, match=r"cannot be printed|characters"):
            compare([changed, design("b", SCORES)], ComparisonConfig())


@pytest.mark.parametrize(
    "cell", [*FORMULAS, "=", "-", "plain", "'quoted'", "-0.5", "+0.25", "1e-3", "", "-inf"]
)
def test_a_cell_comes_back_as_it_was_and_no_spreadsheet_runs_it(tmp_path, cell):
    file = tmp_path / "table.csv"
    file.write_bytes(csv_text(["a", cell], [(cell, "x")]).encode())
    header, ((_, cells),) = read_cells(file)
    assert (header, cells) == (["a", cell], [cell, "x"])
    for row in csv.reader(io.StringIO(file.read_text())):
        for text in row:
            assert text[:1] not in ("=", "@", "+", "-", "\t") or float(text) is not None


@pytest.mark.parametrize("name", [*FORMULAS, *LIVE])
def test_nothing_of_a_name_is_live_in_any_output(design, tmp_path, name):
    comparison = compare(
        [design(name, SCORES), design("b", SCORES[::-1])], ComparisonConfig(reference="b")
    )
    write_report(comparison, Source("demo"), tmp_path)
    rows = list(csv.reader(io.StringIO((tmp_path / "comparison.csv").read_text())))
    assert name in {
        cell for _, cells in read_cells(tmp_path / "comparison.csv")[1] for cell in cells
    }
    for cell in (cell for row in rows for cell in row):
        assert not re.match(r"[=@+-]", cell) or float(cell) is not None
    page = (tmp_path / "index.html").read_text()
    if "<" in name:
        assert name not in page
    assert name in json.loads((tmp_path / "comparison.json").read_text())["designs"]
    for style in ("full", "paper"):
        for line in to_tex(comparison, style).splitlines()[1:]:
            assert "\\input{" not in line
            assert "\\write18" not in line
            assert "%" not in line.replace(r"\%", "")
    markdown = (tmp_path / "comparison.md").read_text()
    assert not re.search(r"<(?:a|b|script|img)\b", markdown)
    assert "[x](javascript" not in markdown
    for drawn in figures(comparison).values():
        for figure in drawn:
            assert not re.search(
                r"<(?!br>|/?extra>)",
                re.sub(r'"(?:id|meta)".*', "", json.dumps(figure.to_plotly_json(), default=str)),
            )


def test_our_own_line_breaks_stay():
    assert without_markup("%{y}<br>n<extra></extra>") == "%{y}<br>n<extra></extra>"
