"""Cases of one patient are alike: how much they tell, and drawing patients with their cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ablation.statistics.paired import as_patients
from ablation.statistics.resampling import Statistic, mean_of

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Clustering:
    """How alike the cases of one patient are, ICC(1), and what that leaves of their number."""

    patients: int
    cases: int
    ms_between: float
    ms_within: float
    icc: float
    """1: cases of a patient are copies; 0: as different as those of two patients."""
    design_effect: float
    """1 + (m - 1) ICC: by how much the variance of a mean is larger than cases suggest."""
    n_effective: float
    """Independent cases that would tell as much."""


def clustering(groups: Sequence[ArrayLike]) -> Clustering | None:
    """Return the ICC(1) of values grouped by patient; None where it cannot be estimated.

    Unequal groups count with the mean size of the analysis of variance for the ICC, and with
    the size a case meets on average for the design effect; source: Donner & Klar 2000.

    Args:
        groups: For each patient the values of the cases, one or more.
    """
    values = [as_patients(group) for group in groups]
    sizes = np.array([group.size for group in values], np.float64)
    k, total = len(values), float(sizes.sum())
    if k < 2 or total == k:
        return None
    means = np.array([group.mean() for group in values])
    grand = float((sizes * means).sum()) / total
    between = float((sizes * (means - grand) ** 2).sum()) / (k - 1)
    within = sum(float(((group - group.mean()) ** 2).sum()) for group in values) / (total - k)
    size = (total - float((sizes**2).sum()) / total) / (k - 1)
    if between + (size - 1) * within <= 0:
        return None
    icc = (between - within) / (between + (size - 1) * within)
    met = float((sizes**2).sum()) / total
    effect = max(1.0, 1 + (met - 1) * icc)
    return Clustering(k, int(total), between, within, icc, effect, total / effect)


def mean_of_patients(groups: Sequence[ArrayLike]) -> Statistic:
    """Return the mean of the patients' means as a function of counts; each patient weighs 1."""
    return mean_of([float(as_patients(group).mean()) for group in groups])


def mean_of_cases(groups: Sequence[ArrayLike]) -> Statistic:
    """Return the mean over all cases of the patients drawn; a patient weighs as many as it has."""
    sums = np.array([as_patients(group).sum() for group in groups])
    sizes = np.array([as_patients(group).size for group in groups], np.float64)

    def statistic(counts: Array) -> Array:
        means: Array = (counts @ sums) / (counts @ sizes)
        return means

    return statistic
