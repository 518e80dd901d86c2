"""How large a paired difference is: d_z, d_av, Hodges-Lehmann shift, share of patients better."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

from ablation.statistics.noncentral import noncentral_t_cdf
from ablation.statistics.paired import (
    EXACT_UP_TO,
    as_patients,
    is_constant,
    rounded,
    sign_flip_distribution,
)
from ablation.statistics.resampling import (
    BootstrapInterval,
    BootstrapMethod,
    Statistic,
    bca_interval,
    mean_of,
)
from ablation.statistics.walsh import walsh_averages_at

Array = NDArray[np.float64]
IntervalMethod = Literal["Clopper-Pearson"] | BootstrapMethod
NO_SPREAD = 1e-7  # of the whole spread: a draw of equal patients leaves the root of rounding errors


@dataclass(frozen=True, slots=True)
class EffectSize:
    """Cohen's d_z, the mean difference in standard deviations of the differences."""

    d_z: float | None
    """None for one patient and where all differences are equal."""
    low: float | None
    high: float | None
    g_z: float | None
    """d_z with Hedges' small-sample correction, n - 1 degrees of freedom."""
    g_low: float | None
    g_high: float | None


@dataclass(frozen=True, slots=True)
class AverageEffect:
    """Cohen's d_av, the mean difference in average standard deviations of the two designs."""

    d_av: float | None
    """None for one patient and where neither design varies over patients."""
    g_av: float | None
    sd_candidate: float | None
    sd_reference: float | None
    correlation: float | None
    """Of the two designs over patients; the higher, the larger d_z is beside d_av."""
    interval: BootstrapInterval | None
    """BCa of d_av over patients; None without draws."""


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
    """Clopper-Pearson limits; with ties those from draws, None without draws."""
    high: float | None
    method: IntervalMethod
    """How the limits were computed."""


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
    array = rounded(as_patients(d))
    if is_constant(array):
        return EffectSize(None, None, None, None, None, None)
    n = array.size
    d_z = float(array.mean() / array.std(ddof=1))
    low, high = (
        _noncentrality(d_z * math.sqrt(n), n - 1, tail) / math.sqrt(n)
        for tail in ((1 + level) / 2, (1 - level) / 2)
    )
    factor = hedges_factor(n - 1)
    if not math.isfinite(factor):
        return EffectSize(d_z, low, high, None, None, None)
    return EffectSize(d_z, low, high, factor * d_z, factor * low, factor * high)


def cohens_dav(
    candidate: ArrayLike,
    reference: ArrayLike,
    counts: Array | None = None,
    level: float = 0.95,
) -> AverageEffect:
    """Return the mean difference / sqrt((s_A^2 + s_B^2) / 2), values oriented so that more is better.

    Unlike d_z it does not grow with the agreement of the designs. Source: Cumming 2012.

    >>> a = [0.81, 0.77, 0.90, 0.85, 0.88, 0.70, 0.92, 0.86]
    >>> b = [0.78, 0.78, 0.85, 0.83, 0.84, 0.705, 0.85, 0.80]
    >>> round(cohens_dav(a, b).d_av, 4)
    0.5106
    """
    a, b = as_patients(candidate), as_patients(reference)
    if a.shape != b.shape:
        raise ValueError(f"pairs need equal shapes, got {a.shape} and {b.shape}")
    statistic = _dav_of_counts(a, b)
    d_av = float(statistic(np.ones((1, a.size)))[0]) if a.size > 1 else math.nan
    if not math.isfinite(d_av):
        return AverageEffect(None, None, None, None, None, None)
    factor = hedges_factor(a.size - 1)
    varying = not (is_constant(a) or is_constant(b))
    return AverageEffect(
        d_av=d_av,
        g_av=factor * d_av if math.isfinite(factor) else None,
        sd_candidate=float(a.std(ddof=1)),
        sd_reference=float(b.std(ddof=1)),
        correlation=float(np.corrcoef(a, b)[0, 1]) if varying else None,
        interval=None if counts is None else bca_interval(statistic, counts, level),
    )


def _dav_of_counts(a: Array, b: Array) -> Statistic:
    # Centred first: sums of squares of scores near 1 would lose digits.
    a_off, b_off = a - a.mean(), b - b.mean()
    moments = np.stack([a_off, b_off, a_off**2 + b_off**2], axis=1)
    least = NO_SPREAD * math.sqrt(float(moments[:, 2].mean()))

    def d_av(counts: Array) -> Array:
        n = counts.sum(axis=1)
        sum_a, sum_b, squares = (counts @ moments).T
        variance = (squares - (sum_a**2 + sum_b**2) / n) / (n - 1) / 2
        spread = np.sqrt(np.clip(variance, 0.0, None))
        shift: Array = (sum_a - sum_b) / n + a.mean() - b.mean()
        return shift / np.where(spread > least, spread, np.nan)

    return d_av


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
    array = rounded(as_patients(d))
    total = array.size * (array.size + 1) // 2
    k, attained = _walsh_rank(array.size, level)
    ends = [k - 1, total - k] if k else []
    lower, upper, *limits = walsh_averages_at(array, [(total - 1) // 2, total // 2, *ends])
    estimate = (lower + upper) / 2
    if not limits:
        return HodgesLehmann(estimate, None, None, attained)
    return HodgesLehmann(estimate, limits[0], limits[1], attained)


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


def superiority(d: ArrayLike, level: float = 0.95, counts: Array | None = None) -> Superiority:
    """Count the patients in whom the candidate is better; within patients, never across.

    The interval is exact; ties break the binomial, then draws of patients are needed.

    >>> superiority([0.1, 0.2, -0.1, 0.3]).better
    3
    """
    array = rounded(as_patients(d))
    better, ties = int((array > 0).sum()), int((array == 0).sum())
    low: float | None = None
    high: float | None = None
    method: IntervalMethod = "none"
    if not ties:
        low, high = clopper_pearson(better, array.size, level)
        method = "Clopper-Pearson"
    elif counts is not None:
        interval = bca_interval(mean_of((np.sign(array) + 1) / 2), counts, level)
        low, high, method = interval.low, interval.high, interval.method
    share = (better + 0.5 * ties) / array.size
    return Superiority(better, ties, array.size, share, low, high, method)


def clopper_pearson(count: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a share; source: Clopper & Pearson 1934.

    >>> low, high = clopper_pearson(8, 8)
    >>> round(low, 4), high
    (0.6306, 1.0)
    """
    tail = (1 - level) / 2
    low = float(special.betaincinv(count, n - count + 1, tail)) if count else 0.0
    high = float(special.betaincinv(count + 1, n - count, 1 - tail)) if count < n else 1.0
    return low, high
