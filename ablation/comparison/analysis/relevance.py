"""Whether a difference matters: equivalence and Bayesian signed-rank against a margin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablation.statistics.bayes import BayesianSignedRank, bayesian_signed_rank
from ablation.statistics.equivalence import Equivalence, tost

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Relevance:
    """A contrast against the smallest difference that matters, in the metric's unit."""

    margin: float
    equivalence: Equivalence
    bayes: BayesianSignedRank


def relevance(d: Array, margin: float, alpha: float, rng: np.random.Generator) -> Relevance:
    """Return what oriented differences, one per patient, say about this margin."""
    return Relevance(margin, tost(d, margin, alpha), bayesian_signed_rank(d, margin, rng))
