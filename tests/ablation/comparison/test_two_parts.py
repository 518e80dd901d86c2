"""Missed tumours: detection, then the scores where both found the tumour, and flips of the mean."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from ablation.comparison import compare
from ablation.config.sections import ComparisonConfig
from ablation.report import Source
from ablation.report.methods import methods
from ablation.statistics.permutation import sign_flip

DICE = ComparisonConfig(secondary=())
BASE = np.linspace(0.4, 0.7, 14)


def with_misses(table, dice, missed: tuple[int, ...]):
    scores = np.where(np.isin(np.arange(len(dice)), missed), 0.0, dice)
    return table(scores.tolist(), dict.fromkeys(missed, "missed"))


@pytest.fixture
def result(design, table):
    gain = np.linspace(-0.01, 0.04, 14)
    a = design("a", with_misses(table, BASE + gain, (0,)))
    b = design("b", with_misses(table, BASE, (0, 3, 5, 9, 11)))
    return compare([a, b], DICE)


def test_the_parts_are_detection_and_the_tumours_both_found(result):
    (parts,) = result.two_parts
    assert [(m.count, m.of) for m in parts.missed] == [(1, 14), (5, 14)]
    assert parts.p_missed == pytest.approx(stats.binomtest(4, 4).pvalue)
    kept = [i for i in range(14) if i not in (0, 3, 5, 9, 11)]
    d = np.linspace(-0.01, 0.04, 14)[kept].round(12)
    assert parts.found.mean.n == 9
    assert parts.found.mean.mean == pytest.approx(d.mean())
    assert parts.found.rank.p_two_sided == pytest.approx(
        stats.wilcoxon(d, method="exact", zero_method="pratt").pvalue
    )
    walsh = [(d[i] + d[j]) / 2 for i in range(9) for j in range(i, 9)]
    assert parts.found.shift.estimate == pytest.approx(np.median(walsh))


def test_they_are_said_beside_the_verdict(result):
    (parts,) = result.two_parts
    (text,) = (one for one in result.verdict.sentences if "two parts" in one)
    assert text.startswith(
        "Missed tumours in two parts (p unadjusted): a missed 1 of 14, b 5 of 14 (exact "
        "McNemar p = 0.125); where both found it (9 patients), a minus b: typical difference 0.0"
    )
    assert f"flips of the mean difference: p = {parts.p_flips:.3g}." in text
    assert "studentised, keep the missed tumours" in methods(result, Source("x"))


def test_studentised_flips_are_those_of_the_mean(result):
    d = np.array(result.primary.contrasts[0].d)[:10]

    def t(values):
        return abs(values.mean()) / (values.std(ddof=1) / np.sqrt(values.size))

    reached = [t(d * signs) >= t(d) - 1e-9 for signs in product((-1, 1), repeat=d.size)]
    assert np.mean(reached) == pytest.approx(sign_flip(d, np.random.default_rng(0)).p_two_sided)


def test_nothing_is_said_where_nothing_was_missed(design):
    result = compare([design("a", BASE + 0.01), design("b", BASE)], DICE)
    assert result.two_parts == ()
    assert not any("two parts" in one for one in result.verdict.sentences)


def test_no_tumour_found_by_both(design, table):
    a = design("a", with_misses(table, BASE[:6], (0, 1, 2)))
    b = design("b", with_misses(table, BASE[:6], (3, 4, 5)))
    result = compare([a, b], DICE)
    assert result.two_parts[0].found is None
    assert any("no tumour was found by both" in one for one in result.verdict.sentences)


@pytest.mark.parametrize(
    ("n", "missed", "said"),
    [
        (45, (0, 0), "About 80 % power for a difference of 0.0"),
        (45, (3, 3), "About 80 % power for a difference of 0.0"),  # both miss the same tumour
        (
            45,
            (3, 4),
            "No detectable difference is stated: one design missed tumours that the other",
        ),
        (39, (0, 0), "stated: 39 patients show too little of how differences are spread (40 are"),
    ],
)
def test_a_detectable_difference_is_stated_only_where_it_is_steady(design, table, n, missed, said):
    rng = np.random.default_rng(4)
    base, noise = np.linspace(0.4, 0.7, n), rng.normal(0, 0.02, n)
    scores = (base + noise - noise.mean(), base)
    gone = [(one,) if any(missed) else () for one in missed]
    made = [
        design(name, with_misses(table, dice, own))
        for name, dice, own in zip("ab", scores, gone, strict=True)
    ]
    result = compare(made, DICE)
    assert result.verdict.standing == "inconclusive"
    assert said in result.verdict.headline
    stated = "About" in said
    assert (result.primary.contrasts[0].detectable is not None) == stated
    assert ("The detectable difference was simulated" in methods(result, Source("x"))) == stated
