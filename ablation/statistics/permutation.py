"""Tests that flip signs of whole patients: sign-flip permutation of the mean, sign test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ablation.statistics.paired import as_patients, is_constant, rounded

ENUMERATED_UP_TO = 16  # patients: 65,536 flips
RESAMPLES = 20_000
SAME = 1e-12  # of the sum of sizes: two flips with one sum differ by less in floating point
CHUNK = 2_000
HALVINGS = 40
INTERVAL_RESAMPLES = 5_000  # an interval needs many tests of them


@dataclass(frozen=True, slots=True)
class SignFlip:
    """Permutation test that the differences are symmetric around 0, by their mean."""

    mean: float
    p_two_sided: float
    p_greater: float
    flips: int
    """All 2^n, or how many were drawn."""
    exact: bool


@dataclass(frozen=True, slots=True)
class SignTest:
    """Exact binomial test that a patient is as likely better as worse; zeros are left out."""

    n_positive: int
    n_nonzero: int
    p_two_sided: float


def sign_flip(d: ArrayLike, rng: np.random.Generator, resamples: int = RESAMPLES) -> SignFlip:
    """Test the mean difference against all sign flips, or against drawn ones beyond 16 patients.

    The studentised test has the same p: flips leave the sum of squares as it is, so that t grows
    with the mean, and two flips are in the same order by either.

    >>> d = [0.03, -0.01, 0.05, 0.02, 0.04, -0.005, 0.07, 0.06]
    >>> sign_flip(d, np.random.default_rng(0)).p_two_sided
    0.03125
    """
    array = rounded(as_patients(d))
    exact = array.size <= ENUMERATED_UP_TO
    sums = _all_sums(array) if exact else _drawn_sums(array, rng, resamples)
    reach = array.sum() - SAME * np.abs(array).sum()
    far = abs(array.sum()) - SAME * np.abs(array).sum()
    two_sided, greater = int((np.abs(sums) >= far).sum()), int((sums >= reach).sum())
    return SignFlip(
        mean=float(array.mean()),
        p_two_sided=two_sided / sums.size if exact else monte_carlo_p(two_sided, resamples),
        p_greater=greater / sums.size if exact else monte_carlo_p(greater, resamples),
        flips=sums.size,
        exact=exact,
    )


def sign_flip_interval(
    d: ArrayLike, level: float, rng: np.random.Generator, resamples: int = INTERVAL_RESAMPLES
) -> tuple[float, float] | None:
    """Return the mean differences that the two-sided test does not reject; None where there are none.

    The interval inverts `sign_flip`: it holds every value that, taken off all differences, leaves
    p at 1 - level or above. None where so few patients cannot reject anything.

    >>> d = [0.03, -0.01, 0.05, 0.02, 0.04, -0.005, 0.07, 0.06]
    >>> low, high = sign_flip_interval(d, 0.95, np.random.default_rng(0))
    >>> round(low, 4), round(high, 4)
    (0.005, 0.0567)
    """
    array = rounded(as_patients(d))
    alpha = round(1 - level, 12)
    if 2.0 ** (1 - array.size) >= alpha or is_constant(array):
        return None
    ones = np.ones_like(array)
    if array.size <= ENUMERATED_UP_TO:
        sums, signs, extra = _all_sums(array), _all_sums(ones), 0
    else:
        state = rng.bit_generator.state
        sums = _drawn_sums(array, rng, resamples)
        rng.bit_generator.state = state  # the same flips of the ones
        signs, extra = _drawn_sums(ones, rng, resamples), 1

    def kept(shift: float) -> bool:
        far = abs(array.sum() - array.size * shift) - SAME * np.abs(array - shift).sum()
        count = int((np.abs(sums - shift * signs) >= far).sum())
        return (count + extra) / (sums.size + extra) >= alpha

    middle = float(array.mean())
    return (
        _edge(kept, middle, float(array.min())),
        _edge(kept, middle, float(array.max())),
    )


def _edge(kept: Callable[[float], bool], inside: float, outside: float) -> float:
    """The place between a value that is kept and one that is not, where this changes."""
    for _ in range(HALVINGS):
        half = (inside + outside) / 2
        inside, outside = (half, outside) if kept(half) else (inside, half)
    return inside


def monte_carlo_p(exceeding: int, resamples: int) -> float:
    """Return (b + 1) / (R + 1): the data at hand are one of the flips, so p is never 0.

    Source: Phipson & Smyth 2010.

    >>> monte_carlo_p(0, 9999)
    0.0001
    """
    return (exceeding + 1) / (resamples + 1)


def sign_test(d: ArrayLike) -> SignTest:
    """Count the patients in whom the candidate is better.

    >>> sign_test([0.03, -0.01, 0.05, 0.02, 0.04, -0.005, 0.07, 0.06]).p_two_sided
    0.2890625
    """
    array = rounded(as_patients(d))
    positive, nonzero = int((array > 0).sum()), int((array != 0).sum())
    p = float(stats.binomtest(positive, nonzero).pvalue) if nonzero else 1.0
    return SignTest(positive, nonzero, min(1.0, p))


def _all_sums(d: NDArray[np.float64]) -> NDArray[np.float64]:
    sums = np.zeros(1)
    for value in d:
        sums = np.concatenate([sums + value, sums - value])
    return sums


def _drawn_sums(
    d: NDArray[np.float64], rng: np.random.Generator, resamples: int
) -> NDArray[np.float64]:
    sizes = [min(CHUNK, resamples - start) for start in range(0, resamples, CHUNK)]
    kept = [rng.integers(0, 2, (size, d.size), np.int8).astype(np.float64) @ d for size in sizes]
    sums: NDArray[np.float64] = 2 * np.concatenate(kept) - d.sum()
    return sums
