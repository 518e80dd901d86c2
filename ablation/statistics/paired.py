"""Tests of one difference per patient: exact Wilcoxon signed-rank and paired t.

Every function takes the differences d, shape (patients,), candidate minus reference.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

DECIMALS = 12  # 0.3 - 0.2 and 0.4 - 0.3 differ in floating point and would break a tie
EXACT_UP_TO = 500  # patients; beyond, the normal approximation is good to many digits
ZERO_SPREAD = 1e-12

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SignedRank:
    """Wilcoxon's signed-rank test of symmetry around 0."""

    n: int
    """Patients, those with difference 0 included."""
    n_nonzero: int
    w_plus: float
    """Sum of the ranks of the positive differences."""
    w_minus: float
    z: float
    """W+ in standard deviations from its mean; above 0 the candidate is better."""
    p_two_sided: float
    p_greater: float
    p_less: float
    exact: bool
    """False beyond 500 patients, where the normal approximation is used."""


@dataclass(frozen=True, slots=True)
class MeanInterval:
    """A mean over patients with its t interval, in the unit of the values."""

    n: int
    mean: float
    sd: float | None
    """Standard deviation with n - 1 below the line; None for one patient."""
    low: float | None
    """None for one patient and where all values are equal."""
    high: float | None

    @property
    def excludes_zero(self) -> bool:
        """Whether there is an interval and 0 lies outside it."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


@dataclass(frozen=True, slots=True)
class PairedT:
    """Student's t test that the mean difference is 0."""

    interval: MeanInterval
    t: float | None
    """None for one patient and where all differences are equal."""
    df: int
    p_two_sided: float | None


def differences(candidate: ArrayLike, reference: ArrayLike) -> Array:
    """Return candidate - reference, patient by patient, rounded so that equal steps tie.

    >>> differences([0.3, 0.4], [0.2, 0.3]).tolist()
    [0.1, 0.1]
    """
    a, b = np.asarray(candidate, np.float64), np.asarray(reference, np.float64)
    if a.shape != b.shape:
        raise ValueError(f"pairs need equal shapes, got {a.shape} and {b.shape}")
    return np.round(a - b, DECIMALS)


def as_patients(values: ArrayLike) -> Array:
    """Return the values as a flat float array; refuse an empty one and NaN.

    NaN has to be dropped pair by pair before: dropped design by design it pairs strangers.
    """
    array = np.asarray(values, np.float64)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"one value per patient is needed, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError("values hold NaN or infinity; drop these pairs first")
    return array


def is_constant(values: ArrayLike) -> bool:
    """Tell whether the spread is rounding noise, so that t and d_z do not exist.

    >>> is_constant([0.1, 0.1, 0.1])
    True
    """
    array = as_patients(values)
    if array.size < 2:
        return True
    return bool(array.std(ddof=1) < ZERO_SPREAD * max(1.0, abs(array.mean())))


def signed_rank(d: ArrayLike) -> SignedRank:
    """Test symmetry of the differences around 0, exactly, with ties and zeros.

    Zeros are ranked with the others and then left out (Pratt 1959): two designs that both
    miss a tumour agree, and agreement counts. The null distribution is that of all sign
    flips of the ranks at hand, so ties need no correction. p is never 0.

    >>> signed_rank([0.03, -0.01, 0.05, 0.02, 0.04, -0.005, 0.07, 0.06]).p_two_sided
    0.0390625
    """
    array = np.round(as_patients(d), DECIMALS)
    ranks = stats.rankdata(np.abs(array))[array != 0]
    positive = array[array != 0] > 0
    w_plus, w_minus = float(ranks[positive].sum()), float(ranks[~positive].sum())
    exact = array.size <= EXACT_UP_TO
    less, greater = _exact_tails(ranks, w_plus) if exact else _normal_tails(ranks, w_plus)
    return SignedRank(
        n=array.size,
        n_nonzero=int(ranks.size),
        w_plus=w_plus,
        w_minus=w_minus,
        z=_z(ranks, w_plus),
        p_two_sided=min(1.0, 2.0 * min(less, greater)),
        p_greater=greater,
        p_less=less,
        exact=exact,
    )


def sign_flip_distribution(doubled_ranks: Iterable[int]) -> Array:
    """Return P(2 W+ = w) for w = 0, 1, ..., when every sign is a fair coin.

    Midranks are halves, so they come doubled.

    >>> sign_flip_distribution([2, 4]).tolist()
    [0.25, 0.0, 0.25, 0.0, 0.25, 0.0, 0.25]
    """
    return _distribution(tuple(sorted(doubled_ranks)))


@lru_cache(maxsize=32)  # designs scored on the same patients mostly share their ranks
def _distribution(ascending: tuple[int, ...]) -> Array:
    """One addition a patient, O(n * sum of ranks); in ascending order the sums stay short."""
    step = math.gcd(*ascending) or 1
    ways = np.zeros(sum(ascending) // step + 1)
    ways[0] = 1.0
    reached = 0
    for rank in (doubled // step for doubled in ascending):
        ways[rank : reached + rank + 1] += ways[: reached + 1].copy()
        reached += rank
    probability = np.zeros(sum(ascending) + 1)
    probability[::step] = ways / 2.0 ** len(ascending)
    probability.flags.writeable = False
    return probability


def _exact_tails(ranks: Array, w_plus: float) -> tuple[float, float]:
    """P(W+ <= w) and P(W+ >= w) over all sign flips."""
    probability = sign_flip_distribution(np.rint(2 * ranks).astype(np.int64).tolist())
    at = round(2 * w_plus)
    return min(1.0, float(probability[: at + 1].sum())), min(1.0, float(probability[at:].sum()))


def _normal_tails(ranks: Array, w_plus: float) -> tuple[float, float]:
    """The same tails by the normal law."""
    if not ranks.size:
        return 1.0, 1.0
    z = _z(ranks, w_plus)
    return float(stats.norm.cdf(z)), float(stats.norm.sf(z))


def _z(ranks: Array, w_plus: float) -> float:
    """Ties and zeros are in the ranks themselves, so this needs no correction."""
    spread = math.sqrt(float((ranks**2).sum()) / 4.0)
    return (w_plus - float(ranks.sum()) / 2.0) / spread if spread else 0.0


def mean_interval(values: ArrayLike, level: float = 0.95) -> MeanInterval:
    """Return mean, standard deviation and t interval of one value per patient.

    >>> interval = mean_interval([0.7, 0.8, 0.9])
    >>> round(interval.mean, 3), round(interval.low, 3), round(interval.high, 3)
    (0.8, 0.552, 1.048)
    """
    array = as_patients(values)
    mean = float(array.mean())
    if array.size < 2:
        return MeanInterval(array.size, mean, None, None, None)
    if is_constant(array):
        return MeanInterval(array.size, mean, 0.0, None, None)
    sd = float(array.std(ddof=1))
    half = float(stats.t.ppf((1 + level) / 2, array.size - 1)) * sd / math.sqrt(array.size)
    return MeanInterval(array.size, mean, sd, mean - half, mean + half)


def paired_t(d: ArrayLike, level: float = 0.95) -> PairedT:
    """Test that the mean difference is 0; undefined where all differences are equal.

    >>> round(paired_t([0.03, -0.01, 0.05, 0.02, 0.04, -0.005, 0.07, 0.06]).t, 4)
    3.1062
    """
    array = np.round(as_patients(d), DECIMALS)
    interval = mean_interval(array, level)
    df = array.size - 1
    if interval.low is None or not interval.sd:
        return PairedT(interval, None, df, None)
    t = interval.mean / (interval.sd / math.sqrt(array.size))
    return PairedT(interval, t, df, float(2 * stats.t.sf(abs(t), df)))
