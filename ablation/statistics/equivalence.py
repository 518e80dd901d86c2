"""Evidence that a difference is too small to matter: two one-sided t tests, non-inferiority."""

from __future__ import annotations

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike
from scipy import stats

from ablation.statistics.paired import as_patients, mean_interval, rounded


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
    equivalent: bool
    non_inferior: bool
    """The candidate is not worse by the margin or more."""
    alpha: float


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
        return Equivalence(margin, interval.mean, None, None, None, None, None, False, False, alpha)
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
        equivalent=max(p_lower, p_upper) < alpha,
        non_inferior=p_lower < alpha,
        alpha=alpha,
    )
