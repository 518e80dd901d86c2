"""How large a paired difference is: d_z, Hodges-Lehmann shift, share of patients better."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from ablation.statistics.noncentral import noncentral_t_cdf
from ablation.statistics.paired import (
    DECIMALS,
    EXACT_UP_TO,
    as_patients,
    is_constant,
    sign_flip_distribution,
)


@dataclass(frozen=True, slots=True)
class EffectSize:
    """Cohen's d_z, the mean difference in standard deviations of the differences."""

    d_z: float | None
    """None for one patient and where all differences are equal."""
    low: float | None
    high: float | None
    g_z: float | None
    """d_z with Hedges' small-sample correction, n - 1 degrees of freedom."""


@dataclass(frozen=True, slots=True)
class HodgesLehmann:
    """The shift that centres the differences, the estimate that belongs to the signed rank."""

    estimate: float
    low: float | None
    """None where the wanted level cannot be reached with so few patients."""
    high: float | None
    attained_level: float
    """Level of the interval, or the highest one reachable when there is none."""


@dataclass(frozen=True, slots=True)
class Superiority:
    """In how many patients the candidate is better, ties counting half in the share."""

    better: int
    ties: int
    n: int
    share: float
    low: float | None
    """Clopper-Pearson limits; None where there are ties."""
    high: float | None


def hedges_factor(df: int) -> float:
    """Return J = Gamma(df/2) / (sqrt(df/2) Gamma((df-1)/2)); source: Hedges 1981.

    >>> round(hedges_factor(7), 6)
    0.888203
    """
    if df < 2:
        return math.nan
    return math.exp(math.lgamma(df / 2) - math.lgamma((df - 1) / 2)) / math.sqrt(df / 2)


def cohens_dz(d: ArrayLike, level: float = 0.95) -> EffectSize:
    """Return mean / sd of the differences, with its interval from the noncentral t.

    d_z mixes the effect with the agreement of the two designs: read it after the difference.
    Source of the interval: Cumming & Finch 2001.

    >>> round(cohens_dz([0.03, -0.01, 0.05, 0.02, 0.04, -0.005, 0.07, 0.06]).d_z, 4)
    1.0982
    """
    array = np.round(as_patients(d), DECIMALS)
    if is_constant(array):
        return EffectSize(None, None, None, None)
    n = array.size
    d_z = float(array.mean() / array.std(ddof=1))
    low, high = (
        _noncentrality(d_z * math.sqrt(n), n - 1, tail)
        for tail in ((1 + level) / 2, (1 - level) / 2)
    )
    factor = hedges_factor(n - 1)
    return EffectSize(
        d_z,
        low / math.sqrt(n),
        high / math.sqrt(n),
        d_z * factor if math.isfinite(factor) else None,
    )


def _noncentrality(t: float, df: int, tail: float) -> float:
    """The noncentrality at which P(T <= t) = tail; P falls as the noncentrality grows."""

    def excess(shift: float) -> float:
        return noncentral_t_cdf(t, df, shift) - tail

    low, high, width = t - 1.0, t + 1.0, 1.0
    while excess(low) < 0.0:
        low, width = low - width, 2 * width
    while excess(high) > 0.0:
        high, width = high + width, 2 * width
    return float(optimize.brentq(excess, low, high, xtol=1e-12, rtol=1e-13))


def hodges_lehmann(d: ArrayLike, level: float = 0.95) -> HodgesLehmann:
    """Return the median of all averages of two differences, with its exact interval.

    The interval inverts the signed-rank test: the k-th smallest to the k-th largest average,
    k from P(W+ <= k - 1) <= (1 - level) / 2. Source: Hollander & Wolfe 1999, 3.2 and 3.3.

    >>> shift = hodges_lehmann([0.03, -0.01, 0.05, 0.02, 0.04, -0.005, 0.07, 0.06])
    >>> shift.estimate, shift.low, shift.high, shift.attained_level
    (0.03125, 0.005, 0.06, 0.9609375)
    """
    array = np.round(as_patients(d), DECIMALS)
    i, j = np.triu_indices(array.size)
    averages = np.sort(np.round((array[i] + array[j]) / 2.0, DECIMALS))
    estimate = float(np.median(averages))
    k, attained = _walsh_rank(array.size, level)
    if k == 0:
        return HodgesLehmann(estimate, None, None, attained)
    return HodgesLehmann(estimate, float(averages[k - 1]), float(averages[-k]), attained)


def _walsh_rank(n: int, level: float) -> tuple[int, float]:
    """How many averages to count in from each end, and the level that gives."""
    tail = (1 - level) / 2
    if n > EXACT_UP_TO:
        spread = math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
        return int(n * (n + 1) / 4 + float(stats.norm.ppf(tail)) * spread), level
    # Untied ranks are whole numbers: every second entry of the doubled distribution.
    below = np.cumsum(sign_flip_distribution(range(2, 2 * n + 1, 2))[::2])
    k = int(np.count_nonzero(below <= tail))
    return k, float(1 - 2 * below[max(k - 1, 0)])


def superiority(d: ArrayLike, level: float = 0.95) -> Superiority:
    """Count the patients in whom the candidate is better; within patients, never across.

    >>> superiority([0.1, 0.2, -0.1, 0.3]).better
    3
    """
    array = np.round(as_patients(d), DECIMALS)
    better, ties = int((array > 0).sum()), int((array == 0).sum())
    low, high = clopper_pearson(better, array.size, level) if not ties else (None, None)
    return Superiority(better, ties, array.size, (better + 0.5 * ties) / array.size, low, high)


def clopper_pearson(count: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a share; source: Clopper & Pearson 1934.

    >>> low, high = clopper_pearson(8, 8)
    >>> round(low, 4), high
    (0.6306, 1.0)
    """
    interval = stats.binomtest(count, n).proportion_ci(level, method="exact")
    return float(interval.low), float(interval.high)
