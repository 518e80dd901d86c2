"""Whether a difference matters: equivalence and Bayesian signed-rank against a margin."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ablation.metrics.metric import Metric
from ablation.statistics.bayes import BayesianSignedRank, bayesian_signed_rank
from ablation.statistics.equivalence import Equivalence, tost

Array = NDArray[np.float64]
FEWEST = 10
"""Patients below which neither equivalence nor non-inferiority is tested."""


@dataclass(frozen=True, slots=True)
class Relevance:
    """A contrast against the smallest difference that matters, in the metric's unit."""

    margin: float
    equivalence: Equivalence
    bayes: BayesianSignedRank


def relevance(
    d: Array, margin: float, alpha: float, rng: np.random.Generator, metric: Metric
) -> Relevance | None:
    """Return what differences of scores as they stand, one per patient, say about this margin.

    Nothing below ten patients. "Better", "worse" and "non-inferior" follow the direction of the
    metric; mean and limits are candidate minus reference.
    """
    if d.size < FEWEST:
        return None
    oriented = metric.sign * d
    test = tost(oriented, margin, alpha)
    if metric.sign < 0:
        test = replace(test, mean=-test.mean, low=_negative(test.high), high=_negative(test.low))
    return Relevance(margin, test, bayesian_signed_rank(oriented, margin, rng))


def _negative(limit: float | None) -> float | None:
    return None if limit is None else -limit
