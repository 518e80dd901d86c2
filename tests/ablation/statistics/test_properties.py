"""What must hold for any differences, and for independent implementations of the same test."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

from ablation.statistics.effects import cohens_dz, hodges_lehmann, superiority
from ablation.statistics.multiplicity import holm
from ablation.statistics.paired import paired_t, signed_rank
from ablation.statistics.permutation import sign_flip
from ablation.statistics.power import minimum_detectable_effect, patients_needed, power_paired_t
from ablation.statistics.rank_biserial import rank_biserial

# Hundredths: ties and zeros are frequent, as they are between similar designs.
steps = st.lists(st.integers(-6, 6), min_size=1, max_size=9).map(lambda xs: [x / 100 for x in xs])
p_values = st.lists(st.floats(0, 1), min_size=1, max_size=12)


def by_enumeration(d: list[float]) -> float:
    """The two-sided p of Pratt's test from all 2^n sign flips."""
    ranks = stats.rankdata(np.abs(d))
    seen = sum(r for r, x in zip(ranks, d, strict=True) if x > 0)
    moving = [r for r, x in zip(ranks, d, strict=True) if x != 0]
    sums = np.array([sum(flip) for flip in itertools.product(*[(0, r) for r in moving])])
    return min(1.0, 2 * min((sums <= seen + 1e-9).mean(), (sums >= seen - 1e-9).mean()))


@given(steps)
@settings(max_examples=60, deadline=None)
def test_signed_rank_equals_enumeration(d):
    assert signed_rank(d).p_two_sided == pytest.approx(by_enumeration(d), abs=1e-12)


@given(steps)
@settings(max_examples=60, deadline=None)
def test_swapping_the_designs_turns_every_sign(d):
    swapped = [-x for x in d]
    there, back = signed_rank(d), signed_rank(swapped)
    assert there.p_two_sided == back.p_two_sided
    assert (there.w_plus, there.p_greater) == (back.w_minus, back.p_less)
    assert paired_t(d).interval.mean == pytest.approx(-paired_t(swapped).interval.mean)
    assert hodges_lehmann(d).estimate == pytest.approx(-hodges_lehmann(swapped).estimate)
    assert superiority(d).share == pytest.approx(1 - superiority(swapped).share)


@given(steps, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_patients_does_not_matter(d, random):
    mixed = list(d)
    random.shuffle(mixed)
    assert signed_rank(d) == signed_rank(mixed)
    assert hodges_lehmann(d) == hodges_lehmann(mixed)


@given(steps, st.sampled_from([0.5, 2.0, 10.0]))
@settings(max_examples=40, deadline=None)
def test_the_unit_does_not_matter(d, factor):
    scaled = [factor * x for x in d]
    assert signed_rank(d).p_two_sided == signed_rank(scaled).p_two_sided
    one, other = cohens_dz(d).d_z, cohens_dz(scaled).d_z
    assert one is other is None or one == pytest.approx(other)
    assert rank_biserial(d).value == rank_biserial(scaled).value
    flips = [sign_flip(x, np.random.default_rng(0)).p_two_sided for x in (d, scaled)]
    assert flips[0] == flips[1]
    before, after = paired_t(d).interval, paired_t(scaled).interval
    if before.low is not None:
        assert (after.low, after.high) == pytest.approx((factor * before.low, factor * before.high))


@given(steps)
@settings(max_examples=60, deadline=None)
def test_p_is_a_probability_and_intervals_hold_their_estimate(d):
    assert 0 < signed_rank(d).p_two_sided <= 1
    t, effect, shift = paired_t(d), cohens_dz(d), hodges_lehmann(d)
    if t.interval.low is not None:
        assert t.interval.low <= t.interval.mean <= t.interval.high
    if effect.low is not None:
        assert effect.low <= effect.d_z <= effect.high
    if shift.low is not None:
        assert shift.low <= shift.estimate <= shift.high
        assert shift.attained_level >= 0.95


@given(p_values)
@settings(max_examples=30, deadline=None)
def test_holm_equals_statsmodels(p):
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], abs=1e-12)


@given(p_values)
@settings(max_examples=30, deadline=None)
def test_holm_keeps_the_order_and_never_lowers_p(p):
    adjusted = holm(p)
    assert all(a >= b for a, b in zip(adjusted, p, strict=True))
    for (p1, a1), (p2, a2) in itertools.combinations(zip(p, adjusted, strict=True), 2):
        assert (a1 <= a2) if p1 < p2 else True


@pytest.mark.parametrize("n", [3, 5, 12, 40])
@pytest.mark.parametrize("d_z", [0.2, 0.8])
def test_power_equals_statsmodels(n, d_z):
    reference = TTestPower().power(d_z, n, 0.05, alternative="two-sided")
    assert power_paired_t(n, d_z) == pytest.approx(reference, abs=1e-8)


@pytest.mark.parametrize("n", [2, 3, 8, 60])
def test_the_detectable_effect_has_the_power_asked_for(n):
    assert power_paired_t(n, minimum_detectable_effect(n)) == pytest.approx(0.8, abs=1e-6)


def test_one_patient_detects_nothing():
    assert minimum_detectable_effect(1) == math.inf


@pytest.mark.parametrize(("m", "n"), [(1, 6), (3, 7), (6, 8), (10, 9), (45, 11)])
def test_patients_needed(m, n):
    assert patients_needed(m) == n


@pytest.mark.parametrize("bad", [[], [0.1, math.nan], [math.inf]])
@pytest.mark.parametrize(
    "function", [signed_rank, paired_t, cohens_dz, hodges_lehmann, superiority]
)
def test_nothing_is_dropped_silently(function, bad):
    with pytest.raises(ValueError):
        function(bad)


def test_five_hundred_patients_are_still_exact():
    d = np.random.default_rng(0).normal(0.1, 1, 500)
    result = signed_rank(d)
    assert result.exact
    assert result.p_two_sided == pytest.approx(stats.wilcoxon(d, method="exact").pvalue, rel=1e-6)


@pytest.mark.slow
def test_intervals_cover_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(1)
    d = rng.normal(0.5, 1.0, (1500, 8))
    effects = [cohens_dz(row) for row in d]
    assert np.mean([e.low <= 0.5 <= e.high for e in effects]) == pytest.approx(0.95, abs=0.02)
    means = [paired_t(row).interval for row in d]
    assert np.mean([i.low <= 0.5 <= i.high for i in means]) == pytest.approx(0.95, abs=0.02)
