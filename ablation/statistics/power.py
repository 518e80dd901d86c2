"""What a number of patients can and cannot show."""

from __future__ import annotations

import math

from scipy import optimize, stats

from ablation.statistics.noncentral import noncentral_t_cdf

WILCOXON_INFLATION = math.sqrt(math.pi / 3)
"""How much larger an effect the signed-rank test needs than t, for normal differences (2.3 %)."""


def minimum_attainable_p(n: int) -> float:
    """Return the smallest two-sided p that an exact paired test on n patients can give.

    >>> [minimum_attainable_p(n) for n in (1, 2, 5, 6)]
    [1.0, 0.5, 0.0625, 0.03125]
    """
    return min(1.0, 2.0 ** (1 - n))


def patients_needed(comparisons: int = 1, alpha: float = 0.05) -> int:
    """Return the fewest patients with which one of m Holm-adjusted p can fall below alpha.

    >>> patients_needed(1), patients_needed(3), patients_needed(10)
    (6, 7, 9)
    """
    n = 1
    while minimum_attainable_p(n) * comparisons >= alpha:
        n += 1
    return n


def power_paired_t(n: int, d_z: float, alpha: float = 0.05) -> float:
    """Return the chance that a two-sided paired t test on n patients finds an effect d_z.

    >>> round(power_paired_t(20, 0.5), 4)
    0.5645
    """
    df, shift = n - 1, d_z * math.sqrt(n)
    critical = float(stats.t.isf(alpha / 2, df))
    below = noncentral_t_cdf(-critical, df, shift)
    return below + 1.0 - noncentral_t_cdf(critical, df, shift)


def minimum_detectable_effect(n: int, alpha: float = 0.05, power: float = 0.8) -> float:
    """Return the d_z that a two-sided paired t test on n patients finds with this power.

    >>> round(minimum_detectable_effect(20), 3)
    0.66
    """
    if n < 2:
        return math.inf

    def missing(d_z: float) -> float:
        return power_paired_t(n, d_z, alpha) - power

    high = 1.0
    while missing(high) < 0:
        high *= 2
    return float(optimize.brentq(missing, 0.0, high, xtol=1e-10))
