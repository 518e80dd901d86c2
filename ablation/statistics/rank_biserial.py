"""Rank-biserial correlation: the signed-rank test as an effect size between -1 and 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ablation.statistics.paired import as_patients, rounded, signed_rank
from ablation.statistics.resampling import BootstrapInterval, Statistic, bca_interval

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RankBiserial:
    """(W+ - W-) / (W+ + W-): 1 where every difference favours the candidate."""

    value: float
    """From the differences that are not 0; 0 where there is none."""
    pratt: float
    """Zeros ranked too: (W+ - W-) / (n (n + 1) / 2); the one to read with over 10 % zeros."""
    zeros: int
    """Patients without a difference."""
    one_sign: bool
    """All differences favour one design: the value is a bound, read superiority's interval."""
    interval: BootstrapInterval | None
    """BCa of `value` over patients; None without draws and where all differences have one sign."""


def rank_biserial(d: ArrayLike, counts: Array | None = None, level: float = 0.95) -> RankBiserial:
    """Return the matched-pairs rank-biserial correlation; source: Kerby 2014.

    >>> rank_biserial([0.03, -0.01, 0.05, 0.02, 0.04, -0.005, 0.07, 0.06]).value
    0.8333333333333334
    """
    array = rounded(as_patients(d))
    moved = array[array != 0]
    if not moved.size:
        return RankBiserial(0.0, 0.0, array.size, False, None)
    dropped, ranked = signed_rank(moved), signed_rank(array)
    one_sign = bool((moved > 0).all() or (moved < 0).all())
    interval = None
    if counts is not None and not one_sign:
        interval = bca_interval(_of_counts(array), counts, level)
    n = array.size
    return RankBiserial(
        value=(dropped.w_plus - dropped.w_minus) / (dropped.w_plus + dropped.w_minus),
        pratt=(ranked.w_plus - ranked.w_minus) / (n * (n + 1) / 2),
        zeros=n - moved.size,
        one_sign=one_sign,
        interval=interval,
    )


def _of_counts(d: Array) -> Statistic:
    """The same where a patient may be drawn several times, and then ties with themselves."""
    groups = [np.flatnonzero(np.abs(d) == size) for size in np.unique(np.abs(d[d != 0]))]

    def correlation(counts: Array) -> Array:
        smaller, signed = np.zeros(len(counts)), np.zeros(len(counts))
        for group in groups:
            if group.size == 1:  # the usual case, without ties
                here = counts[:, group[0]]
                ahead = here if d[group[0]] > 0 else -here
            else:
                own = counts[:, group]
                here, ahead = own.sum(axis=1), own @ np.sign(d[group])
            signed += (smaller + (here + 1) / 2) * ahead
            smaller += here
        with np.errstate(invalid="ignore"):  # a draw of zeros alone has no value
            value: Array = signed / (smaller * (smaller + 1) / 2)
        return value

    return correlation
