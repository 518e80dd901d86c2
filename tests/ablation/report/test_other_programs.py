"""The tests as other programs print them: a table of 203 patients and 5 designs, against scipy."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from ablation.comparison import compare
from ablation.config.sections import ComparisonConfig
from ablation.report.formats.other_programs import COLUMNS, wilcoxon_rows
from ablation.report.formats.summary import summary
from ablation.report.source import Source
from ablation.statistics.printed import false_claim

GAINS = {"unet": 0.0, "unetpp": 0.004, "attention": 0.001, "resunet": -0.003, "transunet": 0.012}


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    """Scores of three decimals as published tables have them: ties and equal scores."""
    rng = np.random.default_rng(203)
    difficulty = rng.beta(6, 2, 203)
    return pd.DataFrame(
        {
            name: np.clip(difficulty + gain + rng.normal(0, 0.03, 203), 0, 1).round(3)
            for name, gain in GAINS.items()
        }
    )


def test_w_normal_p_holm_and_friedman_are_in_the_text(scores, design):
    result = compare(
        [design(name, scores[name].to_numpy()) for name in scores], ComparisonConfig(secondary=())
    )
    text = summary(result, Source("mu-glioma"))
    pairs = list(combinations(scores, 2))
    theirs = [stats.wilcoxon(scores[a], scores[b], method="asymptotic") for a, b in pairs]
    stepped = multipletests([one.pvalue for one in theirs], method="holm")[1]
    for (a, b), one, p in zip(pairs, theirs, stepped, strict=True):
        expected = (
            f"{a} vs {b}: n = {(scores[a] != scores[b]).sum()}, W = {one.statistic:g}, "
            f"p = {one.pvalue:.3g} normal, Holm of 10 {p:.3g}; "
        )
        assert expected in text
        corrected = stats.wilcoxon(scores[a], scores[b], method="asymptotic", correction=True)
        assert f"{corrected.pvalue:.3g} with continuity correction" in text
    friedman = stats.friedmanchisquare(*(scores[name] for name in scores))
    assert f"chi2(4) = {friedman.statistic:.5g}, p = {friedman.pvalue:.3g}" in text
    ranks = stats.rankdata(-scores.to_numpy(), axis=1).mean(axis=0)
    plain = 12 * 203 / (5 * 6) * (ranks**2).sum() - 3 * 203 * 6
    assert f"uncorrected {plain:.5g}, p = {stats.chi2.sf(plain, 4):.3g}" in text


def test_large_rank_sums_keep_their_digits(design):
    rng = np.random.default_rng(0)
    base = rng.uniform(0.4, 0.8, 1300)
    a, b = base + rng.normal(0.001, 0.02, 1300).round(4), base
    result = compare([design("a", a), design("b", b)], ComparisonConfig(secondary=()))
    (row,) = wilcoxon_rows("Dice", result.primary.contrasts)
    shown = dict(zip(COLUMNS, row, strict=True))
    assert float(shown["W"]) == result.primary.contrasts[0].printed.statistic > 100_000
    assert shown["Holm of p normal"] == shown["p normal"]


def test_the_false_claim_probability_is_that_of_the_published_formula(scores, design):
    pair = [design(name, scores[name].to_numpy()) for name in ("transunet", "unet")]
    result = compare(pair, ComparisonConfig(secondary=()))
    a, b = scores["transunet"], scores["unet"]
    spread = a.var() + b.var() - 2 * a.corr(b) * a.std() * b.std()
    expected = stats.t.cdf(np.sqrt(203) * (b.mean() - a.mean()) / np.sqrt(spread), 202)
    assert false_claim(result.primary.contrasts[0].d) == pytest.approx(expected)
    shown = "Probability of a false claim (Claims Reloaded): transunet over unet <0.001."
    assert shown in summary(result, Source("x"))
    turned = compare(pair[::-1], ComparisonConfig(secondary=()))
    assert shown in summary(turned, Source("x"))
    assert false_claim([0.1, 0.1, 0.1]) is None
