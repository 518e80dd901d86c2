"""The methods paragraph names every choice that was made, and cites sources that exist."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pandas as pd
import pytest

from ablation.comparison import Design, compare
from ablation.config.sections import ComparisonConfig
from ablation.fairness import FairnessFacts
from ablation.metrics.registry import METRICS
from ablation.report import Source
from ablation.report.methods import bibliography, methods
from ablation.report.methods.references import ENTRY

BASE = np.linspace(0.4, 0.8, 12)
GAIN = np.array([0.02, 0.03, 0.01, 0.02, 0.03, 0.025, 0.015, 0.02, 0.004, 0.011, 0.018, 0.009])
BIB = files("ablation.report.methods").joinpath("references.bib").read_text("utf-8")


@pytest.fixture
def pair(design):
    return [design("a", BASE + GAIN), design("b", BASE)]


def paragraph(designs, **settings) -> str:
    return methods(compare(designs, ComparisonConfig(**settings)), Source("demo"))


def test_defaults(pair):
    text = paragraph(pair)
    for part in (
        "chosen on validation patients with Optuna [@akiba2019]; trials allowed: 20; epochs allowed",
        "scored on the same 12 test patients, which neither training nor tuning had seen",
        "Each design was trained once",
        "primary metric was Dice, secondary HD95 (mm), of target WT",
        "a missed tumour scored 0 and, in distances, the diagonal of its scan",
        "two-sided Wilcoxon signed-rank test [@wilcoxon1945] with the exact null distribution",
        "zeros by Pratt [@pratt1959]",
        "not adjusted (one planned comparison)",
        "95 % t intervals",
        "Cohen's d_z",
        "seeded with 20260101",
        "scipy ",
    ):
        assert part in text, part


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"primary_test": "t"}, "the two-sided paired t test, not adjusted"),
        ({"primary_test": "signflip"}, "by all sign flips [@phipson2010]"),
        (
            {"alternative": "greater", "reference": "b"},
            (
                "the one-sided Wilcoxon signed-rank test [@wilcoxon1945] with the exact null distribution "
                "given ties and zeros by Pratt [@pratt1959], for designs better than b"
            ),
        ),
        ({"level": 0.9}, "90 % t intervals"),
        ({"level": 0.9}, "p < 0.1 taken as significant"),
        ({"empty": "brats"}, "All cases were analysed; a missed tumour and a false alarm scored 0"),
        ({"empty": "exclude"}, "its distance was left out for every design"),
        (
            {"margin": {"dice": 0.02}},
            "two one-sided tests [@schuirmann1987], by t and by sign flips",
        ),
        ({"margin": {"dice": 0.02}}, "the margin (Dice 0.02)"),
        ({"margin": {"dice": 0.02}}, "[@benavoli2014; @benavoli2017] with 50,000 draws"),
        ({"metric": "hd95", "secondary": ()}, "primary metric was HD95 (mm), of target"),
        ({"seed": 7}, "seeded with 7"),
    ],
)
def test_every_setting_is_named(pair, settings, part):
    assert part in paragraph(pair, **settings)


def test_more_than_two_designs(design):
    designs = [design(name, BASE + i * GAIN) for i, name in enumerate("abc")]
    text = paragraph(designs)
    assert "adjusted by Holm [@holm1979] over 3 planned comparisons (all pairs of designs)" in text
    for correction, words in (
        ("bh", "adjusted by Benjamini and Hochberg [@benjamini1995]"),
        (
            "none",
            "unadjusted over 3 planned comparisons (all pairs of designs) of the primary metric",
        ),
    ):
        assert words in paragraph(designs, correction=correction)
    assert "[@friedman1937; @iman1980]" in text
    assert "over 2 planned comparisons (every design against a)" in paragraph(
        designs, reference="a"
    )


def test_several_targets(design, table):
    both = pd.concat([table(BASE), table(BASE - 0.1).assign(target="TC")], ignore_index=True)
    more = pd.concat([table(BASE + GAIN), table(BASE).assign(target="TC")], ignore_index=True)
    text = paragraph([design("a", more), design("b", both)])
    assert "of each of the targets TC, WT" in text
    assert "the targets TC and WT are one family" in text
    assert "each secondary metric over all targets is a family of its own" in text
    planned = paragraph([design("a", more), design("b", both)], primary_target="WT")
    assert "the primary target was WT" in planned


def test_cases_taken_as_independent(design, table):
    frames = [table(BASE + g).assign(patient=[f"p{i // 3}" for i in range(12)]) for g in (GAIN, 0)]
    text = paragraph([design("a", frames[0]), design("b", frames[1])], unit="case")
    assert "nothing was tested" in text
    assert "wilcoxon" not in text


def test_cases_that_one_design_lacks(design, table):
    short = table(BASE).drop(index=[2])
    text = paragraph([design("a", BASE + GAIN), design("b", short)], missing="intersection")
    assert "cases that every design was scored on" in text
    assert "b lacks p2 WT" in text


def test_seeds_budgets_that_differ_and_missed_tumours(design, table):
    missed = table([0.0, *BASE[1:]], {0: "missed"})
    text = paragraph([design("a", BASE, BASE + GAIN, trials=50), design("b", missed)])
    assert "trials allowed: a 50, b 20" in text
    assert "Averaged over trainings patient by patient (a 2, b 1)" in text
    assert (
        "Missed cases (truth, but an empty prediction), counted over all trainings: a 0 of 24, b 1 of 12."
        in text
    )
    assert "[@clopper1934]" in text


def test_what_is_not_known_is_not_claimed(design, table):
    designs = [design("a", BASE + GAIN), Design("nnunet", (table(BASE),))]
    text = paragraph(designs)
    assert (
        "Scores of nnunet are as given in the tables; training and tuning data not stated, "
        "number of training runs not stated." in text
    )
    assert "12 test patients, which neither training nor tuning of a had seen." in text
    assert "Trained once: a; conclusions" in text
    on_test = paragraph([design("a", BASE, selected_on="test"), design("b", BASE + GAIN)])
    assert "had seen" not in on_test


def test_of_tables_only_what_they_say(design, table):
    text = paragraph([Design("x", (table(BASE + GAIN),)), Design("y", (table(BASE),))])
    assert text.startswith(
        "Scores of x and y are as given in the tables; training and tuning data not stated, "
        "number of training runs not stated. All designs were scored on the same 12 patients."
    )
    for claim in ("Optuna", "TensorFlow", "trained once", "had seen", "test patients", "tumour"):
        assert claim not in text, claim


def test_masks_of_others_were_scored_here(design, table):
    masks = Design("x", (table(BASE),), FairnessFacts(imported="masks"))
    assert "Masks of x come from other programs and were scored here" in paragraph([masks])


def test_the_rule_for_empty_masks_is_named_where_it_decided_something(table):
    missed = table([0.0, *BASE[1:]], {0: "missed"})
    text = paragraph([Design("x", (missed,)), Design("y", (table(BASE),))])
    assert "a missed tumour scored 0 and, in distances, the diagonal" in text


def test_a_ratio_that_is_better_when_lower_has_no_zero_for_the_missed(table):
    fnr = replace(METRICS["recall"], name="fnr", label="FNR", higher_is_better=False, function=None)
    frame = table(BASE, {0: "missed"}).assign(fnr=1 - BASE)
    designs = [Design(name, (frame,)) for name in "xy"]
    known = {"fnr": fnr}
    result = compare(designs, ComparisonConfig(metric="fnr", secondary=()), known)
    text = methods(result, Source("demo"))
    assert "a missed tumour scored the worst value" in text


def test_intervals_by_resampling_are_named(pair, table):
    few = paragraph(pair)
    assert "Intervals of d_av are BCa [@efron1987]" in few
    more = np.linspace(0.4, 0.8, 16)
    gain = np.where(np.arange(16) % 3, 0.01, -0.02) * (1 + np.arange(16))
    text = methods(
        compare(
            [Design(n, (table(more + g),)) for n, g in (("x", gain), ("y", 0))], ComparisonConfig()
        ),
        Source("demo"),
    )
    assert (
        "Intervals of the mean difference (beside t), d_av, the rank-biserial correlation are BCa"
        in text
    )


def test_cross_validation(design, table):
    folds = [f"{i % 4 + 1}/4" for i in range(12)]
    crossed = [design(n, table(BASE + g, fold=folds)) for n, g in (("a", GAIN), ("b", 0))]
    text = paragraph(crossed)
    assert "the same 12 test patients (by nested 4-fold cross-validation)." in text
    assert (
        "each patient was tested once by a model neither trained nor tuned on that patient" in text
    )
    mixed = paragraph([crossed[0], design("b", BASE)])
    assert "scored on the same 12 test patients. " in mixed
    assert "trained on different patients" in mixed


def test_a_late_choice_is_part_of_the_methods(design):
    designs = [design(n, BASE + g, planned_metric="dice") for n, g in (("a", GAIN), ("b", 0))]
    assert "chosen after the results were seen" in paragraph(designs, metric="hd95")
    assert "after the results" not in paragraph(designs)


def test_one_design_is_described_and_nothing_is_tested(design):
    text = paragraph([design("a", [0.5, 0.6])], secondary=())
    assert "It was scored on 2 test patients" in text
    for word in ("Wilcoxon", "Holm", "diagonal", "same"):
        assert word not in text


def test_the_bibliography_holds_what_is_cited_and_nothing_else(pair):
    text = paragraph(pair, margin={"dice": 0.02})
    cited = set(re.findall(r"@([a-z]+\d{4})", text))
    listed = [found[1] for found in ENTRY.finditer(bibliography(text))]
    assert set(listed) == cited
    assert len(listed) == len(cited)
    assert bibliography("nothing cited") == ""


def test_every_stored_source_is_whole():
    entries = {found[1]: found[0] for found in ENTRY.finditer(BIB)}
    assert BIB.count("@") == len(entries)
    for key, entry in entries.items():
        fields = dict(re.findall(r"^  (\w+) = \{(.*)\},$", entry, re.MULTILINE))
        assert fields.keys() >= {"author", "title", "year"}, key
        assert {"journal", "booktitle"} & fields.keys(), key
        assert key.endswith(fields["year"])
        assert entry.count("{") == entry.count("}")
