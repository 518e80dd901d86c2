"""How firm a ranking by means is: patients resampled jointly, and left out one by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ablation.statistics.paired import rounded
from ablation.statistics.ranking import as_table, kendall_tau

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RankStability:
    """Ranks by mean score over draws of patients; rank 1 is the best."""

    p_rank: tuple[tuple[float, ...], ...]
    """Of each design the share of draws in which it has rank 1, 2, ...; ties share the better."""
    p_first: tuple[float, ...]
    """Share of draws in which it alone is first."""
    p_tie: float
    """Share of draws without a single first."""
    rank_low: tuple[int, ...]
    """Of each design the interval of its rank."""
    rank_high: tuple[int, ...]
    tau: float | None
    """Mean Kendall's tau of the draws' rankings and the full one."""
    draws: int


@dataclass(frozen=True, slots=True)
class LeaveOneOut:
    """What becomes of the winner by mean when one patient is missing."""

    winners: tuple[int, ...]
    """First design by mean of all patients; several where they tie."""
    changing: tuple[int, ...]
    """Patients without whom the winner is another."""


def rank_stability(
    scores: ArrayLike, counts: Array, level: float = 0.95, *, higher_is_better: bool
) -> RankStability:
    """Rank the designs in every draw of patients, the same patients for all designs.

    Args:
        scores: Shape (patients, designs).
        counts: Draws, shape (draws, patients).
        level: Of the interval of ranks.
        higher_is_better: Direction of the metric.
    """
    table = as_table(scores) if higher_is_better else -as_table(scores)
    ranks = _ranks_by_mean(table, counts)
    draws, k = ranks.shape
    p_rank = np.array([(ranks == place).mean(axis=0) for place in range(1, k + 1)]).T
    alone = (ranks == 1).sum(axis=1) == 1
    low, high = (
        np.quantile(ranks, tail, axis=0, method="inverted_cdf").astype(int).tolist()
        for tail in ((1 - level) / 2, (1 + level) / 2)
    )
    return RankStability(
        p_rank=tuple(tuple(row) for row in p_rank.tolist()),
        p_first=tuple((alone[:, None] & (ranks == 1)).mean(axis=0).tolist()),
        p_tie=float(1 - alone.mean()),
        rank_low=tuple(low),
        rank_high=tuple(high),
        tau=_mean_tau(ranks, _ranks_by_mean(table, np.ones((1, len(table))))[0]),
        draws=draws,
    )


def leave_one_out_winner(scores: ArrayLike, *, higher_is_better: bool) -> LeaveOneOut:
    """Leave out patient by patient and see whether the design with the best mean stays.

    >>> leave_one_out_winner([[1, 0], [0, 0.4], [0, 0.4]], higher_is_better=True)
    LeaveOneOut(winners=(0,), changing=(0,))
    """
    table = as_table(scores) if higher_is_better else -as_table(scores)
    first = _ranks_by_mean(table, np.ones((1, len(table))))[0] == 1
    winners = tuple(np.flatnonzero(first).tolist())
    if len(table) == 1:
        return LeaveOneOut(winners, ())
    without = _ranks((table.sum(axis=0) - table) / (len(table) - 1), table) == 1
    return LeaveOneOut(winners, tuple(np.flatnonzero((without != first).any(axis=1)).tolist()))


def _ranks_by_mean(table: Array, counts: Array) -> NDArray[np.int64]:
    """Rank 1 for the highest mean, shape (draws, designs); ties share the better rank."""
    return _ranks(counts @ table / counts.sum(axis=1)[:, None], table)


def _ranks(means: Array, table: Array) -> NDArray[np.int64]:
    return np.asarray(stats.rankdata(-rounded(means, table), method="min", axis=1), np.int64)


def _mean_tau(ranks: NDArray[np.int64], full: NDArray[np.int64]) -> float | None:
    """Draws repeat few rankings, so each distinct one is compared once."""
    distinct, times = np.unique(ranks, axis=0, return_counts=True)
    taus = [kendall_tau(row.astype(np.float64), full.astype(np.float64)) for row in distinct]
    known = [(tau, weight) for tau, weight in zip(taus, times, strict=True) if tau is not None]
    if not known:
        return None
    return float(np.average([t for t, _ in known], weights=[w for _, w in known]))
