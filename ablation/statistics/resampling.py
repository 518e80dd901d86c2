"""Bootstrap over patients: one set of draws for all designs and metrics, and its intervals.

A draw is a row of counts, how often each patient was taken. Designs and metrics that share the
rows stay paired, and a statistic is a function of counts, so that all draws cost one product:

    counts = patient_counts(20, np.random.default_rng(0))
    bca_interval(mean_of(d), counts)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ablation.statistics.paired import as_patients, rounded

DRAWS = 10_000
FEWEST_PATIENTS = 10  # below, bootstrap intervals are too narrow to be shown
MOST_COUNTS = 125_000_000  # of all draws together: a gigabyte
LEFT_OUT_SINGLY = 2_000  # patients; of more, groups are left out
GROUPS = 500
MOST_LOST = 0.01  # of the draws: more of them without a value could move a limit of 95 % anywhere

Array = NDArray[np.float64]
BootstrapMethod = Literal["BCa", "percentile", "degenerate", "none"]
Statistic = Callable[[Array], Array]
"""From counts, shape (draws, patients), to values, shape (draws,); NaN where undefined."""


@dataclass(frozen=True, slots=True)
class BootstrapInterval:
    """An interval from resampled patients."""

    estimate: float
    low: float | None
    high: float | None
    method: BootstrapMethod
    """degenerate: every draw gives the estimate; none: too few patients, or too many draws without
    a value."""
    warning: str
    """Why it is not BCa or there is none, and how many draws had no value; "" if neither."""
    se: float | None
    """Standard deviation of the draws."""
    z0: float | None = None
    """Bias correction of BCa, in standard normal units."""
    acceleration: float | None = None
    levels: tuple[float, float] | None = None
    """The quantiles of the draws that BCa takes."""


def stream(seed: int, label: str) -> np.random.Generator:
    """Return the generator of one labelled use, independent of all other labels.

    >>> bool(stream(1, "ranks").integers(100) == stream(1, "ranks").integers(100))
    True
    """
    return np.random.default_rng(np.random.SeedSequence([seed, crc32(label.encode())]))


def patient_counts(n: int, rng: np.random.Generator, draws: int = DRAWS) -> Array:
    """Return how often each of n patients is drawn, shape (draws, n); every row sums to n.

    A column lies in one piece of memory: statistics go through the patients one by one.
    """
    if n < 1 or draws < 1:
        raise ValueError(f"a bootstrap needs patients and draws, got {n} and {draws}")
    counts = rng.multinomial(n, np.full(n, 1 / n), size=draws)
    return np.asarray(counts, np.float64, order="F")


def draws_for(n: int) -> int:
    """Return how many draws n patients get: 10,000, fewer where they would not fit into a gigabyte.

    >>> draws_for(500), draws_for(100_000)
    (10000, 1250)
    """
    return max(1, min(DRAWS, MOST_COUNTS // n))


def leave_out_counts(n: int) -> Array:
    """Return the counts that leave each patient out once, beyond 2,000 each of 500 groups.

    Shape (n, n) or (500, n). A group holds every 500th patient; groups give the same acceleration
    as single patients do, but for chance.

    >>> leave_out_counts(2).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    groups = n if n <= LEFT_OUT_SINGLY else GROUPS
    return np.asarray(np.arange(groups)[:, None] != np.arange(n) % groups, np.float64, order="F")


def mean_of(values: ArrayLike) -> Statistic:
    """Return the mean of one value per patient, as a function of counts."""
    array = as_patients(values)

    def mean(counts: Array) -> Array:
        means: Array = counts @ array / counts.sum(axis=1)
        return means

    return mean


def percentile_interval(
    statistic: Statistic, counts: Array, level: float = 0.95
) -> BootstrapInterval:
    """Return the interval between two quantiles of the draws; source: Efron 1979."""
    estimate, values, lost = _drawn(statistic, counts)
    return _percentile(estimate, values, level, lost)


def bca_interval(
    statistic: Statistic, counts: Array, level: float = 0.95, at_least: int = FEWEST_PATIENTS
) -> BootstrapInterval:
    """Return the bias-corrected and accelerated interval; source: Efron 1987.

    Args:
        statistic: What is estimated, a function of counts.
        counts: Draws, shape (draws, patients).
        level: Confidence level.
        at_least: Patients below which there is an estimate and no interval.

    The acceleration comes from leaving out patient by patient, beyond 2,000 group by group. Where the correction does not
    exist (all draws on one side, quantiles beyond the draws) the percentile interval is given,
    and `warning` says so. Where more than 1 % of the draws have no value there is no interval.
    """
    estimate, values, lost = _drawn(statistic, counts)
    n = counts.shape[1]
    if n < at_least:
        warning = f"n = {n} is too small for a bootstrap (at least {at_least})"
        return BootstrapInterval(estimate, None, None, "none", warning, None)
    if counts.shape[0] - values.size > MOST_LOST * counts.shape[0]:
        return BootstrapInterval(estimate, None, None, "none", f"no interval: {lost}", None)
    if values.size and (values == estimate).all():
        return BootstrapInterval(estimate, estimate, estimate, "degenerate", lost, 0.0)
    z0 = _bias(values, estimate)
    acceleration = _acceleration(rounded(statistic(leave_out_counts(n))))
    levels = _levels(z0, acceleration, level)
    inside = [1 / values.size <= share <= 1 - 1 / values.size for share in levels]
    if not all(inside):  # NaN and infinity are not inside either
        reason = "BCa does not exist for these draws"
        return _percentile(estimate, values, level, "; ".join(filter(None, (reason, lost))))
    low, high = np.quantile(values, levels).tolist()
    se = float(values.std(ddof=1))
    return BootstrapInterval(estimate, low, high, "BCa", lost, se, z0, acceleration, levels)


def _drawn(statistic: Statistic, counts: Array) -> tuple[float, Array, str]:
    """The estimate, the draws that have a value, and a word on those that have none."""
    whole = statistic(np.ones((1, counts.shape[1])))
    everything = rounded(np.concatenate([whole, statistic(counts)]))
    estimate, values = float(everything[0]), everything[1:]
    kept = values[np.isfinite(values)]
    lost = values.size - kept.size
    return estimate, kept, f"{lost} of {values.size} draws have no value" if lost else ""


def _percentile(estimate: float, values: Array, level: float, warning: str) -> BootstrapInterval:
    if values.size < 2:
        return BootstrapInterval(estimate, None, None, "none", warning, None)
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    se = float(values.std(ddof=1))
    return BootstrapInterval(estimate, float(low), float(high), "percentile", warning, se)


def _bias(values: Array, estimate: float) -> float:
    """How far the estimate lies from the middle of the draws; a draw equal to it counts half."""
    if not values.size or not math.isfinite(estimate):
        return math.nan
    below = ((values < estimate).sum() + 0.5 * (values == estimate).sum()) / values.size
    return float(stats.norm.ppf(below))


def _acceleration(left_out: Array) -> float:
    away = left_out.mean() - left_out
    spread = float((away**2).sum())
    return float((away**3).sum()) / (6 * spread**1.5) if spread > 0 else math.nan


def _levels(z0: float, acceleration: float, level: float) -> tuple[float, float]:
    edge = float(stats.norm.ppf((1 + level) / 2))
    low, high = (
        float(stats.norm.cdf(z0 + (z0 + z) / (1 - acceleration * (z0 + z)))) for z in (-edge, edge)
    )
    return low, high
