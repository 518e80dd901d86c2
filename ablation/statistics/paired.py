"""Tests of one difference per patient: exact Wilcoxon signed-rank and paired t.

Every function takes the differences d, shape (patients,), candidate minus reference.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

DIGITS = 12  # 0.3 - 0.2 and 0.4 - 0.3 differ in floating point and would break a tie
SINGLE_DIGITS = 6  # of scores that another program computed in single precision
EXACT_UP_TO = 500  # patients; beyond, the normal approximation is good to many digits
ZERO_SPREAD = 1e-12  # of the largest value
FEWEST_TRANSFORMED = 3  # values from which a transformed interval is worth showing
MOST_DECIMALS = 300  # 10 to this power is still a floating point number

Array = NDArray[np.float64]
IntervalMethod = Literal["t", "logit", "log", "cut", "none"]
Bounds = tuple[float, float]
UNBOUNDED: Bounds = (-math.inf, math.inf)


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
    """None for one patient, where all values are equal, and where no interval fits the scale."""
    high: float | None
    method: IntervalMethod = "t"
    """logit and log: t on that scale, where the plain interval would leave the bounds of the values;
    cut: the t interval ends at a bound; none: two values whose t interval leaves the bounds."""

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

    Rounded to 12 significant digits of the largest score, to 6 where a score was computed in
    single precision: the noise of a difference grows with the scores.

    >>> differences([0.3, 0.4], [0.2, 0.3]).tolist()
    [0.1, 0.1]
    >>> differences([100000.3, 51234.8], [100000.2, 51234.7]).tolist()
    [0.1, 0.1]
    """
    a, b = np.asarray(candidate, np.float64), np.asarray(reference, np.float64)
    if a.shape != b.shape:
        raise ValueError(f"pairs need equal shapes, got {a.shape} and {b.shape}")
    scores = np.concatenate([a.ravel(), b.ravel()])
    return rounded(a - b, scores, min(significant_digits(a), significant_digits(b)))


def rounded(values: Array, scale: ArrayLike | None = None, digits: int = DIGITS) -> Array:
    """Return values rounded to so many significant digits of the largest size.

    Args:
        values: Any shape; NaN and infinity stay.
        scale: What the values were computed from; None: the values themselves.
        digits: Significant digits of the largest finite size.

    >>> rounded(np.array([0.1 + 0.2, 1000.0])).tolist()
    [0.3, 1000.0]
    """
    sizes = np.abs(np.asarray(values if scale is None else scale, np.float64))
    largest = float(np.max(sizes, initial=0.0, where=np.isfinite(sizes)))
    if largest == 0.0:
        return np.asarray(values, np.float64)
    decimals = digits - math.ceil(math.log10(largest))
    if decimals > MOST_DECIMALS:
        return np.asarray(values, np.float64)
    return np.round(values, decimals) + 0.0


def significant_digits(scores: Array) -> int:
    """Return how many digits scores are good for: 6 where they come from single precision.

    >>> significant_digits(np.array([0.3, 0.4])), significant_digits(np.array([0.30000001192092896]))
    (12, 6)
    """
    with np.errstate(over="ignore"):
        single = scores == scores.astype(np.float32)
    is_single = single.all() and (rounded(scores) != scores).any()
    return SINGLE_DIGITS if is_single else DIGITS


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
    return bool(array.std(ddof=1) <= ZERO_SPREAD * np.abs(array).max())


def signed_rank(d: ArrayLike) -> SignedRank:
    """Test symmetry of the differences around 0, exactly, with ties and zeros.

    Zeros are ranked with the others and then left out (Pratt 1959): two designs that both
    miss a tumour agree, and agreement counts. The null distribution is that of all sign
    flips of the ranks at hand, so ties need no correction. p is never 0.

    >>> signed_rank([0.03, -0.01, 0.05, 0.02, 0.04, -0.005, 0.07, 0.06]).p_two_sided
    0.0390625
    """
    array = rounded(as_patients(d))
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


def mean_interval(
    values: ArrayLike, level: float = 0.95, bounds: Bounds = UNBOUNDED
) -> MeanInterval:
    """Return mean, standard deviation and t interval of one value per patient.

    Args:
        values: One per patient.
        level: Confidence level.
        bounds: Smallest and largest possible value. Where the t interval leaves them it is computed
            for the logit of the mean, for its logarithm where there is one bound; `method` says so.

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
    plain = MeanInterval(array.size, mean, sd, mean - half, mean + half)
    if bounds[0] <= mean - half and mean + half <= bounds[1]:
        return plain
    return _within(plain, half, bounds)


def _within(plain: MeanInterval, half: float, bounds: Bounds) -> MeanInterval:
    """The interval of the transformed mean, its width by the delta method, transformed back."""
    low, high = bounds
    if plain.n < FEWEST_TRANSFORMED or not low < plain.mean < high:
        return replace(plain, low=None, high=None, method="none")
    above, below = plain.mean - low, high - plain.mean
    if math.isinf(below):
        factor = math.exp(half / above)
        return replace(plain, low=low + above / factor, high=low + above * factor, method="log")
    if math.isinf(above):
        factor = math.exp(half / below)
        return replace(plain, low=high - below * factor, high=high - below / factor, method="log")
    middle, width = math.log(above / below), half * (high - low) / (above * below)
    ends = [low + (high - low) * float(special.expit(middle + side)) for side in (-width, width)]
    return replace(plain, low=ends[0], high=ends[1], method="logit")


def cut_at(interval: MeanInterval, bounds: Bounds) -> MeanInterval:
    """Return the interval of a difference without what lies beyond the bounds of the scale.

    A true difference cannot lie there, so the level stays.

    >>> cut_at(mean_interval([0.2, 0.4]), (-1, 1)).high
    1.0
    """
    low, high = interval.low, interval.high
    if low is None or high is None or (bounds[0] <= low and high <= bounds[1]):
        return interval
    ends = (max(low, float(bounds[0])), min(high, float(bounds[1])))
    return replace(interval, low=ends[0], high=ends[1], method="cut")


def paired_t(d: ArrayLike, level: float = 0.95) -> PairedT:
    """Test that the mean difference is 0; undefined where all differences are equal.

    >>> round(paired_t([0.03, -0.01, 0.05, 0.02, 0.04, -0.005, 0.07, 0.06]).t, 4)
    3.1062
    """
    array = rounded(as_patients(d))
    interval = mean_interval(array, level)
    df = array.size - 1
    if interval.low is None or not interval.sd:
        return PairedT(interval, None, df, None)
    t = interval.mean / (interval.sd / math.sqrt(array.size))
    return PairedT(interval, t, df, float(2 * stats.t.sf(abs(t), df)))
