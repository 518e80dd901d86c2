"""Draws of patients and the intervals from them, against resamples taken one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ablation.statistics.clusters import mean_of_cases, mean_of_patients
from ablation.statistics.effects import _dav_of_counts, cohens_dav, superiority
from ablation.statistics.paired import signed_rank
from ablation.statistics.rank_biserial import _of_counts, rank_biserial
from ablation.statistics.resampling import (
    bca_interval,
    mean_of,
    patient_counts,
    percentile_interval,
    stream,
)

RNG = np.random.default_rng(3)
D = np.round(RNG.normal(0.02, 0.05, 14), 2)  # hundredths: ties and a zero
COUNTS = patient_counts(14, np.random.default_rng(0), 300)


def taken(values: np.ndarray, counts: np.ndarray) -> list[np.ndarray]:
    return [np.repeat(values, row.astype(int), axis=0) for row in counts]


def test_draws_are_of_whole_patients_and_repeatable():
    assert (COUNTS.sum(axis=1) == 14).all()
    assert COUNTS.mean(axis=0) == pytest.approx(1, abs=0.2)
    assert (patient_counts(14, np.random.default_rng(0), 300) == COUNTS).all()
    assert stream(1, "a").random() != stream(1, "b").random() != stream(2, "b").random()
    with pytest.raises(ValueError, match="patients and draws"):
        patient_counts(0, RNG)


def test_mean_of_counts_is_the_mean_of_the_resample():
    expected = [sample.mean() for sample in taken(D, COUNTS)]
    assert mean_of(D)(COUNTS) == pytest.approx(expected)


def test_rank_biserial_of_counts_is_that_of_the_resample():
    def reference(sample: np.ndarray) -> float:
        moved = sample[sample != 0]
        ranks = stats.rankdata(np.abs(moved))
        return float((ranks * np.sign(moved)).sum() / ranks.sum())

    expected = [reference(sample) for sample in taken(D, COUNTS)]
    assert _of_counts(D)(COUNTS) == pytest.approx(expected)
    assert rank_biserial(D).value == pytest.approx(reference(D))


def test_d_av_of_counts_is_that_of_the_resample():
    a, b = RNG.normal(0.8, 0.1, 14), RNG.normal(0.7, 0.05, 14)

    def reference(pair: np.ndarray) -> float:
        spread = pair.var(axis=0, ddof=1).mean()
        return float((pair[:, 0] - pair[:, 1]).mean() / math.sqrt(spread))

    pairs = np.stack([a, b], axis=1)
    expected = [reference(sample) for sample in taken(pairs, COUNTS)]
    assert _dav_of_counts(a, b)(COUNTS) == pytest.approx(expected)
    result = cohens_dav(a, b, COUNTS)
    assert result.d_av == pytest.approx(reference(pairs))
    assert result.interval.low < result.d_av < result.interval.high


def test_cases_go_with_their_patient():
    groups = [[1.0, 3.0], [5.0], [7.0, 8.0, 9.0]]
    counts = np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 2.0]])
    assert mean_of_patients(groups)(counts).tolist() == [(2 + 2 + 5) / 3, (5 + 8 + 8) / 3]
    assert mean_of_cases(groups)(counts).tolist() == [(8 + 5) / 5, (5 + 48) / 7]


def test_bca_agrees_with_scipy():
    skewed = np.random.default_rng(5).lognormal(0, 1, 30)
    ours = bca_interval(mean_of(skewed), patient_counts(30, np.random.default_rng(1), 20_000))
    theirs = stats.bootstrap(
        (skewed,), np.mean, n_resamples=20_000, rng=np.random.default_rng(2), method="BCa"
    ).confidence_interval
    assert ours.method == "BCa"
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), rel=0.03)


def test_bca_of_swapped_designs_is_the_mirror():
    there, back = (bca_interval(mean_of(sign * D), COUNTS) for sign in (1, -1))
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low), abs=1e-3)


def test_too_few_patients_have_an_estimate_and_no_interval():
    result = bca_interval(mean_of(D[:9]), patient_counts(9, RNG, 100))
    assert (result.method, result.low) == ("none", None)
    assert "n = 9 is too small" in result.warning
    assert result.estimate == pytest.approx(D[:9].mean())


def test_equal_differences_are_degenerate():
    result = bca_interval(mean_of([0.1] * 12), patient_counts(12, RNG, 100))
    assert (result.method, result.low, result.high) == ("degenerate", 0.1, 0.1)


def test_a_fallback_is_recorded():
    # The largest value: no draw lies above it, so the bias correction is infinite.
    counts = patient_counts(12, np.random.default_rng(0), 200)
    values = np.arange(12.0)
    result = bca_interval(lambda c: ((c > 0) * values).max(axis=1), counts)
    assert result.method == "percentile"
    assert "BCa does not exist" in result.warning


def test_draws_without_a_value_are_counted():
    d = np.array([0.1] + [0.0] * 11)
    assert rank_biserial(d).one_sign
    d[1] = -0.2
    result = rank_biserial(d, patient_counts(12, np.random.default_rng(0), 400))
    assert "of 400 draws have no value" in result.interval.warning


def test_superiority_with_ties_needs_draws():
    d = np.array([0.1] * 8 + [0.0] * 3 + [-0.1] * 3)
    assert superiority(d).low is None
    result = superiority(d, counts=patient_counts(14, np.random.default_rng(0)))
    assert result.share == pytest.approx(9.5 / 14)
    assert result.low < result.share < result.high


@given(st.lists(st.integers(-6, 6), min_size=10, max_size=15))
@settings(max_examples=25, deadline=None)
def test_intervals_hold_their_estimate_or_say_why(steps):
    d = np.array(steps) / 100
    counts = patient_counts(len(d), np.random.default_rng(0), 400)
    for interval in (percentile_interval(mean_of(d), counts), bca_interval(mean_of(d), counts)):
        assert interval.low <= interval.estimate <= interval.high


def test_rank_biserial_of_degenerate_data():
    assert rank_biserial([0.0, 0.0]).value == 0.0
    assert rank_biserial([0.1]).value == 1.0
    mixed = rank_biserial([0.0, 0.0, 0.0, 0.1, -0.05, 0.2])
    assert mixed.zeros == 3
    assert mixed.value == pytest.approx((3 + 2 - 1) / 6)
    rank = signed_rank([0.0, 0.0, 0.0, 0.1, -0.05, 0.2])
    assert mixed.pratt == pytest.approx((rank.w_plus - rank.w_minus) / 21)
