"""Does a difference change with something known beforehand, such as the size of the tumour."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ablation.statistics.paired import is_constant

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Trend:
    """A straight line through one point per patient, fitted by least squares."""

    n: int
    intercept: float
    slope: float
    """Change of y for 1 more of x."""
    low: float
    """t interval of the slope, n - 2 degrees of freedom."""
    high: float
    p: float
    """Two-sided, that the slope is 0."""
    level: float
    mean_x: float
    spread_x: float
    """Sum of squared deviations of x."""
    residual_sd: float

    def band(self, x: ArrayLike) -> tuple[Array, Array, Array]:
        """Return the line at x and the limits of the mean of y there."""
        at = np.asarray(x, np.float64)
        middle = self.intercept + self.slope * at
        se = self.residual_sd * np.sqrt(1 / self.n + (at - self.mean_x) ** 2 / self.spread_x)
        reach = float(stats.t.ppf((1 + self.level) / 2, self.n - 2)) * se
        return middle, middle - reach, middle + reach


def trend(x: ArrayLike, y: ArrayLike, level: float = 0.95) -> Trend | None:
    """Fit y on x; None for fewer than three points, or where x or the residuals do not vary.

    >>> line = trend([0, 1, 2, 3], [0, 1, 1, 2])
    >>> round(line.slope, 3), round(line.low, 3), round(line.high, 3)
    (0.6, -0.008, 1.208)
    """
    a, b = np.asarray(x, np.float64), np.asarray(y, np.float64)
    n = a.size
    if n < 3 or is_constant(a):
        return None
    spread = float(((a - a.mean()) ** 2).sum())
    slope = float((a - a.mean()) @ (b - b.mean())) / spread
    intercept = float(b.mean() - slope * a.mean())
    residuals = b - intercept - slope * a
    sd = math.sqrt(float(residuals @ residuals) / (n - 2))
    if sd < 1e-12 * max(1.0, float(np.abs(b).max())):
        return None
    se = sd / math.sqrt(spread)
    reach = float(stats.t.ppf((1 + level) / 2, n - 2)) * se
    return Trend(
        n=n,
        intercept=intercept,
        slope=slope,
        low=slope - reach,
        high=slope + reach,
        p=2 * float(stats.t.sf(abs(slope) / se, n - 2)),
        level=level,
        mean_x=float(a.mean()),
        spread_x=spread,
        residual_sd=sd,
    )
