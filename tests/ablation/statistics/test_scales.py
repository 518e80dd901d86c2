"""Scores of any size: rounding, constant differences, intervals within the bounds of a metric."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ablation.statistics.effects import cohens_dav, cohens_dz, hodges_lehmann
from ablation.statistics.paired import (
    cut_at,
    differences,
    is_constant,
    mean_interval,
    paired_t,
    signed_rank,
)
from ablation.statistics.resampling import patient_counts

TENTHS = np.array([1, 1, 1, -2, 3, -1, 2, 0, 1, -1, 2, 1]) / 10


@pytest.mark.parametrize("size", [1e-9, 0.1, 1.0, 51234.0, 812345.0, 1e8])
def test_ties_do_not_depend_on_the_size_of_the_scores(size):
    base = np.round(np.linspace(0.2, 1, TENTHS.size) * size * 10) / 10 if size > 1 else None
    step = 1.0 if size > 1 else size
    base = np.linspace(0.2, 1, TENTHS.size) * size if base is None else base
    d = differences(base + TENTHS * step, base)
    expected = signed_rank(TENTHS)
    assert signed_rank(d).p_two_sided == expected.p_two_sided
    assert signed_rank(d).w_plus == expected.w_plus
    assert len(np.unique(np.abs(d))) == 4


@pytest.mark.parametrize("size", [0.5, 5_000.0, 1e7])
def test_a_constant_difference_has_no_dz_and_no_t(size):
    base = np.round(np.array([0.31, 0.57, 0.83, 0.99, 0.41, 0.72]) * size, 1)
    d = differences(base + 0.1, base)
    assert is_constant(d)
    assert set(d.tolist()) == {0.1}
    assert cohens_dz(d).d_z is None
    assert paired_t(d).p_two_sided is None
    assert signed_rank(d).p_two_sided == 0.03125
    assert hodges_lehmann(d).estimate == 0.1


def test_scores_of_single_precision_are_good_for_six_digits():
    a = np.array([0.3, 0.4, 0.9, 0.7], np.float32)
    b = np.array([0.2, 0.3, 0.8, 0.5], np.float32)
    assert differences(a, b).tolist() == [0.1, 0.1, 0.1, 0.2]
    whole = np.array([1234567.0, 7654321.0])  # counts have all their digits
    assert differences(whole, whole - 1).tolist() == [1.0, 1.0]


def test_dav_of_draws_without_spread_has_no_interval():
    """The kind of data where nearly all patients have the same score under both designs."""
    a = np.array([0.6, 0.5] + [0.7] * 10)
    b = np.array([0.4, 0.55] + [0.7] * 10)
    counts = patient_counts(12, np.random.default_rng(0))
    interval = cohens_dav(a, b, counts).interval
    assert interval.low is None
    assert interval.method == "none"
    assert "draws have no value" in interval.warning
    spread = cohens_dav(a + np.arange(12) / 100, b, counts).interval
    assert spread.low is not None
    assert abs(spread.low) < 5


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (0.0, np.inf), (-np.inf, 1.0)])
def test_intervals_of_bounded_means_stay_within_the_bounds(bounds):
    rng = np.random.default_rng(1)
    for n in (3, 5, 12, 40):
        for shape in ((0.3, 0.1), (0.1, 0.3), (0.05, 0.05)):
            values = rng.beta(*shape, n)
            found = mean_interval(values, 0.95, bounds)
            if found.low is not None:
                assert bounds[0] <= found.low < found.mean < found.high <= bounds[1]
            plain = mean_interval(values)
            inside = bounds[0] <= plain.low and plain.high <= bounds[1]
            assert (found.method == "t") == inside
            if inside:
                assert found == plain


def test_logit_interval_is_t_on_the_logit_scale():
    values = [0.99, 0.98, 0.4, 0.97]
    found = mean_interval(values, 0.95, (0, 1))
    mean, se = np.mean(values), np.std(values, ddof=1) / 2
    half = stats.t.ppf(0.975, 3) * se / (mean * (1 - mean))
    middle = np.log(mean / (1 - mean))
    assert found.method == "logit"
    assert found.low == pytest.approx(1 / (1 + np.exp(half - middle)))
    assert found.high == pytest.approx(1 / (1 + np.exp(-half - middle)))


def test_log_interval_and_two_values():
    values = [1.0, 2.0, 30.0]
    found = mean_interval(values, 0.95, (0, np.inf))
    half = stats.t.ppf(0.975, 2) * np.std(values, ddof=1) / np.sqrt(3) / 11
    assert found.method == "log"
    assert (found.low, found.high) == pytest.approx((11 / np.exp(half), 11 * np.exp(half)))
    two = mean_interval([0.1, 0.9], 0.95, (0, 1))
    assert (two.low, two.high, two.method) == (None, None, "none")


def test_interval_of_a_difference_ends_at_the_bounds():
    found = cut_at(mean_interval([0.2, 0.9, 0.5]), (-1, 1))
    assert (found.high, found.method) == (1.0, "cut")
    assert cut_at(mean_interval([0.2, 0.3, 0.25]), (-1, 1)).method == "t"
