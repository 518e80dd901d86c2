"""Permutations, median, equivalence, Bayes, seeds, clusters: references, hand values, edges."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import DescrStatsW

from ablation.statistics.bayes import bayesian_signed_rank
from ablation.statistics.clusters import clustering
from ablation.statistics.disagreement import mean_and_rank_disagree
from ablation.statistics.effects import cohens_dav, cohens_dz, hodges_lehmann
from ablation.statistics.equivalence import tost
from ablation.statistics.median import median_interval, order_ranks
from ablation.statistics.multiplicity import benjamini_hochberg
from ablation.statistics.noncentral import noncentral_t_cdf
from ablation.statistics.paired import mean_interval, paired_t, signed_rank
from ablation.statistics.permutation import monte_carlo_p, sign_flip, sign_test
from ablation.statistics.profile import performance_profile
from ablation.statistics.rank_biserial import rank_biserial
from ablation.statistics.repeats import (
    corrected_resampled_t,
    crossed,
    expected_best_of,
    mean_squares,
    unpaired_seeds,
)

D8 = [0.03, -0.01, 0.05, 0.02, 0.04, -0.005, 0.07, 0.06]
RNG = np.random.default_rng(7)
steps = st.lists(st.integers(-6, 6), min_size=1, max_size=9).map(lambda xs: [x / 100 for x in xs])


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@given(steps)
@settings(max_examples=60, deadline=None)
def test_sign_flips_equal_enumeration(d):
    sums = [sum(s * abs(x) for s, x in zip(f, d, strict=True)) for f in signs(len(d))]
    far = np.mean([abs(round(x, 10)) >= abs(round(sum(d), 10)) for x in sums])
    up = np.mean([round(x, 10) >= round(sum(d), 10) for x in sums])
    result = sign_flip(d, rng())
    assert (result.p_two_sided, result.p_greater) == pytest.approx((far, up), abs=1e-12)
    assert sign_flip([-x for x in d], rng()).p_two_sided == result.p_two_sided


def signs(n: int) -> itertools.product:
    return itertools.product((1, -1), repeat=n)


def test_sign_flips_of_many_patients_are_drawn():
    d = RNG.normal(0.03, 0.1, 40)
    result = sign_flip(d, rng())
    assert (result.exact, result.flips) == (False, 20_000)
    assert result.p_two_sided == pytest.approx(
        stats.permutation_test(
            (d,), np.mean, permutation_type="samples", n_resamples=20_000, rng=rng()
        ).pvalue,
        abs=0.02,
    )
    assert sign_flip(d + 10, rng()).p_two_sided == monte_carlo_p(0, 20_000)


def test_sign_test_edges():
    assert sign_test([0.0, 0.0]).p_two_sided == 1.0
    assert sign_test([0.1]).p_two_sided == 1.0
    assert sign_test([0.1, 0.0, 0.2, -0.1]).n_nonzero == 3


@pytest.mark.parametrize("n", [1, 2, 5, 6, 9, 20, 51])
def test_order_ranks_cover_by_the_binomial(n):
    ranks = order_ranks(n)
    if n < 6:
        assert ranks.low == 0
        assert ranks.level == pytest.approx(max(0.0, 1 - 2 ** (1 - n)))
        assert median_interval(list(range(n))).low is None
        return
    covered = stats.binom.cdf(ranks.high - 1, n, 0.5) - stats.binom.cdf(ranks.low - 1, n, 0.5)
    assert ranks.level == pytest.approx(covered)
    assert ranks.level >= 0.95
    assert 1 - 2 * stats.binom.cdf(ranks.low, n, 0.5) < 0.95  # the next narrower pair is not enough


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
@settings(max_examples=30, deadline=None)
def test_benjamini_hochberg_equals_statsmodels(p):
    assert benjamini_hochberg(p) == pytest.approx(multipletests(p, method="fdr_bh")[1], abs=1e-12)


def test_noncentral_t_equals_scipy_where_scipy_has_a_value():
    cases = [
        (t, df, shift)
        for t in (-30.0, -3.0, -0.1, 0.0, 0.5, 2.0, 9.0, 80.0)
        for df in (1, 2, 7, 30, 400)
        for shift in (-4.0, 0.0, 1.5, 8.0)
    ]
    compared = 0
    for t, df, shift in cases:
        theirs = stats.nct.cdf(t, df, shift)
        if np.isfinite(theirs):
            compared += 1
            assert noncentral_t_cdf(t, df, shift) == pytest.approx(theirs, abs=1e-8)
    assert compared > 100


def test_the_interval_of_d_z_exists_where_scipy_has_none():
    effect = cohens_dz([-0.02, -0.03, -0.03, -0.04])
    assert effect.low < effect.d_z < effect.high < 0
    n, t = 4, effect.d_z * 2
    assert noncentral_t_cdf(t, n - 1, effect.low * 2) == pytest.approx(0.975, abs=1e-9)
    assert noncentral_t_cdf(t, n - 1, effect.high * 2) == pytest.approx(0.025, abs=1e-9)


def test_tost_equals_statsmodels():
    d = RNG.normal(0.001, 0.01, 15)
    p, lower, upper = DescrStatsW(d).ttost_mean(-0.008, 0.008)
    ours = tost(d, 0.008)
    assert (ours.p, ours.p_lower, ours.p_upper) == pytest.approx((p, lower[1], upper[1]))
    assert ours.equivalent == (ours.low > -0.008 and ours.high < 0.008)


@given(steps.filter(lambda d: len(set(d)) > 1), st.sampled_from([0.01, 0.05]))
@settings(max_examples=40, deadline=None)
def test_equivalence_is_the_interval_within_the_margin(d, margin):
    result, back = tost(d, margin), tost([-x for x in d], margin)
    assert result.equivalent == (-margin < result.low and result.high < margin)
    assert (result.p, result.p_lower) == pytest.approx((back.p, back.p_upper))
    assert not result.equivalent or result.non_inferior


@pytest.mark.parametrize("d", [[0.1], [0.0, 0.0, 0.0], [0.1, 0.1, 0.1]])
def test_equivalence_without_spread_is_not_claimed(d):
    result = tost(d, 1.0)
    assert (result.p, result.low, result.equivalent, result.non_inferior) == (
        None,
        None,
        False,
        False,
    )


@pytest.mark.parametrize("margin", [0.0, -0.1, math.nan])
def test_a_margin_is_a_size(margin):
    with pytest.raises(ValueError, match="margin"):
        tost(D8, margin)


def test_bayes_against_pairs_taken_one_by_one():
    d = [0.03, -0.012, 0.051, 0.0, 0.022]
    ours = bayesian_signed_rank(d, 0.013, rng(), 4000)
    values = np.array([*d, 0.0])
    weights = rng().dirichlet([1, 1, 1, 1, 1, 0.5], 4000)
    sums = values[:, None] + values[None, :]
    better = np.einsum("di,ij,dj->d", weights, sums > 0.026, weights)
    worse = np.einsum("di,ij,dj->d", weights, sums < -0.026, weights)
    assert ours.theta.better == pytest.approx(better.mean(), abs=0.01)
    assert ours.theta.worse == pytest.approx(worse.mean(), abs=0.01)
    largest = np.argmax([worse, 1 - better - worse, better], axis=0)
    assert ours.largest.better == pytest.approx((largest == 2).mean(), abs=0.03)


@given(steps, st.sampled_from([0.0, 0.01, 0.1]))
@settings(max_examples=30, deadline=None)
def test_regions_sum_to_one_and_swap(d, rope):
    there = bayesian_signed_rank(d, rope, rng(), 500)
    assert there.theta.worse + there.theta.rope + there.theta.better == pytest.approx(1)
    assert there.largest.worse + there.largest.rope + there.largest.better == pytest.approx(1)
    back = bayesian_signed_rank([-x for x in d], rope, rng(), 500)
    assert back.theta.better == pytest.approx(there.theta.worse, abs=0.15)  # other draws


def test_bayes_decides_only_when_nearly_sure():
    assert bayesian_signed_rank([0.1] * 12, 0.01, rng(), 2000).verdict == "better"
    assert bayesian_signed_rank([0.0] * 12, 0.01, rng(), 2000).verdict == "rope"
    assert bayesian_signed_rank([0.1, -0.1] * 6, 0.01, rng(), 2000).verdict == "undecided"
    with pytest.raises(ValueError, match="rope"):
        bayesian_signed_rank(D8, -0.1, rng())


def test_seeds_of_their_own_against_a_simulation():
    n, seeds = 12, 4
    means, variances = [], []
    generator = np.random.default_rng(11)
    for _ in range(800):
        hard = generator.normal(0, 0.1, (n, 1))
        a, b = (
            0.8
            + hard
            + generator.normal(0, 0.03, (1, seeds))
            + generator.normal(0, 0.02, (n, seeds))
            for _ in range(2)
        )
        recipe = unpaired_seeds(a, b)
        means.append(recipe.mean)
        variances.append(recipe.se**2)
    assert np.mean(variances) == pytest.approx(np.var(means, ddof=1), rel=0.15)


def test_more_randomness_means_a_wider_interval():
    table = np.array([[0.02, 0.03, 0.01], [0.05, 0.06, 0.03], [-0.01, 0.01, -0.02]])
    result = crossed(table)
    assert result.recipe.se > result.recipe.these_weights.sd / math.sqrt(3)
    assert sum(result.shares) == pytest.approx(1)
    same = crossed(np.repeat(table[:, :1], 3, axis=1))  # seeds that change nothing
    assert (same.recipe.low, same.recipe.high) == pytest.approx(
        (same.recipe.these_weights.low, same.recipe.these_weights.high)
    )


def test_seeds_without_any_spread():
    flat = np.full((4, 3), 0.1)
    assert crossed(flat).recipe.low is None
    assert crossed(flat).shares == (0.0, 0.0, 0.0)
    assert unpaired_seeds(flat + 0.1, flat).mean == pytest.approx(0.1)
    assert unpaired_seeds(flat + 0.1, flat).low is None


@pytest.mark.parametrize("table", [[[0.1, 0.2]], [[0.1], [0.2]], [0.1, 0.2], [[0.1, np.nan]] * 2])
def test_one_seed_says_nothing_about_seeds(table):
    with pytest.raises(ValueError):
        mean_squares(table)


def test_folds():
    assert corrected_resampled_t([0.01, 0.02, 0.03, 0.04], 0.25).p_two_sided is None
    assert corrected_resampled_t([0.01] * 6, 0.25).t is None
    naive = corrected_resampled_t([0.01, 0.02, 0.03, 0.04, 0.02], 0.0)
    theirs = stats.ttest_1samp([0.01, 0.02, 0.03, 0.04, 0.02], 0.0)
    assert (naive.t, naive.p_two_sided) == pytest.approx((theirs.statistic, theirs.pvalue))


def test_the_best_of_one_is_no_better():
    assert expected_best_of(1) == pytest.approx(0.0, abs=1e-12)


def test_unequal_clusters():
    # Worked by hand: groups of 1, 2 and 3 cases.
    groups = [[1.0], [2.0, 4.0], [5.0, 6.0, 7.0]]
    result = clustering(groups)
    assert result.ms_within == pytest.approx((2 + 2) / 3)
    grand = 25 / 6
    between = ((1 - grand) ** 2 + 2 * (3 - grand) ** 2 + 3 * (6 - grand) ** 2) / 2
    assert result.ms_between == pytest.approx(between)
    size = (6 - 14 / 6) / 2
    icc = (between - 4 / 3) / (between + (size - 1) * 4 / 3)
    assert result.icc == pytest.approx(icc)
    assert result.design_effect == pytest.approx(1 + (14 / 6 - 1) * icc)
    assert result.n_effective == pytest.approx(6 / result.design_effect)


@pytest.mark.parametrize("groups", [[[1.0, 2.0]], [[1.0], [2.0]], [[1.0, 1.0], [1.0, 1.0]]])
def test_likeness_that_cannot_be_estimated(groups):
    assert clustering(groups) is None


def test_likeness_below_0_does_not_add_cases():
    result = clustering([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    assert result.icc < 0
    assert (result.design_effect, result.n_effective) == (1.0, 6.0)


def test_profile_falls():
    values = RNG.uniform(size=20)
    shares = performance_profile(values, np.linspace(0, 1, 11))
    assert all(a >= b for a, b in itertools.pairwise(shares))
    assert performance_profile([0.5, 0.5], [0.5]) == (0.0,)


def disagree(d: list[float]) -> bool:
    return mean_and_rank_disagree(paired_t(d), signed_rank(d), hodges_lehmann(d))


def test_when_mean_and_ranks_disagree():
    assert disagree([0.05] * 13 + [-0.8])  # other signs
    assert disagree([0.05] * 9 + [0.06] + [-0.4] * 1)  # the ranks alone are significant
    assert not disagree(D8)
    assert not disagree([0.1, -0.1])
    assert not disagree([0.1] * 8)  # t does not exist, the ranks speak alone


EVERY = [
    signed_rank,
    paired_t,
    mean_interval,
    cohens_dz,
    hodges_lehmann,
    rank_biserial,
    median_interval,
    sign_test,
    lambda d: sign_flip(d, rng()),
    lambda d: tost(d, 0.01),
    lambda d: bayesian_signed_rank(d, 0.01, rng(), 100),
    lambda d: cohens_dav(d, np.zeros(len(d))),
    lambda d: corrected_resampled_t(d, 0.1),
]


@pytest.mark.parametrize("function", EVERY)
@pytest.mark.parametrize("bad", [[], [0.1, math.nan], [math.inf]])
def test_nothing_is_dropped_silently(function, bad):
    with pytest.raises(ValueError):
        function(bad)


@pytest.mark.parametrize("function", EVERY)
@pytest.mark.parametrize("d", [[0.1], [0.1, 0.3], [0.0] * 5, [0.1] * 5, [-0.2, 0.0, 0.0, 0.1, 0.3]])
def test_few_patients_zeros_and_equal_differences_have_an_answer(function, d):
    result = function(d)
    values = [getattr(result, name) for name in result.__dataclass_fields__]
    assert not any(isinstance(value, float) and math.isnan(value) for value in values)
