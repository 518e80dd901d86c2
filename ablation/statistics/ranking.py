"""Ranks of several designs: Friedman's test, groups not separated, three schemes of ranking.

Every function takes scores of shape (patients, designs), one column a design, no gaps.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ablation.statistics.paired import rounded, significant_digits

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Friedman:
    """Test that no design tends to rank above another; rank 1 is the best."""

    n: int
    k: int
    mean_ranks: tuple[float, ...]
    chi2: float
    df: int
    p_chi2: float
    """Conservative; the F of Iman and Davenport is the one to report."""
    f: float | None
    """None where all patients rank the designs alike: F is infinite."""
    df_f: tuple[int, int]
    p_f: float
    kendall_w: float
    """Agreement of the patients, 0 none to 1 complete."""
    chi2_uncorrected: float
    """Without the correction for ties, as textbooks and some programs have it."""
    p_uncorrected: float


@dataclass(frozen=True, slots=True)
class Groups:
    """Designs that the data do not separate, as the bars of a critical-difference diagram."""

    bars: tuple[tuple[Hashable, ...], ...]
    """Longest runs in rank order of which no pair is significant."""
    contiguous: bool
    """False where a pair that is not significant is under no common bar."""


@dataclass(frozen=True, slots=True)
class Schemes:
    """Three ways to a ranking; rank 1 is the best, ties share the mean of their ranks."""

    means: tuple[float, ...]
    mean_then_rank: tuple[float, ...]
    mean_ranks: tuple[float, ...]
    rank_then_mean: tuple[float, ...]
    wins: tuple[int, ...]
    """Significant wins less significant losses."""
    by_wins: tuple[float, ...]
    winners: tuple[tuple[int, ...], ...]
    """Columns that are first under each scheme, in the order above."""
    agree: bool
    """Whether all three have the same first."""
    tau: tuple[float | None, float | None, float | None]
    """Kendall's tau of means and mean ranks, means and wins, mean ranks and wins."""


def friedman(scores: ArrayLike, *, higher_is_better: bool) -> Friedman:
    """Test over complete blocks, corrected for ties; sources: Friedman 1937, Iman & Davenport 1980.

    >>> result = friedman([[0.8, 0.7], [0.9, 0.6], [0.7, 0.75]], higher_is_better=True)
    >>> [round(rank, 3) for rank in result.mean_ranks], round(result.chi2, 3)
    ([1.333, 1.667], 0.333)
    """
    ranks = patient_ranks(scores, higher_is_better=higher_is_better)
    n, k = ranks.shape
    spread = float(((ranks - (k + 1) / 2) ** 2).sum())
    mean_ranks = ranks.mean(axis=0)
    between = n * float(((mean_ranks - (k + 1) / 2) ** 2).sum())
    chi2 = (k - 1) * n * between / spread if spread > 0 else 0.0
    uncorrected = 12 * between / (k * (k + 1))
    rest = n * (k - 1) - chi2
    df_f = (k - 1, (k - 1) * (n - 1))
    complete = rest <= 1e-9 * n * k
    f = None if complete else (n - 1) * chi2 / rest
    return Friedman(
        n=n,
        k=k,
        mean_ranks=tuple(mean_ranks.tolist()),
        chi2=chi2,
        df=k - 1,
        p_chi2=float(stats.chi2.sf(chi2, k - 1)),
        f=f,
        df_f=df_f,
        p_f=_p_of_f(ranks, f),
        kendall_w=chi2 / (n * (k - 1)),
        chi2_uncorrected=uncorrected,
        p_uncorrected=float(stats.chi2.sf(uncorrected, k - 1)),
    )


def patient_ranks(scores: ArrayLike, *, higher_is_better: bool) -> Array:
    """Return the rank of every design within every patient, best 1, ties sharing their mean."""
    table = as_table(scores)
    return np.asarray(stats.rankdata(-table if higher_is_better else table, axis=1), np.float64)


def as_table(scores: ArrayLike) -> Array:
    """Return the scores as (patients, designs), rounded so that equal ones tie; refuse gaps."""
    given = np.asarray(scores, np.float64)
    table = rounded(given, digits=significant_digits(given))
    if table.ndim != 2 or table.shape[0] < 1 or table.shape[1] < 2:
        raise ValueError(f"patients x designs are needed, 1 x 2 or more, got {table.shape}")
    if not np.isfinite(table).all():
        raise ValueError("scores hold NaN or infinity; drop these patients for every design")
    return table


def _p_of_f(ranks: Array, f: float | None) -> float:
    if f is None:
        return _p_of_agreement(ranks)
    n, k = ranks.shape
    return float(stats.f.sf(f, k - 1, (k - 1) * (n - 1))) if f > 0 else 1.0


def _p_of_agreement(ranks: Array) -> float:
    """All patients alike: the chance that every other patient repeats the first one's order."""
    ties = Counter(ranks[0].tolist()).values()
    orders = math.factorial(ranks.shape[1]) // math.prod(math.factorial(size) for size in ties)
    return float(orders) ** (1 - len(ranks))


def groups(
    in_rank_order: Sequence[Hashable], significant: Collection[tuple[Hashable, Hashable]]
) -> Groups:
    """Return the bars of designs that are not separated; "not separated" is not "equal".

    >>> groups("ABC", [("A", "C")]).bars
    (('A', 'B'), ('B', 'C'))
    """
    names = list(in_rank_order)
    apart = {frozenset(pair) for pair in significant}

    def together(run: Sequence[Hashable]) -> bool:
        pairs = (frozenset((a, b)) for i, a in enumerate(run) for b in run[i + 1 :])
        return not any(pair in apart for pair in pairs)

    bars: list[tuple[Hashable, ...]] = []
    reached = 0
    for start in range(len(names)):
        stop = max(s for s in range(start + 1, len(names) + 1) if together(names[start:s]))
        if stop - start > 1 and stop > reached:
            bars.append(tuple(names[start:stop]))
            reached = stop
    covered = {frozenset((a, b)) for bar in bars for a in bar for b in bar if a != b}
    pairs = {frozenset((a, b)) for i, a in enumerate(names) for b in names[i + 1 :]}
    return Groups(tuple(bars), pairs - apart <= covered)


def schemes(
    scores: ArrayLike,
    significant_wins: Collection[tuple[int, int]] = (),
    *,
    higher_is_better: bool,
) -> Schemes:
    """Rank by means, by mean ranks and by significant wins: the winner depends on the scheme.

    Args:
        scores: Shape (patients, designs).
        significant_wins: (better, worse) columns of every significant comparison.
        higher_is_better: Direction of the metric.
    """
    table = as_table(scores)
    means = rounded(table.mean(axis=0), table)
    mean_ranks = rounded(patient_ranks(table, higher_is_better=higher_is_better).mean(axis=0))
    wins = [
        sum(a == i for a, _ in significant_wins) - sum(b == i for _, b in significant_wins)
        for i in range(table.shape[1])
    ]
    by_scheme = [
        np.asarray(stats.rankdata(values), np.float64)
        for values in (-means if higher_is_better else means, mean_ranks, -np.array(wins))
    ]
    winners = tuple(tuple(np.flatnonzero(r == r.min()).tolist()) for r in by_scheme)
    return Schemes(
        means=tuple(means.tolist()),
        mean_then_rank=tuple(by_scheme[0].tolist()),
        mean_ranks=tuple(mean_ranks.tolist()),
        rank_then_mean=tuple(by_scheme[1].tolist()),
        wins=tuple(wins),
        by_wins=tuple(by_scheme[2].tolist()),
        winners=winners,
        agree=len(set(winners)) == 1,
        tau=(
            kendall_tau(by_scheme[0], by_scheme[1]),
            kendall_tau(by_scheme[0], by_scheme[2]),
            kendall_tau(by_scheme[1], by_scheme[2]),
        ),
    )


def kendall_tau(one: Array, other: Array) -> float | None:
    """Return Kendall's tau-b of two rankings; None where one of them ranks nothing.

    >>> kendall_tau(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0]))
    0.3333333333333333
    """
    i, j = np.triu_indices(len(one), 1)
    first, second = np.sign(one[i] - one[j]), np.sign(other[i] - other[j])
    size = math.sqrt(float((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / size if size else None
