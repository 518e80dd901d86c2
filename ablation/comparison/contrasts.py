"""One metric over all designs: a value per patient, summaries, paired differences, tests."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd

from ablation.comparison.empties import Policy, scores_under
from ablation.comparison.metrics import Metric
from ablation.statistics import (
    EffectSize,
    HodgesLehmann,
    MeanInterval,
    PairedT,
    SignedRank,
    Superiority,
    cohens_dz,
    differences,
    hodges_lehmann,
    holm,
    mean_interval,
    minimum_attainable_p,
    paired_t,
    signed_rank,
    superiority,
)


@dataclass(frozen=True, slots=True)
class Summary:
    """A design's scores over patients."""

    design: str
    interval: MeanInterval
    median: float
    quartiles: tuple[float, float]
    minimum: float
    maximum: float
    training_means: tuple[float, ...]
    """Mean over patients of each training (seed)."""

    @property
    def training_sd(self) -> float | None:
        """Standard deviation of the trainings' means; None for one training."""
        if len(self.training_means) < 2:
            return None
        return float(np.std(self.training_means, ddof=1))


@dataclass(frozen=True, slots=True)
class Contrast:
    """Candidate against reference, patient by patient; above 0 the candidate is better."""

    candidate: str
    reference: str
    d: tuple[float, ...]
    """One oriented difference per patient, in the order of the analysis' patients."""
    t: PairedT
    rank: SignedRank
    p_holm: float
    family: int
    """Comparisons adjusted together."""
    simultaneous: MeanInterval
    """The interval that holds for all comparisons of the family at once (Bonferroni)."""
    effect: EffectSize
    shift: HodgesLehmann
    better: Superiority
    median: float
    """Median of the oriented differences."""
    raw_difference: float
    """Candidate minus reference as they stand, whichever direction is better."""

    @property
    def n(self) -> int:
        """Patients."""
        return len(self.d)

    def can_be_settled(self, alpha: float) -> bool:
        """Tell whether the smallest possible p, adjusted, lies below alpha."""
        return minimum_attainable_p(self.n) * self.family < alpha

    def disagrees(self, alpha: float) -> bool:
        """Tell whether mean and ranks tell different stories (a few extreme patients)."""
        mean = self.t.interval.mean
        if mean * self.shift.estimate < 0:
            return True
        p = self.t.p_two_sided
        if p is None or not self.can_be_settled(alpha):
            return False
        return (p < alpha) != (self.rank.p_two_sided < alpha)


@dataclass(frozen=True, slots=True)
class Analysis:
    """One metric of one target: the same patients for every design."""

    metric: Metric
    target: str
    unit: str
    """"mm", "px" or nothing."""
    role: Literal["primary", "secondary"]
    patients: tuple[str, ...]
    scores: Mapping[str, tuple[float, ...]]
    """For each design one value per patient, averaged over trainings."""
    summaries: tuple[Summary, ...]
    contrasts: tuple[Contrast, ...]
    unscored: int
    """Cases left out for all designs because one has no value."""

    @property
    def label(self) -> str:
        """The metric with its unit."""
        return f"{self.metric.label} ({self.unit})" if self.unit else self.metric.label


def analyse(
    rows: pd.DataFrame,
    metric: Metric,
    role: Literal["primary", "secondary"],
    pairs: Sequence[tuple[str, str]],
    level: float,
    policy: Policy = "penalty",
) -> Analysis:
    """Summarise and contrast the designs on one metric of one target.

    Args:
        rows: Aligned rows of one target.
        metric: The score, a column of the rows.
        role: Whether the verdict rests on it.
        pairs: (candidate, reference) names, adjusted together by Holm.
        level: Confidence level of intervals.
        policy: What missed and absent tumours count.
    """
    cases = _cases(rows, metric, policy)
    complete = cases.dropna()
    trainings = complete.groupby(level="patient", sort=True).mean()
    training_means = trainings.mean()
    by_design = trainings.T.groupby(level="design", sort=False).mean().T
    patients = tuple(str(p) for p in by_design.index)
    scores = {str(name): tuple(by_design[name].tolist()) for name in by_design}
    return Analysis(
        metric=metric,
        target=str(rows["target"].iloc[0]),
        unit=str(rows["distance_unit"].iloc[0]) if metric.kind == "distance" else "",
        role=role,
        patients=patients,
        scores=scores,
        summaries=tuple(
            _summary(name, scores[name], training_means.xs(name, level="design").tolist(), level)
            for name in scores
            if patients
        ),
        contrasts=_contrasts(scores, pairs, metric, level) if patients else (),
        unscored=len(cases) - len(complete),
    )


def planned_pairs(names: Sequence[str], reference: str | None) -> tuple[tuple[str, str], ...]:
    """Return (candidate, reference) of every planned comparison.

    >>> planned_pairs(["a", "b", "c"], "b")
    (('a', 'b'), ('c', 'b'))
    """
    if reference is None:
        return tuple(combinations(names, 2))
    return tuple((name, reference) for name in names if name != reference)


def _cases(rows: pd.DataFrame, metric: Metric, policy: Policy) -> pd.DataFrame:
    """Scores, one row per (patient, case), one column per (design, training)."""
    scores = scores_under(rows, metric, policy)
    keys = rows.loc[scores.index, ["patient", "case", "design", "training"]]
    order = list(dict.fromkeys(zip(keys["design"], keys["training"], strict=True)))
    table = keys.assign(score=scores).pivot(
        index=["patient", "case"], columns=["design", "training"], values="score"
    )
    return table[order] if order else table


def _summary(
    design: str, values: Sequence[float], training_means: Sequence[float], level: float
) -> Summary:
    low, median, high = (float(np.quantile(values, share)) for share in (0.25, 0.5, 0.75))
    return Summary(
        design=design,
        interval=mean_interval(values, level),
        median=median,
        quartiles=(low, high),
        minimum=min(values),
        maximum=max(values),
        training_means=tuple(training_means),
    )


def _contrasts(
    scores: Mapping[str, Sequence[float]],
    pairs: Sequence[tuple[str, str]],
    metric: Metric,
    level: float,
) -> tuple[Contrast, ...]:
    raw = [_contrast(a, b, scores, metric, level, len(pairs)) for a, b in pairs]
    adjusted = holm([contrast.rank.p_two_sided for contrast in raw])
    return tuple(replace(c, p_holm=p) for c, p in zip(raw, adjusted, strict=True))


def _contrast(
    candidate: str,
    reference: str,
    scores: Mapping[str, Sequence[float]],
    metric: Metric,
    level: float,
    family: int,
) -> Contrast:
    raw = differences(scores[candidate], scores[reference])
    d = metric.sign * raw
    return Contrast(
        candidate=candidate,
        reference=reference,
        d=tuple((d + 0.0).tolist()),
        t=paired_t(d, level),
        rank=signed_rank(d),
        p_holm=math.nan,  # set together with its family
        family=family,
        simultaneous=mean_interval(d, 1 - (1 - level) / family),
        effect=cohens_dz(d, level),
        shift=hodges_lehmann(d, level),
        better=superiority(d, level),
        median=float(np.median(d)) + 0.0,
        raw_difference=float(raw.mean()) + 0.0,
    )
