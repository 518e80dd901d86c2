"""Thousands of patients: the same numbers without tables of all pairs."""

from __future__ import annotations

import resource
import time

import numpy as np
import pytest

from ablation.statistics import bayes, walsh
from ablation.statistics.bayes import bayesian_signed_rank
from ablation.statistics.effects import hodges_lehmann
from ablation.statistics.rank_biserial import rank_biserial
from ablation.statistics.resampling import (
    bca_interval,
    draws_for,
    leave_out_counts,
    mean_of,
    patient_counts,
)
from ablation.statistics.stability import leave_one_out_winner

RNG = np.random.default_rng(20260101)


@pytest.mark.parametrize("digits", [1, 2, 12])
@pytest.mark.parametrize("n", [1, 2, 7, 60, 301])
def test_counted_averages_are_those_of_the_list(monkeypatch, n, digits):
    d = np.round(RNG.normal(0.01, 0.2, n), digits)
    listed = hodges_lehmann(d)
    every = np.sort([(d[i] + d[j]) / 2 for i in range(n) for j in range(i, n)])
    places = sorted({0, len(every) // 3, len(every) // 2, len(every) - 1})
    monkeypatch.setattr(walsh, "LISTED_UP_TO", 0)
    walsh._at.cache_clear()
    assert walsh.walsh_averages_at(d, places) == pytest.approx(every[places], abs=1e-12)
    counted = hodges_lehmann(d)
    assert counted.estimate == pytest.approx(listed.estimate, abs=2e-12)
    if listed.low is None:
        assert counted.low is None
    else:
        assert (counted.low, counted.high) == pytest.approx((listed.low, listed.high), abs=2e-12)
    walsh._at.cache_clear()


def test_equal_values_have_one_average(monkeypatch):
    monkeypatch.setattr(walsh, "LISTED_UP_TO", 0)
    walsh._at.cache_clear()
    assert hodges_lehmann([0.1] * 30).estimate == 0.1
    assert hodges_lehmann([0.0] * 30).high == 0.0
    walsh._at.cache_clear()


def test_groups_left_out_give_the_acceleration_of_patients():
    d = RNG.gamma(1.0, 1.0, 2_500)
    counts = patient_counts(2_500, np.random.default_rng(0), 400)
    found = bca_interval(mean_of(d), counts)
    away = d - d.mean()
    exact = (away**3).sum() / (6 * (away**2).sum() ** 1.5)
    assert leave_out_counts(2_500).shape == (500, 2_500)
    assert (leave_out_counts(2_500).sum(axis=0) == 499).all()
    assert found.acceleration == pytest.approx(exact, rel=0.5)
    assert abs(found.acceleration - exact) < 0.005


def test_partners_of_many_patients_are_those_of_all_sums(monkeypatch):
    d = RNG.normal(0.01, 0.02, 40)
    few = bayesian_signed_rank(d, 0.0123, np.random.default_rng(0), 500)
    monkeypatch.setattr(bayes, "SUMMED_UP_TO", 0)
    monkeypatch.setattr(bayes, "MOST_AT_ONCE", 100)
    assert bayesian_signed_rank(d, 0.0123, np.random.default_rng(0), 500) == few


def test_the_winner_without_each_patient_needs_no_table_of_patients():
    table = np.round(RNG.uniform(0, 1, (30, 3)), 2)
    found = leave_one_out_winner(table, higher_is_better=True)
    means = [np.delete(table, i, axis=0).mean(axis=0) for i in range(30)]
    first = table.mean(axis=0).argmax()
    assert found.changing == tuple(i for i, mean in enumerate(means) if mean.argmax() != first)


def test_a_hundred_thousand_patients_fit():
    n = 100_000
    d = np.round(RNG.normal(0.001, 0.05, n), 4)
    started = time.process_time()
    shift = hodges_lehmann(d)
    assert shift.low < np.median(d) + 0.001
    assert shift.high > shift.low
    counts = patient_counts(n, np.random.default_rng(0), draws_for(n) // 50)
    assert bca_interval(mean_of(d), counts).low < d.mean()
    assert rank_biserial(d).value > -1
    assert bayesian_signed_rank(d, 0.01, np.random.default_rng(0), 20).draws == 20
    assert time.process_time() - started < 60
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 6_000_000  # kB
