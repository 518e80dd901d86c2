"""Friedman, groups, schemes and stability, against other implementations and by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import stats

from ablation.statistics.ranking import friedman, groups, kendall_tau, schemes
from ablation.statistics.resampling import patient_counts
from ablation.statistics.stability import leave_one_out_winner, rank_stability

# Tenths: ties within a patient are frequent.
tables = arrays(
    float,
    array_shapes(min_dims=2, max_dims=2, min_side=3, max_side=6),
    elements=st.integers(0, 5).map(lambda x: x / 10),
)


@given(tables)
@settings(max_examples=60, deadline=None)
def test_friedman_equals_scipy(table):
    ours = friedman(table, higher_is_better=True)
    if all(len(set(row)) == 1 for row in table.tolist()):
        assert (ours.chi2, ours.p_f, ours.kendall_w) == (0.0, 1.0, 0.0)
        return
    theirs = stats.friedmanchisquare(*table.T)
    assert ours.chi2 == pytest.approx(theirs.statistic)
    assert ours.p_chi2 == pytest.approx(theirs.pvalue)
    assert 0 < ours.p_f <= 1
    assert 0 <= ours.kendall_w <= 1 + 1e-12
    assert sum(ours.mean_ranks) == pytest.approx(table.shape[1] * (table.shape[1] + 1) / 2)


@given(tables)
@settings(max_examples=30, deadline=None)
def test_direction_turns_ranks_and_keeps_p(table):
    up, down = friedman(table, higher_is_better=True), friedman(-table, higher_is_better=False)
    assert up == down
    assert friedman(table, higher_is_better=False).chi2 == pytest.approx(up.chi2)


def test_one_patient_who_prefers_nothing():
    assert friedman([[0.5, 0.5, 0.5]], higher_is_better=True).p_f == 1.0


def test_complete_agreement_has_a_p_above_0():
    result = friedman([[0.9, 0.8, 0.7]] * 4, higher_is_better=True)
    assert result.f is None
    assert result.p_f == pytest.approx((1 / 6) ** 3)
    assert result.kendall_w == pytest.approx(1.0)
    assert friedman([[0.9, 0.8, 0.7]], higher_is_better=True).p_f == 1.0


@pytest.mark.parametrize("bad", [[[0.1]], [[0.1, np.nan]], [0.1, 0.2], np.zeros((0, 3))])
def test_gaps_are_refused(bad):
    with pytest.raises(ValueError):
        friedman(bad, higher_is_better=True)


def test_groups():
    assert groups("ABC", []).bars == (("A", "B", "C"),)
    everyone = list(itertools.combinations("ABC", 2))
    assert groups("ABC", everyone).bars == ()
    assert groups("ABC", everyone).contiguous
    # A and C are not separated, but B, between them, is separated from both.
    odd = groups("ABC", [("A", "B"), ("B", "C")])
    assert odd.bars == ()
    assert not odd.contiguous


def test_three_schemes():
    scores = [[0.9, 0.8, 0.1], [0.9, 0.89, 0.1], [0.1, 0.6, 0.05], [0.7, 0.69, 0.6]]
    result = schemes(scores, [(1, 2), (0, 2)], higher_is_better=True)
    assert result.winners == ((1,), (0,), (0, 1))
    assert result.wins == (1, 1, -2)
    assert result.by_wins == (1.5, 1.5, 3.0)
    assert not result.agree
    assert result.tau[0] == pytest.approx(1 / 3)
    lower = schemes(-np.array(scores), [(1, 2), (0, 2)], higher_is_better=False)
    assert lower.winners == result.winners


@given(st.lists(st.integers(0, 3), min_size=3, max_size=6), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_kendall_tau_equals_scipy(values, random):
    other = list(values)
    random.shuffle(other)
    ours = kendall_tau(np.array(values, float), np.array(other, float))
    theirs = stats.kendalltau(values, other).statistic
    assert ours is None if np.isnan(theirs) else ours == pytest.approx(theirs)


def test_stability_by_hand():
    table = np.random.default_rng(0).uniform(size=(8, 3))
    counts = patient_counts(8, np.random.default_rng(1), 500)
    result = rank_stability(table, counts, higher_is_better=False)
    means = [np.repeat(table, row.astype(int), axis=0).mean(axis=0) for row in counts]
    first = np.bincount([mean.argmin() for mean in means], minlength=3) / 500
    assert result.p_first == pytest.approx(tuple(first))
    assert np.sum(result.p_rank, axis=1) == pytest.approx(1)
    assert all(1 <= a <= b <= 3 for a, b in zip(result.rank_low, result.rank_high, strict=True))


def test_designs_that_are_the_same_tie_in_every_draw():
    table = np.repeat(np.random.default_rng(0).uniform(size=(6, 1)), 3, axis=1)
    counts = patient_counts(6, np.random.default_rng(1), 100)
    result = rank_stability(table, counts, higher_is_better=True)
    assert (result.p_tie, result.p_first, result.tau) == (1.0, (0.0, 0.0, 0.0), None)
    assert leave_one_out_winner(table, higher_is_better=True).winners == (0, 1, 2)


def test_leaving_one_out():
    table = [[1.0, 0.0], [0.0, 0.4], [0.0, 0.4]]
    assert leave_one_out_winner(table, higher_is_better=True).changing == (0,)
    assert leave_one_out_winner(table, higher_is_better=False).winners == (1,)
    assert leave_one_out_winner([[1.0, 0.0]], higher_is_better=True).changing == ()
