"""Performance profile: the share of patients above every score."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ablation.statistics.paired import as_patients


def performance_profile(scores: ArrayLike, thresholds: ArrayLike) -> tuple[float, ...]:
    """Return the share of patients whose score lies above each threshold, strictly.

    Source: Agarwal et al. 2021.

    >>> performance_profile([0.91, 0.85, 0.0, 0.77, 0.88], [0, 0.85, 0.9])
    (0.8, 0.4, 0.2)
    """
    values, at = as_patients(scores), np.asarray(thresholds, np.float64)
    return tuple((values[None, :] > at[:, None]).mean(axis=1).tolist())
