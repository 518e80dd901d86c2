"""Evidence that a difference is too small to matter: two one-sided tests, by t and by sign flips."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from ablation.statistics.paired import as_patients, mean_interval, rounded
from ablation.statistics.permutation import sign_flip


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Two one-sided tests that the mean difference lies within the margin.

    p-values and limits are None for one patient and where all differences are equal.
    """

    margin: float
    """Smallest difference that matters, in the metric's unit."""
    mean: float
    p_lower: float | None
    """That the mean is above -margin: the test of non-inferiority."""
    p_upper: float | None
    """That the mean is below the margin."""
    p: float | None
    """The larger of the two."""
    low: float | None
    """Interval at level 1 - 2 alpha; equivalent where it lies within the margin."""
    high: float | None
    alpha: float

    @property
    def equivalent(self) -> bool:
        """Whether t alone would call the designs equivalent."""
        return self.p is not None and self.p < self.alpha

    @property
    def non_inferior(self) -> bool:
        """Whether t alone would say that the candidate is not worse by the margin or more."""
        return self.p_lower is not None and self.p_lower < self.alpha


@dataclass(frozen=True, slots=True)
class FlippedMargin:
    """The two one-sided tests by flips of the signs of whole patients, without a normal law."""

    p_lower: float
    """That the mean is above -margin: the test of non-inferiority."""
    p_upper: float
    """That the mean is below the margin."""
    exact: bool
    """Over all flips, or over drawn ones."""

    @property
    def p(self) -> float:
        """The larger of the two."""
        return max(self.p_lower, self.p_upper)


FEWEST_FOR_EQUIVALENCE = 40
"""Patients below which no equivalence and no non-inferiority is called. A design that collapses in
one patient of twenty does so in none of 40 in 13 % of samples, in none of 12 in 54 %; what is not
in the data no test can find."""


def flipped_margin(d: ArrayLike, margin: float, rng: np.random.Generator) -> FlippedMargin:
    """Test both sides of the margin by sign flips of the differences from it.

    Args:
        d: Differences, one per patient, above 0 where the candidate is better.
        margin: Fixed before the results are seen; above 0.
        rng: Source of the flips beyond 16 patients.

    >>> d = [0.004, -0.006, 0.002, 0.01, -0.003, 0.001, 0.005, -0.002, 0.007, 0.0]
    >>> flipped_margin(d, 0.01, np.random.default_rng(0)).p
    0.001953125
    """
    if not margin > 0:
        raise ValueError(f"a margin lies above 0, got {margin}")
    array = rounded(as_patients(d))
    lower, upper = sign_flip(array + margin, rng), sign_flip(margin - array, rng)
    return FlippedMargin(lower.p_greater, upper.p_greater, lower.exact)


def tost(d: ArrayLike, margin: float, alpha: float = 0.05) -> Equivalence:
    """Test equivalence of two designs on the same patients; source: Schuirmann 1987.

    Args:
        d: Differences, one per patient, above 0 where the candidate is better.
        margin: Fixed before the results are seen; above 0.
        alpha: Level of each one-sided test.

    >>> tost([0.004, -0.006, 0.002, 0.01, -0.003, 0.001, 0.005, -0.002, 0.007, 0.0], 0.01).equivalent
    True
    """
    if not margin > 0:
        raise ValueError(f"a margin lies above 0, got {margin}")
    array = rounded(as_patients(d))
    interval = mean_interval(array, 1 - 2 * alpha)
    if interval.low is None or interval.high is None or not interval.sd:
        return Equivalence(margin, interval.mean, None, None, None, None, None, alpha)
    se = interval.sd / math.sqrt(interval.n)
    p_lower = float(stats.t.sf((interval.mean + margin) / se, interval.n - 1))
    p_upper = float(stats.t.cdf((interval.mean - margin) / se, interval.n - 1))
    return Equivalence(
        margin=margin,
        mean=interval.mean,
        p_lower=p_lower,
        p_upper=p_upper,
        p=max(p_lower, p_upper),
        low=interval.low,
        high=interval.high,
        alpha=alpha,
    )
