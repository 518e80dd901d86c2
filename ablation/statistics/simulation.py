"""What a rule can find, by simulation: the differences at hand are resampled with another mean.

The rule is that of the verdict: the planned test is significant, and the mean difference points
the same way. What could have been found with the patients at hand is asked of their centred,
shifted differences (`detectable`). How many patients a study needs is asked of a population with
the pilot's mean, in which large differences are drawn more often (`tilted_to`), so that a
difference that comes from missed cases stays one of missed cases.

The formula of the paired t test (power.py) promises more than this rule keeps, most of all where a
few patients differ strongly.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ablation.statistics.equivalence import FEWEST_FOR_EQUIVALENCE
from ablation.statistics.paired import EXACT_UP_TO, as_patients, is_constant, sign_flip_distribution
from ablation.statistics.paired_tests import TESTS
from ablation.statistics.paired_tests.spec import Alternative

Array = NDArray[np.float64]
Calls = NDArray[np.int8]

POWER = 0.8
SETS = 1_000  # simulated data sets: the power is known to 1.3 points
SETS_OF_OTHERS = 200  # of a test that is run one data set at a time
MOST_VALUES = 250_000  # differences of all sets together, but at least FEWEST_SETS sets
FEWEST_SETS = 400
FLIPS = 999
FEWEST = 10  # patients below which nothing is resampled
FEWEST_STATED = 40
"""Patients from which those at hand tell how differences are spread: a rare collapse is seen."""
MOST_PATIENTS = 10_000
STEPS = 8
SPREAD_UNKNOWN = 0.6
"""Over the patients: by how much more power is aimed at, because the spread is itself estimated."""
STEEPEST = 50.0
EXACT_WITH_ZEROS = 100  # patients up to which the null distribution is that of the zeros at hand


@dataclass(frozen=True, slots=True)
class Rule:
    """When a comparison calls a design better."""

    test: str
    """Of the registry of paired tests."""
    alternative: Alternative
    alpha: float
    """What p has to fall below, divided by the comparisons it is adjusted for."""


def calls(d: Array, rule: Rule) -> Calls:
    """Return for every data set whom the rule calls better: 1 the first, -1 the second, 0 none.

    Args:
        d: Differences, shape (data sets, patients), above 0 where the first is better.
        rule: The test and its level.

    >>> rule = Rule("wilcoxon", "two-sided", 0.05)
    >>> calls(np.array([[1.0, 2, 3, 4, 5, 6], [1, -2, 3, -4, 5, -6]]), rule).tolist()
    [1, 0]
    """
    found = BY_TEST.get(rule.test, _one_by_one)(d, rule)
    means = np.sign(d.mean(axis=1))
    return np.where(found == means, found, 0).astype(np.int8)


def _by_ranks(d: Array, rule: Rule) -> Calls:
    """Wilcoxon; values that tie have the same sign, so the order within a tie does not matter."""
    n = d.shape[1]
    order = np.argsort(np.abs(d), axis=1)
    positive = np.take_along_axis(d > 0, order, axis=1)
    w_plus = positive @ np.arange(1, n + 1)
    zeros = (d == 0).sum(axis=1)
    tail = rule.alpha if rule.alternative == "greater" else rule.alpha / 2
    low = np.array([_critical(n, count, tail) for count in range(int(zeros.max()) + 1)])[zeros]
    every = n * (n + 1) / 2 - zeros * (zeros + 1) / 2
    return _signs(w_plus >= every - low, w_plus <= low, rule)


@lru_cache(maxsize=4096)
def _critical(n: int, zeros: int, tail: float) -> float:
    """The largest rank sum whose lower tail lies below this level; -1 where none does.

    Zeros have the lowest ranks, which are left out (Pratt).
    """
    if n > EXACT_WITH_ZEROS and (zeros or n > EXACT_UP_TO):
        ranks = np.arange(zeros + 1, n + 1, dtype=np.float64)
        spread = math.sqrt(float((ranks**2).sum()) / 4)
        return float(ranks.sum()) / 2 + float(stats.norm.ppf(tail)) * spread
    below = np.cumsum(sign_flip_distribution(range(2 * zeros + 2, 2 * n + 1, 2))[::2])
    return float(np.count_nonzero(below < tail)) - 1


def _by_mean(d: Array, rule: Rule) -> Calls:
    """The t test; flips of signs agree with it closely, their statistic being a function of t."""
    n = d.shape[1]
    spread = d.std(axis=1, ddof=1) / math.sqrt(n)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(spread > 0, d.mean(axis=1) / spread, 0.0)
    tail = rule.alpha if rule.alternative == "greater" else rule.alpha / 2
    critical = float(stats.t.isf(tail, n - 1))
    return _signs(t > critical, t < -critical, rule)


def _one_by_one(d: Array, rule: Rule) -> Calls:
    """Any other test, one data set at a time."""
    test, rng = TESTS[rule.test], np.random.default_rng(0)
    answers = [test.run(row, rule.alternative, rng) for row in d]
    significant = np.array([a.p is not None and a.p < rule.alpha for a in answers])
    direction = np.array([a.direction for a in answers])
    return _signs(significant & (direction > 0), significant & (direction < 0), rule)


def _signs(above: NDArray[np.bool_], below: NDArray[np.bool_], rule: Rule) -> Calls:
    one_sided = rule.alternative == "greater"
    return (above.astype(np.int8) - (0 if one_sided else below.astype(np.int8))).astype(np.int8)


BY_TEST: dict[str, Callable[[Array, Rule], Calls]] = {
    "wilcoxon": _by_ranks,
    "t": _by_mean,
    "signflip": _by_mean,
}


def non_inferior(d: Array, margin: float, alpha: float) -> NDArray[np.bool_]:
    """Tell for every data set whether t and sign flips both exclude that the first loses the margin.

    Args:
        d: Differences, shape (data sets, patients), above 0 where the first is better.
        margin: Above 0.
        alpha: Level of the one-sided tests.
    """
    n = d.shape[1]
    if n < FEWEST_FOR_EQUIVALENCE:
        return np.zeros(len(d), np.bool_)
    lifted = d + margin
    rule = Rule("t", "greater", alpha)
    by_t = _by_mean(lifted, rule) > 0
    signs = np.random.default_rng(n).integers(0, 2, (n, FLIPS), np.int8).astype(np.float64) * 2 - 1
    reach = lifted.sum(axis=1) - 1e-12 * np.abs(lifted).sum(axis=1)
    reached = (lifted @ signs >= reach[:, None]).sum(axis=1)
    found: NDArray[np.bool_] = by_t & ((reached + 1) / (FLIPS + 1) < alpha)
    return found


def equivalent(d: Array, margin: float, alpha: float) -> NDArray[np.bool_]:
    """Tell for every data set whether both designs are shown not to lose the margin."""
    return non_inferior(d, margin, alpha) & non_inferior(-d, margin, alpha)


@dataclass(frozen=True, eq=False, slots=True)
class Population:
    """Differences that can be drawn, and how likely each is."""

    values: Array
    chances: Array

    @property
    def mean(self) -> float:
        """The true mean difference."""
        return float(self.values @ self.chances)

    def drawn(self, uniform: Array) -> Array:
        """Return one difference for each number between 0 and 1, shape kept."""
        reached = np.cumsum(self.chances)
        places = np.searchsorted(reached, uniform * reached[-1], side="right")
        found: Array = self.values[np.minimum(places, self.values.size - 1)]
        return found


def tilted(d: Array, slope: float) -> Population:
    """Return a population with the spread of these differences and a mean that grows with slope.

    At slope 0 every difference is as likely with either sign, and the mean is 0. Above it the
    chance of a difference x is multiplied by exp(slope * x / standard deviation).
    """
    array = as_patients(d)
    size = math.sqrt(float((array**2).mean()))
    spread = float(array.std(ddof=1)) / size if size else 0.0
    values = np.sort(np.concatenate([array, -array])) * spread
    weights = np.exp(slope * (values / values.std() - float(np.abs(values).max() / values.std())))
    return Population(values, weights / weights.sum())


def tilted_to(d: Array, mean: float) -> Population | None:
    """Return the population with this mean; None where the differences do not reach so far."""
    low, high = 0.0, STEEPEST
    if is_constant(d) or tilted(d, high).mean < mean:
        return None
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if tilted(d, middle).mean < mean else (low, middle)
    return tilted(d, high)


def uniform_sets(n: int, rng: np.random.Generator, sets: int | None = None) -> Array:
    """Return random numbers between 0 and 1 for data sets of n patients, shape (data sets, n)."""
    if sets is None:
        sets = min(SETS, max(FEWEST_SETS, MOST_VALUES // n))
    return rng.random((sets, n))


def resampled(d: Array, uniform: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Return data sets of the centred differences, and which of them a true difference moves.

    Ties stay ties: where both designs miss a tumour, a better one may do so as well.

    Args:
        d: Differences, one per patient.
        uniform: Numbers between 0 and 1, shape (data sets, patients).
    """
    places = np.minimum((uniform * d.size).astype(np.intp), d.size - 1)
    moved = d != 0
    centred = np.where(moved, d - d[moved].mean(), 0.0) * math.sqrt(d.size / (d.size - 1))
    return centred[places], moved[places]


def detectable(d: Array, rule: Rule, rng: np.random.Generator) -> float | None:
    """Return the true mean difference that the rule finds with 80 % power in such patients.

    The differences are centred, resampled and shifted (STATISTICS.md 5.4).

    Args:
        d: Differences, one per patient; their mean plays no role.
        rule: Test, direction and level.
        rng: Source of the draws.

    None below 40 patients, where the differences do not vary, and where no shift is found so often.
    """
    array = as_patients(d)
    if array.size < FEWEST_STATED or is_constant(array) or is_constant(array[array != 0]):
        return None
    uniform = uniform_sets(array.size, rng, None if rule.test in BY_TEST else SETS_OF_OTHERS)
    sets, moved = resampled(array, uniform)
    share = float((array != 0).mean())
    aimed = POWER + SPREAD_UNKNOWN / array.size

    def found(mean: float) -> bool:
        shifted = np.where(moved, sets + mean / share, 0.0)
        return float((calls(shifted, rule) > 0).mean()) >= aimed

    spread = float(array.std(ddof=1))
    low, high = 0.0, spread / math.sqrt(array.size)
    while not found(high):
        low, high = high, 2 * high
        if high > STEEPEST * spread:
            return None
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if found(middle) else (middle, high)
    return (low + high) / 2


def patients_for(
    succeeds: Callable[[Array], NDArray[np.bool_]],
    population: Population,
    rng: np.random.Generator,
    power: float = POWER,
) -> int | None:
    """Return the fewest patients with which a rule succeeds so often; None beyond 10,000.

    Args:
        succeeds: From data sets, shape (data sets, patients), to whether the rule succeeds in each.
        population: What is assumed to be true.
        rng: Source of the draws.
        power: Share of data sets in which it has to succeed.
    """

    def enough(n: int) -> bool:
        return float(succeeds(population.drawn(uniform_sets(n, rng))).mean()) >= power

    low, high = 1, FEWEST
    while not enough(high):
        low, high = high, 2 * high
        if low >= MOST_PATIENTS:
            return None
    while high - low > max(1, high // 100):
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
