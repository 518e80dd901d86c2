"""What a reader meets first: what weakens the result, the designs at a glance, published scores."""

from __future__ import annotations

import re
from html import unescape

import numpy as np
import pandas as pd
import pytest

from ablation.comparison import compare
from ablation.config import resolve
from ablation.config.sections import ComparisonConfig, PublishedScore, ReportConfig
from ablation.errors import UsageError
from ablation.report import Source, published, write_report
from ablation.report.sections.card import cards
from ablation.report.sections.designs import designs as designs_section
from ablation.report.sections.quote import quote

BASE = np.linspace(0.4, 0.8, 8)
STEPS = np.array([0.02, 0.03, 0.01, 0.02, 0.03, 0.025, 0.015, 0.02])
SOURCE = Source("demo")


def texts(page: str) -> list[list[str]]:
    """The text of a table's cells, line by line."""
    lines = re.findall(r"<tr.*?</tr>", page, re.DOTALL)
    cells = (re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line, re.DOTALL) for line in lines)
    return [[unescape(re.sub("<[^>]+>", " ", c)).strip() for c in line] for line in cells]


def card(designs, **settings):
    (found,) = cards(compare(designs, ComparisonConfig(**settings)))
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
    return found, {row["design"].text: row for row in rows}


@pytest.fixture
def pair(design):
    return [
        design("a", BASE + STEPS, parameters=31042369, study_seconds=86400.0, device="GPU"),
        design("b", BASE),
    ]


def test_a_row_for_each_design(pair):
    found, rows = card(pair)
    assert found.columns == (
        *("design", "Dice", "SD", "median", "HD95 (mm) median", "missed", "difference to a"),
        *("p, Wilcoxon exact", "parameters", "ms per case", "trials", "training time"),
    )
    assert rows["b"]["Dice"].text == "0.600"
    assert rows["b"]["Dice"].below == "0.483 to 0.717"
    assert (rows["b"]["difference to a"].text, rows["b"]["difference to a"].below) == (
        "-0.021",
        "-0.027 to -0.015",
    )
    assert rows["b"]["p, Wilcoxon exact"].text == "0.00781"
    assert rows["a"]["difference to a"].text == ""
    assert rows["a"]["missed"].text == "0 of 8"
    assert rows["a"]["parameters"].text == "31,042,369"
    spent = rows["a"]["training time"]
    assert (spent.text, spent.below) == ("24.0 h", "GPU")
    assert rows["b"]["training time"].text == "10 min"


def test_the_reference_stands_where_there_is_one(pair):
    found, rows = card(pair, reference="b")
    assert found.against == "b"
    assert rows["a"]["difference to b"].text == "+0.021"
    assert rows["a"]["difference to b"].below == "+0.015 to +0.027"


def test_the_best_of_a_distance_is_the_lowest(pair):
    found, rows = card(pair, metric="hd95", secondary=())
    assert found.against == "a"
    assert rows["b"]["difference to a"].text == "+0.21"


def test_several_comparisons_have_their_adjusted_p(design):
    designs = [design(name, BASE + i * STEPS) for i, name in enumerate("abc")]
    found, rows = card(designs)
    assert found.against == "c"
    assert "Holm p" in found.columns
    assert rows["a"]["Holm p"].text == "0.0234"
    assert "Holm p" not in card(designs, correction="none")[0].columns


def test_what_nobody_states_has_no_column(table):
    from ablation.comparison import Design

    bare = [Design("a", (table(BASE + STEPS),)), Design("b", (table(BASE),))]
    assert card(bare)[0].columns[-1] == "p, Wilcoxon exact"


def test_one_design(design):
    found, rows = card([design("a", [0.6])])
    assert "difference to a" not in found.columns
    assert rows["a"]["Dice"].below == ""


def test_the_gap_to_validation(design, table):
    held = table([0.9, 0.9]).assign(split="validation", patient=["v0", "v1"], case=["v0", "v1"])
    whole = pd.concat([table(BASE), held.assign(truth_hash=["x", "y"])], ignore_index=True)
    cell = card([design("a", whole)])[1]["a"]["validation Dice"]
    assert (cell.text, cell.below) == ("0.900", "-0.300")


def test_each_target_has_its_card(html, design, table):
    both = pd.concat([table(BASE), table(BASE / 2).assign(target="TC")], ignore_index=True)
    found = cards(compare([design("a", both)], ComparisonConfig()))
    assert [one.target for one in found] == ["mean over targets", "TC", "WT"]
    assert [one.rows[0][1].text for one in found] == ["0.450", "0.300", "0.600"]
    page = html(designs_section(compare([design("a", both)], ComparisonConfig()), SOURCE))
    assert "<h3>Mean over targets of each case, described and not tested</h3>" in page
    assert "<details><summary>Target TC</summary>" in page
    assert "<details><summary>Target WT</summary>" in page


def test_published_scores_are_shown_and_never_tested(html, pair, tmp_path):
    literature = (
        PublishedScore(
            name="nn<U>", metric="dice", value=0.887, sd=0.1, n=219, source="A & B 2021"
        ),
        PublishedScore(name="other", metric="hd95", value=5.2),
    )
    comparison = compare(pair, ComparisonConfig())
    with_them = write_report(comparison, Source("demo", literature=literature), tmp_path / "with")
    without = write_report(comparison, SOURCE, tmp_path / "without")
    lines = texts(html(designs_section(comparison, Source("demo", literature=literature))))
    assert lines[-2] == [
        "nn<U>",
        "0.887",
        "0.100",
        "published, not compared here: n\u00a0=\u00a0219, A & B 2021",
    ]
    assert lines[-1] == ["other", "", "", "published, not compared here: HD95 5.20"]
    for one, other in zip(with_them, without, strict=True):
        changes = one.name in ("index.html", "comparison.json")
        assert (one.read_bytes() != other.read_bytes()) == changes, one.name


def test_published_scores_where_columns_are_missing(html, design, table):
    row = PublishedScore(name="x", metric="dice", value=0.887, sd=0.1)
    source = Source("demo", literature=(row,))
    one = compare([design("a", [0.6])], ComparisonConfig())
    lines = texts(html(designs_section(one, source)))
    assert lines[0][:3] == ["design", "Dice", "median"]
    assert lines[-1] == ["x", "0.887", "published, not compared here"]
    both = pd.concat([table(BASE), table(BASE / 2).assign(target="TC")], ignore_index=True)
    body = html(designs_section(compare([design("a", both)], ComparisonConfig()), source))
    assert body.count("published, not compared here: Dice 0.887 (SD 0.100)") == 1
    assert body.index("</table>") < body.index("published")


def test_literature_of_a_configuration(tmp_path):
    file = tmp_path / "ablate.toml"
    file.write_text(
        '[[report.literature]]\nname = "nnU-Net"\nmetric = "dice"\nvalue = 0.89\nn = 219\n'
        '[[report.literature]]\nname = "other"\nmetric = "hd95"\nvalue = 5\n'
    )
    rows = published(resolve(file=file).config.report)
    assert [(row.name, row.value, row.n) for row in rows] == [
        ("nnU-Net", 0.89, 219),
        ("other", 5, None),
    ]
    assert published(ReportConfig()) == ()


@pytest.mark.parametrize(
    ("lines", "message", "hint"),
    [
        ('name = "x"\nmetric = "dice"\nvalu = 1', "unknown key report.literature.0.valu", "value?"),
        ('name = "x"\nmetric = "dice"', "report.literature.0.value is missing", ""),
        ('name = "x"\nmetric = "dice"\nvalue = "much"', "report.literature.0.value = 'much'", ""),
        (
            'name = "x"\nmetric = "dise"\nvalue = 1',
            "x: unknown metric 'dise'",
            "Did you mean dice?",
        ),
        ('name = "x"\nmetric = "dice"\nvalue = 89.1', "x: dice 89.1", "between 0 and 1"),
        ('name = "x"\nmetric = "dice"\nvalue = 0.8\nsd = 7.5', "x: dice 0.8", "between 0 and 1"),
        ('name = "x"\nmetric = "hd95"\nvalue = -1', "x: hd95 -1", ""),
    ],
)
def test_a_wrong_row_is_named_with_the_nearest_key(tmp_path, lines, message, hint):
    file = tmp_path / "ablate.toml"
    file.write_text(f"[[report.literature]]\n{lines}\n")
    with pytest.raises(UsageError) as caught:
        published(resolve(file=file).config.report)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_a_wrong_key_beside_it_too(tmp_path):
    file = tmp_path / "ablate.toml"
    file.write_text("[report]\nliteratur = []\n")
    with pytest.raises(UsageError, match=r"report\.literatur") as caught:
        resolve(file=file)
    assert "report.literature" in caught.value.hint


def test_the_box_is_there_only_where_something_weakens_the_result(html, design, table):
    thrice = [table(BASE + shift) for shift in (-0.001, 0.0, 0.001)]
    better = [one.assign(dice=one["dice"] + STEPS) for one in thrice]
    fair = compare([design("a", *better), design("b", *thrice)], ComparisonConfig(secondary=()))
    assert [one.text for one in fair.cautions] == ["Very small test set: 8 patients."]
    left_out = Source("demo", superseded=("unet final-7",))
    body = html(quote(fair, left_out))
    assert body.index("Very small") < body.index("superseded by newer finals: unet final-7")
    assert '<span class="mark note">' in body
    more = np.linspace(0.4, 0.8, 12)
    calm = [
        design(name, *(table(more + gain + shift) for shift in (-0.001, 0, 0.001)))
        for name, gain in (("a", np.linspace(0.01, 0.03, 12)), ("b", 0))
    ]
    assert quote(compare(calm, ComparisonConfig(secondary=())), SOURCE) is None


def test_nothing_is_said_twice_on_the_page(design, tmp_path):
    designs = [design("a", BASE + STEPS, trials=50), design("b", BASE)]
    source = Source("demo", superseded=("unet final-7",))
    page = write_report(compare(designs, ComparisonConfig()), source, tmp_path)[0].read_text()
    body = page[: page.index("<script>")]
    for text in (
        "superseded by newer finals",
        "One training run per design",
        "Very small test set",
    ):
        assert body.count(text) == 1, text
