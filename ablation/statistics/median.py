"""The median difference, its interval between two of the ordered differences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from ablation.statistics.paired import as_patients, rounded


@dataclass(frozen=True, slots=True)
class OrderRanks:
    """Which of n ordered values bound the median."""

    low: int
    """From 1; 0 where no two of them reach the level."""
    high: int
    level: float
    """Attained, or the highest one reachable when there is none."""


@dataclass(frozen=True, slots=True)
class MedianInterval:
    """A median over patients with its distribution-free interval."""

    estimate: float
    low: float | None
    """None where the wanted level cannot be reached with so few patients."""
    high: float | None
    attained_level: float


def order_ranks(n: int, level: float = 0.95) -> OrderRanks:
    """Return the narrowest pair of ranks that covers the median at this level, by the binomial.

    >>> order_ranks(10)
    OrderRanks(low=2, high=9, level=0.978515625)
    """
    below = stats.binom.cdf(np.arange(n // 2 + 1), n, 0.5)
    low = int((below <= (1 - level) / 2).sum())
    attained = float(1 - 2 * below[max(low - 1, 0)])
    return OrderRanks(low, n + 1 - low, attained) if low else OrderRanks(0, 0, max(attained, 0.0))


def median_interval(d: ArrayLike, level: float = 0.95) -> MedianInterval:
    """Return the median with an interval; a bootstrap of the median fails, this does not.

    Source: Hollander & Wolfe 1999, 3.6.

    >>> median_interval([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    MedianInterval(estimate=5.5, low=2.0, high=9.0, attained_level=0.978515625)
    """
    array = np.sort(rounded(as_patients(d)))
    ranks, estimate = order_ranks(array.size, level), float(np.median(array))
    if not ranks.low:
        return MedianInterval(estimate, None, None, ranks.level)
    low, high = float(array[ranks.low - 1]), float(array[ranks.high - 1])
    return MedianInterval(estimate, low, high, ranks.level)
