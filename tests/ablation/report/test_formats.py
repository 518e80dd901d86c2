"""The table in LaTeX and Markdown: numbers, signs, names that would be markup."""

from __future__ import annotations

import re
import shutil
import subprocess

import numpy as np
import pytest

from ablation.comparison import compare
from ablation.config.sections import ComparisonConfig
from ablation.errors import UsageError
from ablation.report import Source, printed
from ablation.report.formats.markdown import to_markdown
from ablation.report.formats.tables import COLUMNS, named_test, rows
from ablation.report.formats.tex import to_tex

NASTY = ["a_b & c%", "[b]*{}$x$", '#1~^\\<|>"ü']
BASE = np.linspace(0.4, 0.8, 12)
GAIN = np.array([0.02, 0.03, 0.01, 0.02, 0.03, 0.025, 0.015, 0.02, -0.004, 0.011, 0.018, 0.009])


@pytest.fixture
def three(design):
    def make(names=("a", "b", "c"), **settings):
        scores = (BASE + GAIN, BASE, BASE + GAIN[::-1] / 2)
        designs = [design(name, values) for name, values in zip(names, scores, strict=True)]
        return compare(designs, ComparisonConfig(**settings))

    return make


def test_the_paper_table_against_a_reference(three):
    lines = to_tex(three(reference="b"), "paper").splitlines()
    head = next(line for line in lines if line.startswith("Method"))
    assert head == (
        r"Method & Dice (higher is better) & $\Delta$ Dice (95\,\% CI) & $p$ (Holm) & Cohen's $d_z$ & better \\"
    )
    first, second, _ = [line for line in lines if r"\pm" in line]
    difference, d_z = GAIN.mean(), GAIN.mean() / GAIN.std(ddof=1)
    mean, sd = (BASE + GAIN).mean(), (BASE + GAIN).std(ddof=1)
    assert first.startswith(f"a & ${mean:.3f} \\pm {sd:.3f}$ & $+{difference:.3f}$ ($+")
    assert first.endswith(f"& $+{d_z:.2f}$ & a \\\\")
    assert second.endswith("& -- & -- & -- & -- \\\\")
    assert "over 12 patients; differences to b" in lines[0]


def test_the_paper_table_prints_differences_as_the_scores_stand(three):
    """A lower HD95 is a negative difference, whatever counts as better."""
    lines = to_tex(three(reference="b", metric="hd95", secondary=()), "paper").splitlines()
    row = next(line for line in lines if line.startswith("a "))
    assert "& $-0.17$ ($-0." in row
    assert row.count("$-") == 4
    assert "lower is better" in "".join(lines)


def test_the_paper_table_needs_one_reference(three, design):
    with pytest.raises(UsageError, match="one reference"):
        to_tex(three(), "paper")
    pair = [design("a", BASE + GAIN), design("b", BASE)]
    assert "differences to b" in to_tex(compare(pair, ComparisonConfig()), "paper")
    assert to_tex(compare(pair[:1], ComparisonConfig()), "paper").count(r"\pm") == 1


def test_cases_taken_as_independent_are_not_called_patients(design, table):
    frames = [table([0.5, 0.6, 0.7, 0.8]).assign(patient=list("aabb")) for _ in "ab"]
    designs = [design(name, frame) for name, frame in zip("ab", frames, strict=True)]
    text = to_tex(compare(designs, ComparisonConfig(unit="case", secondary=())), "paper")
    assert "over 4 cases; differences to b within cases" in text
    assert "Wilcoxon" not in text


def test_heads_follow_the_settings(three):
    result = three(primary_test="t", correction="bh")
    table = [dict(zip(COLUMNS, row, strict=True)) for row in rows(result)]
    contrast = result.primary.contrasts[0]
    assert table[3]["test"] == "paired t, Benjamini-Hochberg of 3" == named_test(contrast)
    assert table[3]["p"] == table[3]["p paired t"]
    assert "$p$ (Benjamini-Hochberg)" in to_tex(result)
    assert "Holm" not in to_tex(result) + to_markdown(result, Source("x"))
    lines = printed(result, Source("x")).splitlines()
    assert not [line for line in lines if "Holm" in line and "W = " not in line]  # other programs'


@pytest.mark.parametrize("style", ["full", "paper"])
def test_every_row_has_every_column(three, style):
    text = to_tex(three(NASTY, reference=NASTY[0]), style)
    spec = re.search(r"\\begin\{tabular\}\{(\w+)\}", text)[1]
    body = [
        line for line in text.splitlines() if line.endswith("\\\\") and "multicolumn" not in line
    ]
    cells = {len(re.findall(r"(?<!\\)&", line)) for line in body}
    assert cells == {len(spec) - 1}
    assert not any(line.startswith(("[", "*")) for line in text.splitlines())


def test_markdown_has_the_table_cell_by_cell(three):
    result = three()
    text = to_markdown(result, Source("demo"))
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    assert lines[0] == list(COLUMNS)
    assert len(lines) == 2 + len(rows(result))
    assert text.startswith("# experiment demo: a, b, c\n\n**")
    assert all(one.text.split(",")[0] in text for one in result.cautions[:1])


def test_markdown_escapes_names(three):
    text = to_markdown(three(NASTY), Source("x"))
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {len(COLUMNS) + 1}
    assert r"a\_b & c%" in text
    assert "<|" not in text


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("style", ["full", "paper"])
def test_the_latex_compiles(three, tmp_path, style):
    table = to_tex(three(NASTY, reference=NASTY[0], margin={"dice": 0.02}), style)
    document = (
        "\\documentclass{article}\n\\usepackage{booktabs}\n\\begin{document}\n"
        f"{table}\\end{{document}}\n"
    )
    (tmp_path / "table.tex").write_text(document)
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "table.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "table.pdf").stat().st_size > 1000
