"""The verdict claims no more than the numbers carry; the ledger says what is unfair."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ablation.comparison import Design, compare, p_text
from ablation.comparison.analysis.ledger import ledger
from ablation.config.sections import ComparisonConfig
from ablation.statistics.paired import mean_interval

STEPS = np.array([0.02, 0.03, 0.01, 0.02, 0.03, 0.025, 0.015, 0.02])
DICE = ComparisonConfig(secondary=())
BANNED = re.compile(
    r"trend towards|highly significant|outperform|state of the art|no difference|no effect"
    r"|\bequal\b|comparable|equivalent|settled|p = 0(?:\.0+)?(?![.\d])|\bnan\b|\binf\b|None|\*",
    re.IGNORECASE,
)


def everything(result) -> str:
    verdict = result.verdict
    return " ".join([verdict.headline, *verdict.sentences, *cautions(result)])


def cautions(result) -> list[str]:
    return [one.text for one in result.cautions]


SUPERIOR = (
    "a scored higher than b: typical difference 0.020 Dice (Hodges-Lehmann, 95 % CI 0.015 to "
    "0.028; exact Wilcoxon signed-rank p = 0.00781; a better in 8 of 8 patients; mean difference "
    "0.021, 95 % CI 0.015 to 0.027)."
)


@pytest.mark.parametrize("names", ["ab", "ba"])
def test_superior_names_the_better_one_first(design, names):
    base = np.linspace(0.4, 0.8, 8)
    designs = [design("a", base + STEPS), design("b", base)]
    verdict = compare(designs if names == "ab" else designs[::-1], DICE).verdict
    assert verdict.standing == "superior"
    assert verdict.headline == SUPERIOR


def test_lower_is_better(design):
    base = np.linspace(0.4, 0.8, 8)
    a = base + STEPS
    hd95 = ComparisonConfig(metric="hd95", secondary=())
    verdict = compare([design("a", a), design("b", base)], hd95).verdict
    assert verdict.headline.startswith(
        "a had a lower HD95 than b: typical difference -0.20 mm HD95 (Hodges-Lehmann, 95 % CI "
        "-0.28 to -0.15;"
    )


def test_inconclusive(design):
    b = [0.5, 0.6, 0.7, 0.55, 0.65, 0.75, 0.6, 0.5]
    a = [0.52, 0.58, 0.73, 0.53, 0.66, 0.74, 0.63, 0.49]
    verdict = compare([design("a", a), design("b", b)], DICE).verdict
    assert verdict.standing == "inconclusive"
    t = mean_interval(np.array(a) - b)
    assert verdict.headline.startswith(
        "Inconclusive: the data do not show which of a and b is better; a minus b: typical "
        "difference 0.005 Dice (Hodges-Lehmann, 95 % CI "
    )
    assert f"mean difference 0.004, 95 % CI {t.low:.3f} to {t.high:.3f})" in verdict.headline
    assert verdict.headline.endswith(
        f"Mean differences from {t.low:.3f} to {t.high:.3f} Dice are compatible with these data. No "
        "detectable difference is stated: 8 patients show too little of how differences are spread "
        "(40 are needed)."
    )


def test_two_patients(design):
    result = compare([design("a", [0.6, 0.8]), design("b", [0.5, 0.5])], DICE)
    assert result.verdict.standing == "too few"
    assert result.verdict.headline == (
        "No rank or sign-flip test can fall below p = 0.5 with 2 patients; p < 0.05 needs at least "
        "6 patients. Nothing is decided."
    )
    text = everything(result)
    assert "Observed: mean difference a minus b 0.200 Dice (2 patients, 95 % CI " in text
    assert "one degree of freedom" in text


@pytest.mark.parametrize(("n", "p"), [(1, "1"), (3, "0.25"), (5, "0.0625")])
def test_few_patients(design, n, p):
    rng = np.random.default_rng(n)
    result = compare(
        [design("a", rng.uniform(0.6, 0.9, n)), design("b", rng.uniform(0, 0.3, n))], DICE
    )
    assert result.verdict.standing == "too few"
    assert f"No rank or sign-flip test can fall below p = {p} with" in everything(result)


def test_more_comparisons_need_more_patients(design):
    rng = np.random.default_rng(0)
    designs = [design(name, rng.uniform(0.3, 0.9, 6)) for name in "abc"]
    result = compare(designs, DICE)
    assert result.verdict.standing == "too few"
    assert "needs at least 7 patients with 3 comparisons" in result.verdict.headline


def test_several_comparisons_are_counted(design):
    base = np.linspace(0.3, 0.7, 10)
    steps = np.linspace(0.01, 0.03, 10)
    designs = [
        design("a", base + steps),
        design("b", base),
        design("c", base + np.array([0.01, -0.01] * 5)),
    ]
    verdict = compare(designs, DICE).verdict
    assert verdict.headline == (
        "2 of 3 comparisons show a better design (p < 0.05, Holm over 3). a scored higher than b "
        "and c. Inconclusive: b against c."
    )
    assert len(verdict.sentences) == 3


def test_one_design_claims_nothing(design):
    verdict = compare([design("a", [0.5, 0.6, 0.7])], DICE).verdict
    assert "nothing was tested" in verdict.headline
    assert "mean Dice 0.600 (95 % CI 0.352 to 0.848; 3 patients)" in verdict.sentences[0]


def test_unequal_budgets_open_the_verdict(design):
    base = np.linspace(0.4, 0.8, 8)
    designs = [
        design("a", base + np.linspace(0.01, 0.03, 8), trials=50),
        design("b", base, trials=20),
    ]
    assert compare(designs, DICE).verdict.headline.startswith(
        "With unequal training budgets, a scored higher than b"
    )


def test_settings_chosen_on_test_are_said(design):
    designs = [design("a", [0.5, 0.6], selected_on="test"), design("b", [0.4, 0.5])]
    headline = compare(designs, DICE).verdict.headline
    assert headline.startswith("With settings chosen on test patients, no rank")


def test_mean_and_ranks_that_disagree_are_said(design):
    b = np.full(10, 0.5)
    a = b + np.array([0.05] * 9 + [-0.45])
    result = compare([design("a", a), design("b", b)], DICE)
    assert result.primary.contrasts[0].rank.p_two_sided == pytest.approx(0.091796875)
    more = compare([design("a", np.append(a, [0.55] * 4)), design("b", np.full(14, 0.5))], DICE)
    assert more.verdict.standing == "mean uncertain"
    assert more.verdict.headline.endswith(
        "; the mean difference is uncertain (95 % CI -0.063 to 0.091) because of patient p9."
    )
    steep = np.append(np.full(9, 0.55), 0.0)  # p = 0.0918
    opposed = compare([design("a", steep), design("b", b)], DICE)
    assert (
        "Mean and ranks favour different designs, a few patients differ strongly: "
        "a against b (mean -0.005, Hodges-Lehmann +0.050)." in cautions(opposed)
    )


def test_identical_designs(design):
    values = [0.5, 0.6, 0.7, 0.8, 0.55, 0.65, 0.75]
    result = compare([design("a", values), design("b", values)], DICE)
    assert result.verdict.standing == "inconclusive"
    assert result.verdict.headline == "a and b have the same Dice in all 7 patients."
    assert "Identical Dice in every patient: a against b." in cautions(result)


def test_trainings_that_differ_more_than_designs_are_said(design, table):
    a = design("a", table([0.9] * 4), table([0.1] * 4))
    result = compare([a, design("b", [0.48, 0.49, 0.5, 0.51])], DICE)
    assert "Trainings of one design differ by more than the designs do: a (SD 0.566)." in cautions(
        result
    )


def test_a_metric_chosen_late_is_said(design):
    designs = [design(n, [0.5, 0.6], planned_metric="dice") for n in "ab"]
    late = compare(designs, ComparisonConfig(metric="hd95", secondary=()))
    assert any("chosen after the results were seen (planned: dice)" in t for t in cautions(late))
    assert not any("chosen after" in t for t in cautions(compare(designs, DICE)))


scores = st.lists(st.integers(0, 100).map(lambda x: x / 100), min_size=1, max_size=12)


@given(values=scores, random=st.randoms(use_true_random=False), k=st.integers(1, 4))
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the fixture is a plain function
)
def test_no_sentence_claims_what_is_banned(table, values, random, k):
    designs = [
        Design(
            f"d{i}",
            (
                table(
                    [min(1.0, max(0.0, v + random.choice([-0.05, 0, 0.05, 0.1]))) for v in values]
                ),
            ),
        )
        for i in range(k)
    ]
    text = everything(compare(designs, DICE))
    assert not BANNED.search(text), text


def test_p_is_never_zero():
    assert p_text(1e-30) == "<0.001"
    assert p_text(0.0234567) == "0.0235"
    assert p_text(1.0) == "1"


def colours(*designs) -> dict[str, str]:
    return {row.fact: row.colour for row in ledger(designs)}


def test_a_fair_ledger_has_no_colour(design):
    assert set(colours(design("a", [0.5]), design("b", [0.5])).values()) == {""}


@pytest.mark.parametrize(
    ("fact", "value", "colour"),
    [
        ("trials", 50, "red"),
        ("trials", 22, ""),  # within a tenth
        ("trials", 23, "red"),
        ("epochs_allowed", 24, "red"),
        ("space_size", 5, "red"),
        ("epochs_used", 6, "amber"),
        ("pretrained", "imagenet", "amber"),
        ("precision", "mixed_float16", "amber"),
        ("selected_on", "test", "red"),
        ("selected_on", None, "grey"),
        ("trials", None, "grey"),
        ("parameters", 10**9, ""),
        ("training_data", "LGG", "grey"),  # stated by one design only
    ],
)
def test_colours(design, fact, value, colour):
    assert colours(design("a", [0.5]), design("b", [0.5], **{fact: value}))[fact] == colour
