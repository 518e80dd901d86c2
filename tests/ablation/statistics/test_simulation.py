"""Power by simulation: the fast rules against the tests themselves, and what is stated kept."""

from __future__ import annotations

import numpy as np
import pytest

from ablation.statistics.equivalence import FEWEST_FOR_EQUIVALENCE, flipped_margin, tost
from ablation.statistics.paired_tests import TESTS
from ablation.statistics.permutation import sign_flip
from ablation.statistics.simulation import (
    Rule,
    calls,
    detectable,
    equivalent,
    non_inferior,
    patients_for,
    tilted,
    uniform_sets,
)

RNG = np.random.default_rng(20260101)
TWO = "two-sided"


@pytest.mark.parametrize("n", [6, 12, 30])
@pytest.mark.parametrize("alternative", [TWO, "greater"])
@pytest.mark.parametrize("name", ["wilcoxon", "t"])
def test_fast_rules_call_what_the_tests_call(name, alternative, n):
    d = np.round(RNG.normal(0.01, 0.02, (60, n)), 12)
    d[::3, :2] = 0  # zeros
    for alpha in (0.05, 0.01):
        found = calls(d, Rule(name, alternative, alpha))
        for row, call in zip(d, found, strict=True):
            answer = TESTS[name].run(row, alternative, np.random.default_rng(0))
            expected = int(np.sign(answer.direction)) if answer.p < alpha else 0
            assert call == (expected if expected == np.sign(row.mean()) else 0)


def test_a_mean_that_points_the_other_way_is_no_call():
    d = np.array([[0.05] * 19 + [-2.0]])
    assert TESTS["wilcoxon"].run(d[0], TWO, RNG).p < 0.05
    assert calls(d, Rule("wilcoxon", TWO, 0.05)).tolist() == [0]


def test_tilted_differences_keep_their_spread_and_kinds():
    d = np.array([0.0] * 10 + [0.3, -0.25, 0.02, 0.01, -0.01])
    flat = tilted(d, 0.0)
    assert flat.mean == pytest.approx(0, abs=1e-15)
    sd = np.sqrt(flat.chances @ flat.values**2)
    assert sd == pytest.approx(np.std(d, ddof=1))
    steep = tilted(d, 1.0)
    assert steep.mean > 0
    assert steep.chances[steep.values == 0].sum() > 0.3
    normal = RNG.normal(0, 1, 4000)  # a tilted normal law is a shifted one
    shifted = tilted(normal, 0.5)
    variance = shifted.chances @ (shifted.values - shifted.mean) ** 2
    assert shifted.mean == pytest.approx(0.5, abs=0.05)
    assert variance == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("missing", [0.0, 0.05])
def test_the_stated_difference_is_found_in_about_80_percent(missing):
    """Real power at the median stated difference, which every patient has, some miss the tumour."""

    def drawn(sets: int, n: int, x: float) -> np.ndarray:
        first, second = (RNG.random((sets, n)) < missing for _ in range(2))
        return RNG.normal(x, 0.03, (sets, n)) - 0.8 * first + 0.8 * second

    rule = Rule("wilcoxon", TWO, 0.05)
    stated = [detectable(d, rule, np.random.default_rng(0)) for d in drawn(25, 40, 0.0)]
    x = float(np.median(stated))
    assert 0.72 < (calls(drawn(2000, 40, x), rule) > 0).mean() < 0.88


def test_nothing_is_stated_below_forty_patients_or_without_spread():
    rule = Rule("wilcoxon", TWO, 0.05)
    assert detectable(RNG.normal(0, 1, 39), rule, RNG) is None
    assert detectable(RNG.normal(0, 1, 40), rule, RNG) is not None
    assert detectable(np.full(60, 0.1), rule, RNG) is None
    hopeless = Rule("wilcoxon", TWO, 1e-15)
    assert detectable(RNG.normal(0, 1, 40), hopeless, RNG) is None


def test_margins_need_t_and_flips_and_forty_patients():
    d = RNG.normal(0.0, 0.01, (40, FEWEST_FOR_EQUIVALENCE))
    found = equivalent(d, 0.004, 0.05)
    for row, one in zip(d, found, strict=True):
        t, flips = tost(row, 0.004), flipped_margin(row, 0.004, np.random.default_rng(0))
        p = max(t.p, flips.p)
        assert one == (p < 0.05) or abs(p - 0.05) < 0.015  # drawn flips
    assert 0 < found.mean() < 1
    assert not non_inferior(
        np.zeros((3, FEWEST_FOR_EQUIVALENCE - 1)) + RNG.normal(0, 1e-4), 1, 0.5
    ).any()


def test_flips_of_a_margin_are_sign_flips_from_it():
    d = RNG.normal(0.01, 0.02, 12)
    found = flipped_margin(d, 0.02, np.random.default_rng(0))
    assert found.exact
    assert found.p_lower == sign_flip(np.round(d, 14) + 0.02, RNG).p_greater
    assert found.p_upper == sign_flip(0.02 - np.round(d, 14), RNG).p_greater
    with pytest.raises(ValueError, match="margin"):
        flipped_margin(d, 0, RNG)


def test_patients_for_a_difference():
    d = RNG.normal(0, 0.03, 60)
    population = tilted(d, 0.5)  # a mean of half a standard deviation: 34 patients by the t test
    rule = Rule("t", TWO, 0.05)
    needed = patients_for(lambda x: calls(x, rule) > 0, population, np.random.default_rng(0))
    assert 24 < needed < 44
    assert patients_for(lambda x: calls(x, rule) > 0, tilted(d, 0.0), RNG) is None


def test_the_same_seed_gives_the_same_sets():
    first, second = (uniform_sets(20, np.random.default_rng(3)) for _ in range(2))
    assert (first == second).all()
    assert uniform_sets(2000, RNG).shape == (400, 2000)
