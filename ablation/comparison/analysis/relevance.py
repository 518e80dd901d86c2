"""Whether a difference matters: equivalence and Bayesian signed-rank against a margin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ablation.metrics.metric import Metric
from ablation.statistics.bayes import BayesianSignedRank, bayesian_signed_rank
from ablation.statistics.corrections import Correction
from ablation.statistics.equivalence import (
    FEWEST_FOR_EQUIVALENCE,
    Equivalence,
    FlippedMargin,
    flipped_margin,
    tost,
)
from ablation.statistics.paired import is_constant

Array = NDArray[np.float64]
SKEWED = 1.0
"""Skewness beyond which a distribution counts as strongly skewed (Bulmer 1979)."""
FEWEST = 10
"""Patients below which nothing is said of a margin."""


@dataclass(frozen=True, slots=True)
class Relevance:
    """A contrast against the smallest difference that matters, in the metric's unit."""

    margin: float
    equivalence: Equivalence
    """By t; mean and limits are candidate minus reference of the scores as they stand."""
    flips: FlippedMargin
    """By sign flips, which need no normal law."""
    bayes: BayesianSignedRank
    decided: bool
    """Whether there are enough patients to decide anything against the margin."""
    p_equivalent: float | None
    """The larger p of t and sign flips, adjusted with those of the family; None where undefined."""
    p_non_inferior: float | None
    """The same for the candidate not being worse by the margin or more."""
    skewness: float
    """Of the differences as the scores stand; 0 where they do not vary."""

    @property
    def is_skewed(self) -> bool:
        """Whether a few patients differ so far to one side that t limits promise too much."""
        return abs(self.skewness) > SKEWED

    @property
    def equivalent(self) -> bool:
        """Whether both tests, adjusted, call the designs equivalent."""
        p = self.p_equivalent
        return self.decided and p is not None and p < self.equivalence.alpha

    @property
    def non_inferior(self) -> bool:
        """Whether both tests, adjusted, exclude at half of alpha that the candidate is worse."""
        p = self.p_non_inferior
        return self.decided and p is not None and p < self.equivalence.alpha / 2


def relevance(
    d: Array, margin: float, alpha: float, rng: np.random.Generator, metric: Metric
) -> Relevance | None:
    """Return what differences of scores as they stand, one per patient, say about this margin.

    Nothing below ten patients. "Better", "worse" and "non-inferior" follow the direction of the
    metric; mean and limits are candidate minus reference. p is not adjusted yet.
    """
    if d.size < FEWEST:
        return None
    oriented = metric.sign * d
    bayes = bayesian_signed_rank(oriented, margin, rng)
    test, flips = tost(oriented, margin, alpha), flipped_margin(oriented, margin, rng)
    both = None if test.p is None else max(test.p, flips.p)
    lower = None if test.p_lower is None else max(test.p_lower, flips.p_lower)
    if metric.sign < 0:
        test = replace(test, mean=-test.mean, low=_negative(test.high), high=_negative(test.low))
    decided = d.size >= FEWEST_FOR_EQUIVALENCE
    skewness = 0.0 if is_constant(d) else float(stats.skew(d, bias=False))
    return Relevance(margin, test, flips, bayes, decided, both, lower, skewness)


def adjusted_together(
    found: Sequence[Relevance | None], correction: Correction
) -> list[Relevance | None]:
    """Adjust the tests against the margin over the comparisons of a family."""
    known = [one for one in found if one is not None]
    both = iter(
        correction.adjust([1.0 if r.p_equivalent is None else r.p_equivalent for r in known])
    )
    lower = iter(
        correction.adjust([1.0 if r.p_non_inferior is None else r.p_non_inferior for r in known])
    )
    return [
        None
        if one is None
        else replace(
            one,
            p_equivalent=_where(one.p_equivalent, next(both)),
            p_non_inferior=_where(one.p_non_inferior, next(lower)),
        )
        for one in found
    ]


def _where(own: float | None, adjusted: float) -> float | None:
    return None if own is None else adjusted


def _negative(limit: float | None) -> float | None:
    return None if limit is None else -limit
