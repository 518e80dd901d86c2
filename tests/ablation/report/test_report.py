"""The files of a report: one table everywhere, nothing from the network, the same bytes twice."""

from __future__ import annotations

import csv
import io
import json
import re
from html import unescape

import numpy as np
import plotly.graph_objects as go
import pytest

from ablation.comparison import Design, compare
from ablation.config.sections import ComparisonConfig
from ablation.report import FILES, Source, write_report
from ablation.report.figures.drawing import PALETTE
from ablation.report.figures.patients import paired_differences, patient_lines
from ablation.report.formats import summary
from ablation.report.formats.tables import COLUMNS, plain, rows, to_csv, to_json
from ablation.report.formats.tex import to_tex
from ablation.scores.remarks import Level, Remark

SOURCE = Source("demo", (("a", "run1"), ("b", "run2")), ("a final-7",), ("other",))


@pytest.fixture
def comparison(design):
    rng = np.random.default_rng(0)
    base = rng.uniform(0.4, 0.8, 8)
    return compare(
        [design("a", base + rng.uniform(0, 0.05, 8)), design("b", base)], ComparisonConfig()
    )


@pytest.fixture
def written(comparison, tmp_path):
    write_report(comparison, SOURCE, tmp_path)
    return tmp_path


def cells(page: str) -> list[list[str]]:
    """The text of the results table, header first."""
    table = re.search(r'<table id="comparison">(.*?)</table>', page, re.DOTALL)[1]
    found = []
    for line in re.findall(r"<tr.*?</tr>", table, re.DOTALL):
        inner = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line, re.DOTALL)
        found.append([unescape(re.sub("<[^>]+>", "", cell)) for cell in inner])
    return found


def test_page_and_csv_hold_the_same_table(written):
    listed = list(csv.reader((written / "comparison.csv").read_text().splitlines()))
    assert cells((written / "index.html").read_text()) == listed
    assert listed[0] == list(COLUMNS)
    assert len(listed) == 1 + 2 * 3


def test_the_table_holds_the_numbers(comparison):
    table = [dict(zip(COLUMNS, row, strict=True)) for row in rows(comparison)]
    contrast = comparison.primary.contrasts[0]
    difference = table[2]
    assert (difference["design"], difference["against"]) == ("a", "b")
    assert float(difference["mean"]) == pytest.approx(contrast.t.interval.mean, abs=5e-4)
    assert float(difference["d_z"]) == pytest.approx(contrast.effect.d_z, abs=5e-3)
    assert difference["better in"] == f"{contrast.better.better}/8"
    assert table[0]["p adjusted"] == ""


def test_the_page_asks_nothing_of_a_network(written):
    page = (written / "index.html").read_text()
    own = page[: page.index("<script>")]  # plotly's own source holds addresses it never calls here
    assert "default-src 'none'" in own
    assert not re.search(r'(src|href)="(?!data:|#)', own)
    assert page.count("<script>") == 2
    assert page.count("plotly.js v") == 1


def test_the_same_comparison_gives_the_same_bytes(comparison, written, tmp_path):
    again = tmp_path / "again"
    write_report(comparison, SOURCE, again)
    assert [p.name for p in again.iterdir() if p.name in FILES]
    for name in FILES:
        assert (again / name).read_bytes() == (written / name).read_bytes()
    assert sorted(p.name for p in again.iterdir()) == sorted(FILES)


def test_names_cannot_break_the_page(design, tmp_path):
    nasty = "</script><img src=x onerror=alert(1)>"
    result = compare([design(nasty, [0.5, 0.6]), design("b&_%", [0.4, 0.7])], ComparisonConfig())
    write_report(result, Source(nasty), tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert "<img" not in page[: page.index("<script>")]
    assert "<img src=x" not in page[page.rindex("<script>") :]
    assert cells(page) == list(csv.reader(io.StringIO((tmp_path / "comparison.csv").read_text())))
    assert r"b\&\_\%" in (tmp_path / "comparison.tex").read_text()


def test_json_holds_every_digit(comparison):
    content = json.loads(to_json(comparison, SOURCE))
    contrast = comparison.primary.contrasts[0]
    stored = content["analyses"][0]["contrasts"][0]
    assert stored["rank"]["p_two_sided"] == contrast.rank.p_two_sided
    assert stored["d"] == list(contrast.d)
    assert content["source"]["experiment"] == "demo"
    assert content["verdict"]["headline"] == comparison.verdict.headline


def test_json_has_null_for_what_does_not_exist(design):
    one = compare([design("a", [0.6]), design("b", [0.5])], ComparisonConfig())
    content = json.loads(to_json(one, SOURCE))
    assert content["analyses"][0]["contrasts"][0]["effect"]["d_z"] is None
    assert plain(float("nan")) is None


def test_bands(comparison, design, tmp_path):
    assert 'class="band"' not in write_report(comparison, SOURCE, tmp_path)[0].read_text()
    plain_design = design("a", [0.5, 0.6])
    demo = Design("a", plain_design.cases, plain_design.facts, ("generated data", "demo settings"))
    banded = compare([demo], ComparisonConfig())
    page = write_report(banded, SOURCE, tmp_path)[0].read_text()
    assert "<strong>Generated data and demo settings</strong>" in page
    assert "(generated data, demo settings)" in summary(banded, SOURCE)


def test_what_was_left_out_is_said(comparison, written):
    page = (written / "index.html").read_text()
    for text in ("superseded by newer finals: a final-7", "Other experiments here: other"):
        assert text in page
        assert text in summary(comparison, SOURCE)


def test_remarks_are_known_by_their_level_and_not_by_their_words(comparison):
    remarks = (
        Remark(Level.NOTE, "warning: of old"),
        Remark(Level.WARNING, "cases look like slices"),
    )
    source = Source("demo", remarks=remarks)
    assert [(one.colour, one.text) for one in source.cautions] == [
        ("note", "warning: of old"),
        ("red", "cases look like slices"),
    ]
    assert [str(one) for one in remarks] == ["warning: of old", "warning: cases look like slices"]
    assert "  Serious    cases look like slices" in summary(comparison, source)
    stored = json.loads(to_json(comparison, source))["source"]["remarks"]
    assert stored[1] == {"level": "warning", "text": "cases look like slices"}


def test_one_design(design, tmp_path):
    one = compare([design("unet", [0.5, 0.6, 0.7])], ComparisonConfig())
    source = Source("demo", next_command="ablate sweep --model resupnet --experiment demo")
    page = write_report(one, source, tmp_path)[0].read_text()
    assert "nothing was tested" in page
    assert "ablate sweep --model resupnet --experiment demo" in page
    assert "Next: ablate sweep --model resupnet" in summary(one, source)
    assert "differences-0" not in page
    assert len(to_csv(one).splitlines()) == 3


def test_missed_tumours_have_their_own_table(design, table, tmp_path):
    missed = table([0.9, 0.0, 0.8], {1: "missed"})
    result = compare([design("a", [0.9, 0.7, 0.8]), design("b", missed)], ComparisonConfig())
    page = write_report(result, SOURCE, tmp_path)[0].read_text()
    assert "Missed tumours and false alarms" in page
    assert "<td>1 of 3</td>" in page


def test_summary_tells_what_is_unfair(design):
    designs = [design("a", [0.5, 0.6], trials=50), design("b", [0.4, 0.5], trials=20)]
    text = summary(compare(designs, ComparisonConfig()), SOURCE)
    assert "  Serious    Trials allowed: a 50, b 20; unequal budget" in text
    assert text.splitlines()[0] == "experiment demo: a, b on 2 test patients"


def test_tex(comparison):
    text = to_tex(comparison)
    assert text.count(r"\midrule") == 2
    body = [
        line for line in text.splitlines() if line.endswith(r"\\") and "multicolumn" not in line
    ]
    assert {line.count("&") for line in body} == {10}
    assert text.count("{") == text.count("}")


@pytest.mark.parametrize("k", [1, 2, 4])
def test_figures_are_valid_and_show_every_patient(design, k):
    rng = np.random.default_rng(1)
    designs = [design(name, rng.uniform(0.2, 0.9, 9)) for name in "abcd"[:k]]
    result = compare(designs, ComparisonConfig())
    for analysis in result.analyses:
        lines = patient_lines(analysis, result.designs, "lines")
        drawn = go.Figure(list(lines.data), lines.layout)
        assert sum(y is not None for y in drawn.data[0].y) == 9 * k
        assert len(drawn.data) == 1 + k
        assert "9 patients" in lines.alternative
        if k > 1:
            differences = paired_differences(analysis, result.level, "differences")
            shown = go.Figure(list(differences.data), differences.layout)
            points = [trace for trace in shown.data if len(trace.x) == 9]
            assert len(points) == k * (k - 1) // 2


def test_overlaps_are_drawn_on_their_whole_range(comparison):
    axis = patient_lines(comparison.primary, comparison.designs, "x").layout["yaxis"]
    assert axis["range"][0] <= 0
    assert axis["range"][1] >= 1


def test_colours_are_told_apart():
    assert len(set(PALETTE)) == len(PALETTE)


def test_a_failed_write_leaves_the_old_report(comparison, written, monkeypatch):
    before = (written / "index.html").read_bytes()
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        write_report(comparison, Source("changed"), written)
    assert (written / "index.html").read_bytes() == before
    assert sorted(p.name for p in written.iterdir()) == sorted(FILES)


def test_p_values_of_cases_taken_as_independent_are_not_shown(design, table):
    rng = np.random.default_rng(0)
    frames = [
        table(rng.uniform(0.4, 0.8, 12).tolist()).assign(patient=[f"p{i // 3}" for i in range(12)])
        for _ in "ab"
    ]
    designs = [design(name, frame) for name, frame in zip("ab", frames, strict=True)]
    result = compare(designs, ComparisonConfig(unit="case", secondary=()))
    difference = dict(zip(COLUMNS, rows(result)[-1], strict=True))
    assert {difference[name] for name in COLUMNS if name.startswith("p ")} == {""}
    assert difference["mean"]


def test_json_holds_ranks_margins_and_settings(design):
    rng = np.random.default_rng(0)
    base = rng.uniform(0.4, 0.8, 16)
    designs = [design(name, base + rng.normal(0, 0.05, 16)) for name in "abc"]
    result = compare(designs, ComparisonConfig(margin={"dice": 0.02}))
    content = json.loads(to_json(result, SOURCE))
    primary = content["analyses"][0]
    assert len(primary["ranking"]["stability"]["p_rank"]) == 3
    assert primary["contrasts"][0]["relevance"]["equivalence"]["margin"] == 0.02
    assert primary["contrasts"][0]["mean_bca"]["method"] == "BCa"
    assert content["settings"]["margin"] == {"dice": 0.02}
    assert {row["kind"] for row in content["checks"]} >= {"test", "patient left out"}
