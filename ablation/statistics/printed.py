"""Numbers as other programs print them, to check a published one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from ablation.statistics.paired import EXACT_UP_TO, as_patients, paired_t, sign_flip_distribution

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PrintedWilcoxon:
    """The test without the patients whose difference is 0, two-sided and unadjusted."""

    n: int
    """Patients whose difference is not 0."""
    statistic: float
    """The smaller rank sum: `statistic` of scipy, T or W in papers."""
    v: float
    """Rank sum of the patients in whom the candidate has the larger value: V of R."""
    p_exact: float | None
    """Over all sign flips of the ranks as they are; None beyond 500 patients."""
    p_untied: float | None
    """By the table for ranks without ties, as scipy before 1.15 did up to 50 patients."""
    p_normal: float
    """Normal approximation, corrected for ties: scipy beyond 50 patients."""
    p_continuity: float
    """The same with continuity correction: R from 50 patients, and with ties or zeros."""


def printed_wilcoxon(d: ArrayLike) -> PrintedWilcoxon:
    """Return what scipy, R and SPSS make of differences, shape (patients,).

    They drop zeros first (Wilcoxon 1945) and do not round: 0.3 - 0.2 and 0.4 - 0.3 do not tie.

    >>> found = printed_wilcoxon([0.03, -0.01, 0.05, 0.02, 0.04, -0.005, 0.07, 0.06])
    >>> found.statistic, found.p_exact
    (3.0, 0.0390625)
    """
    array = as_patients(d)
    array = array[array != 0]
    ranks = stats.rankdata(np.abs(array))
    v = float(ranks[array > 0].sum())
    lower = min(v, float(ranks.sum()) - v)
    small = array.size <= EXACT_UP_TO
    return PrintedWilcoxon(
        n=array.size,
        statistic=lower,
        v=v,
        p_exact=_exact(ranks, lower) if small else None,
        p_untied=_exact(np.arange(1.0, array.size + 1), math.floor(v)) if small else None,
        p_normal=_normal(ranks, lower, 0.0),
        p_continuity=_normal(ranks, lower, 0.5),
    )


def false_claim(d: ArrayLike) -> float | None:
    """Return how probable it is that the design with the better mean is not the better one.

    P(mu_A <= mu_B) = T(sqrt(n) (mean_B - mean_A) / sqrt(s_A^2 + s_B^2 - 2 r s_A s_B)), T the
    distribution function of t with n - 1 degrees of freedom: the posterior under a flat prior. The
    root is the standard deviation of the differences, so this is half the p of the paired t test.

    Source: Christodoulou et al. 2025, the tool Claims Reloaded. None where the differences do not
    vary.

    >>> round(false_claim([0.03, -0.01, 0.05, 0.02, 0.04, -0.005, 0.07, 0.06]), 6)
    0.008586
    """
    found = paired_t(d)
    return None if found.t is None else float(stats.t.cdf(-abs(found.t), found.df))


def _exact(ranks: Array, w: float) -> float:
    probability = sign_flip_distribution(np.rint(2 * ranks).astype(np.int64).tolist())
    at = round(2 * w)
    tails = (float(probability[: at + 1].sum()), float(probability[at:].sum()))
    return min(1.0, 2.0 * min(tails))


def _normal(ranks: Array, w: float, continuity: float) -> float:
    spread = math.sqrt(float((ranks**2).sum()) / 4.0)
    if not spread:
        return 1.0
    away = max(0.0, float(ranks.sum()) / 2.0 - w - continuity)
    return min(1.0, 2.0 * float(stats.norm.sf(away / spread)))
