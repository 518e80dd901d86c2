from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from ablation.statistics.tuning import best_of_trials, tuning_curve


def test_it_is_the_mean_over_all_choices_of_k_trials():
    values = [0.3, 0.9, 0.1, 0.5, 0.5, 0.7]
    every = [np.mean([max(some) for some in combinations(values, k)]) for k in range(1, 7)]
    assert best_of_trials(values) == pytest.approx(every, abs=1e-14)


def test_by_hand():
    # Two of (0.4, 0.6, 0.8): 0.6 once, 0.8 twice.
    assert best_of_trials([0.6, 0.4, 0.8]) == pytest.approx([0.6, 2.2 / 3, 0.8], abs=1e-15)
    assert best_of_trials([0.25]) == [0.25]


def test_many_trials_stay_exact():
    n = 2000
    curve = best_of_trials(np.arange(1, n + 1))
    k = np.arange(1, n + 1)
    # The largest of k numbers drawn from 1..n is k (n + 1) / (k + 1) on average.
    assert curve == pytest.approx(k * (n + 1) / (k + 1), rel=1e-10)


def test_drawing_with_replacement_would_be_too_low():
    values = np.array([0.1, 0.4, 0.45, 0.8])
    i = np.arange(1, 5)
    with_replacement = values @ ((i / 4) ** 3 - ((i - 1) / 4) ** 3)
    assert with_replacement < best_of_trials(values)[2]


def test_the_order_of_trials_does_not_matter():
    rng = np.random.default_rng(0)
    values = rng.normal(size=30)
    assert best_of_trials(values).tolist() == best_of_trials(rng.permutation(values)).tolist()


def test_the_band_holds_the_curve_and_repeats():
    values = np.random.default_rng(1).uniform(0.3, 0.8, 25)
    first, again = (tuning_curve([values], np.random.default_rng(7)) for _ in range(2))
    assert first == again
    assert first.mean == pytest.approx(best_of_trials(values))
    assert first.low is not None
    assert first.high is not None
    assert all(a <= b for a, b in zip(first.low, first.high, strict=True))
    assert first.low[0] < first.mean[0] < first.high[0]
    assert max(first.high) <= values.max() + 1e-12


def test_few_trials_have_no_band():
    curve = tuning_curve([np.array([0.2, 0.4])], np.random.default_rng(0))
    assert curve.mean == pytest.approx([0.3, 0.4])
    assert curve.low is curve.high is None


def test_studies_are_averaged_up_to_the_shortest():
    curve = tuning_curve(
        [np.array([0.2, 0.4]), np.array([0.6, 0.6, 0.9])], np.random.default_rng(0)
    )
    assert curve.mean == pytest.approx([(0.3 + 0.7) / 2, (0.4 + 0.8) / 2])
