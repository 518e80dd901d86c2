"""One metric over all designs: a value per patient, summaries, paired differences, tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablation.comparison.analysis.empties import Policy, penalties, scores_under, without_size
from ablation.comparison.analysis.planned import UsedTest, fewest_patients, planned_test
from ablation.comparison.analysis.ranks import Ranking, rank_designs
from ablation.comparison.analysis.relevance import Relevance, relevance
from ablation.config.sections import ComparisonConfig
from ablation.metrics.metric import ROW_UNIT, Metric
from ablation.statistics.clusters import Clustering, clustering
from ablation.statistics.corrections import CORRECTIONS
from ablation.statistics.disagreement import mean_and_rank_disagree
from ablation.statistics.effects import (
    AverageEffect,
    EffectSize,
    HodgesLehmann,
    Superiority,
    cohens_dav,
    cohens_dz,
    hodges_lehmann,
    superiority,
)
from ablation.statistics.median import MedianInterval, median_interval
from ablation.statistics.paired import (
    MeanInterval,
    PairedT,
    SignedRank,
    cut_at,
    differences,
    mean_interval,
    paired_t,
    signed_rank,
)
from ablation.statistics.paired_tests.spec import Estimate
from ablation.statistics.printed import PrintedWilcoxon, printed_wilcoxon
from ablation.statistics.rank_biserial import RankBiserial, rank_biserial
from ablation.statistics.resampling import (
    BootstrapInterval,
    BootstrapMethod,
    bca_interval,
    draws_for,
    mean_of,
    patient_counts,
    stream,
)

Array = NDArray[np.float64]
BCA_FROM = 15  # patients from which the bootstrap interval of a mean is worth showing beside t


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
    test: str
    """The planned test, as in "Wilcoxon exact"."""
    used: UsedTest
    """The same in parts, for programs."""
    estimate: Estimate
    """What belongs to the planned test: the Hodges-Lehmann shift of Wilcoxon, the mean of t."""
    p: float | None
    """Of the planned test; None where cases of one patient were counted as independent."""
    p_adjusted: float | None
    """p with those of its family, by the correction."""
    correction: str
    """Of the registry of corrections, as in `comparison.correction`."""
    family: int
    """Comparisons adjusted together."""
    smallest_p: float
    """What the planned test could give at best with so many patients."""
    fewest_patients: int
    """From which the planned test can be significant at all."""
    t: PairedT
    rank: SignedRank
    printed: PrintedWilcoxon
    """The same test as other programs print it, of the raw difference."""
    simultaneous: MeanInterval
    """The interval that holds for all comparisons of the family at once (Bonferroni)."""
    mean_bca: BootstrapInterval | None
    """Companion of the t interval from 15 patients on."""
    effect: EffectSize
    average_effect: AverageEffect
    shift: HodgesLehmann
    better: Superiority
    rank_biserial: RankBiserial
    median: float
    """Median of the oriented differences."""
    median_interval: MedianInterval
    raw_difference: float
    """Candidate minus reference as they stand, whichever direction is better."""
    relevance: Relevance | None
    """Equivalence and Bayesian signed-rank; None without a margin for the metric."""
    clustering: Clustering | None
    """How alike the cases of a patient are, where cases were counted as independent."""

    @property
    def n(self) -> int:
        """Patients; cases where these are the unit."""
        return len(self.d)

    @property
    def resampled(self) -> Mapping[str, BootstrapMethod]:
        """How each interval from draws of patients was computed, by what it is of."""
        intervals = {
            "the mean difference (beside t)": self.mean_bca,
            "d_av": self.average_effect.interval,
            "the rank-biserial correlation": self.rank_biserial.interval,
        }
        found = {name: one.method for name, one in intervals.items() if one is not None}
        if self.better.method != "Clopper-Pearson":
            found["the share of patients in whom a design is better"] = self.better.method
        return {name: method for name, method in found.items() if method != "none"}

    def can_be_settled(self, alpha: float) -> bool:
        """Tell whether the smallest possible p, adjusted, lies below alpha."""
        multiplied = CORRECTIONS[self.correction].multiplies_smallest
        return self.smallest_p * (self.family if multiplied else 1) < alpha

    def disagrees(self, alpha: float) -> bool:
        """Tell whether mean and ranks tell different stories (a few extreme patients)."""
        return mean_and_rank_disagree(self.t, self.rank, self.shift, alpha)


@dataclass(frozen=True, slots=True)
class Analysis:
    """One metric of one target: the same patients for every design."""

    metric: Metric
    target: str
    unit: str
    """"mm", "px" or nothing."""
    role: Literal["primary", "secondary"]
    unit_of_analysis: Literal["patient", "case"]
    """case: several cases of one patient were counted as independent."""
    patients: tuple[str, ...]
    """Or patient/case where cases are the unit."""
    scores: Mapping[str, tuple[float, ...]]
    """For each design one value per patient, averaged over trainings."""
    summaries: tuple[Summary, ...]
    contrasts: tuple[Contrast, ...]
    ranking: Ranking | None
    """For three designs or more, where every patient has a score of each."""
    unscored: int
    """Cases left out for all designs because one has no value."""
    penalties: tuple[float, float] | None
    """Smallest and largest distance that an empty mask counts; None where none does."""

    @property
    def label(self) -> str:
        """The metric with its unit."""
        return f"{self.metric.label} ({self.unit})" if self.unit else self.metric.label

    @property
    def counted(self) -> str:
        """How many there are of what inference is about, as in "12 test patients"."""
        n = len(self.patients)
        return f"{n} test {self.unit_of_analysis}{'' if n == 1 else 's'}"


def analyse(
    rows: pd.DataFrame,
    metric: Metric,
    role: Literal["primary", "secondary"],
    pairs: Sequence[tuple[str, str]],
    settings: ComparisonConfig,
    policy: Policy | None = None,
) -> Analysis:
    """Summarise and contrast the designs on one metric of one target.

    Args:
        rows: Aligned rows of one target.
        metric: The score, a column of the rows.
        role: Whether the verdict rests on it.
        pairs: (candidate, reference) names, adjusted together.
        settings: How is tested, adjusted and resampled.
        policy: What missed and absent tumours count, where it is not what the settings say: a
            row of the table of rules, without resampling and ranks.
    """
    cases = cases_by_training(rows, metric, policy or settings.empty)
    complete = cases.dropna()
    crowded = settings.unit == "case" and not complete.index.get_level_values("patient").is_unique
    units = complete.sort_index() if crowded else complete.groupby(level="patient").mean()
    training_means = units.mean()
    by_design = units.T.groupby(level="design", sort=False).mean().T
    names = [" ".join(key) if isinstance(key, tuple) else str(key) for key in by_design.index]
    scores = {str(name): tuple(by_design[name].tolist()) for name in by_design}
    unscored = len(cases) - len(complete)
    table = _Table(
        metric=metric,
        target=str(rows["target"].iloc[0]),
        scores={name: np.array(values) for name, values in scores.items()},
        patients=tuple(str(p) for p in units.index.get_level_values("patient")),
        crowded=crowded,
        level=settings.level,
        counts=None if policy or crowded or not names else draws_of(tuple(names), settings.seed),
    )
    return Analysis(
        metric=metric,
        target=table.target,
        unit=str(rows[ROW_UNIT].iloc[0]) if metric.unit == ROW_UNIT else metric.unit,
        role=role,
        unit_of_analysis="case" if crowded else "patient",
        patients=tuple(names),
        scores=scores,
        summaries=tuple(
            _summary(
                name,
                scores[name],
                training_means.xs(name, level="design").tolist(),
                metric,
                settings.level,
            )
            for name in scores
            if names
        ),
        contrasts=_contrasts(table, pairs, settings) if names else (),
        ranking=_ranking(table, settings, unscored + int(without_size(rows, metric).sum())),
        unscored=unscored,
        penalties=penalties(rows, metric, policy or settings.empty),
    )


@dataclass(frozen=True, eq=False, slots=True)
class _Table:
    """Scores of the designs on the same patients, with what every contrast needs."""

    metric: Metric
    target: str
    scores: Mapping[str, Array]
    patients: tuple[str, ...]
    """Of every value; several values of one patient where the table is crowded."""
    crowded: bool
    level: float
    counts: Array | None


@lru_cache(maxsize=4)  # metrics and targets mostly share their patients
def draws_of(patients: tuple[str, ...], seed: int) -> Array:
    """One set of draws for all designs and metrics of these patients."""
    n = len(patients)
    counts = patient_counts(n, stream(seed, "bootstrap " + " ".join(patients)), draws_for(n))
    counts.flags.writeable = False  # shared
    return counts


def planned_pairs(names: Sequence[str], reference: str | None) -> tuple[tuple[str, str], ...]:
    """Return (candidate, reference) of every planned comparison.

    >>> planned_pairs(["a", "b", "c"], "b")
    (('a', 'b'), ('c', 'b'))
    """
    if reference is None:
        return tuple(combinations(names, 2))
    return tuple((name, reference) for name in names if name != reference)


def complete_cases(rows: pd.DataFrame, metric: Metric, policy: Policy) -> pd.DataFrame:
    """Return the scores of the cases that every training has one of: those that enter."""
    return cases_by_training(rows, metric, policy).dropna()


def cases_by_training(rows: pd.DataFrame, metric: Metric, policy: Policy) -> pd.DataFrame:
    """Return scores, one row per (patient, case), one column per (design, training)."""
    scores = scores_under(rows, metric, policy)
    keys = rows.loc[scores.index, ["patient", "case", "design", "training"]]
    order = list(dict.fromkeys(zip(keys["design"], keys["training"], strict=True)))
    table = keys.assign(score=scores).pivot(
        index=["patient", "case"], columns=["design", "training"], values="score"
    )
    return table[order] if order else table


def _summary(
    design: str,
    values: Sequence[float],
    training_means: Sequence[float],
    metric: Metric,
    level: float,
) -> Summary:
    low, median, high = (float(np.quantile(values, share)) for share in (0.25, 0.5, 0.75))
    return Summary(
        design=design,
        interval=mean_interval(values, level, metric.bounds),
        median=median,
        quartiles=(low, high),
        minimum=min(values),
        maximum=max(values),
        training_means=tuple(training_means),
    )


def _contrasts(
    table: _Table, pairs: Sequence[tuple[str, str]], settings: ComparisonConfig
) -> tuple[Contrast, ...]:
    raw = [_contrast(table, a, b, settings, len(pairs)) for a, b in pairs]
    if table.crowded:
        return tuple(raw)
    adjusted = CORRECTIONS[settings.correction].adjust([c.p for c in raw if c.p is not None])
    return tuple(replace(c, p_adjusted=p) for c, p in zip(raw, adjusted, strict=True))


def _contrast(
    table: _Table, candidate: str, reference: str, settings: ComparisonConfig, family: int
) -> Contrast:
    raw = differences(table.scores[candidate], table.scores[reference])
    metric, level, counts = table.metric, table.level, table.counts
    d = metric.sign * raw + 0.0
    alpha = round(1 - level, 12)
    t, rank = paired_t(d, level), signed_rank(d)
    bounds = metric.difference_bounds
    label = " ".join([table.target, metric.name, *sorted((candidate, reference))])
    planned = planned_test(d, settings, label)
    margin = None if table.crowded else settings.margin.get(metric.name)
    return Contrast(
        candidate=candidate,
        reference=reference,
        d=tuple(d.tolist()),
        test=planned.printed,
        used=planned.used,
        estimate=planned.estimate,
        p=None if table.crowded else planned.p,
        p_adjusted=None,  # set together with its family
        correction=settings.correction,
        family=family,
        smallest_p=planned.smallest_p,
        fewest_patients=fewest_patients(settings, family, alpha),
        t=replace(t, interval=cut_at(t.interval, bounds)),
        rank=rank,
        printed=printed_wilcoxon(table.scores[candidate] - table.scores[reference]),
        simultaneous=cut_at(mean_interval(d, 1 - (1 - level) / family), bounds),
        mean_bca=_mean_bca(d, counts, level),
        effect=cohens_dz(d, level),
        average_effect=cohens_dav(
            metric.sign * table.scores[candidate],
            metric.sign * table.scores[reference],
            counts,
            level,
        ),
        shift=hodges_lehmann(d, level),
        better=superiority(d, level, counts),
        rank_biserial=rank_biserial(d, counts, level),
        median=float(np.median(d)) + 0.0,
        median_interval=median_interval(d, level),
        raw_difference=float(raw.mean()) + 0.0,
        relevance=relevance(d, margin, alpha, stream(settings.seed, label)) if margin else None,
        clustering=_alike(d, table.patients) if table.crowded else None,
    )


def _mean_bca(d: Array, counts: Array | None, level: float) -> BootstrapInterval | None:
    if counts is None or d.size < BCA_FROM:
        return None
    return bca_interval(mean_of(d), counts, level)


def _alike(d: Array, patients: Sequence[str]) -> Clustering | None:
    grouped = pd.Series(d).groupby(list(patients), sort=False)
    return clustering([values.to_numpy() for _, values in grouped])


def _ranking(table: _Table, settings: ComparisonConfig, unscored: int) -> Ranking | None:
    """No ranks for two designs, and none where a missed tumour could not be penalised."""
    unfair = table.metric.kind == "distance" and unscored > 0
    if table.counts is None or len(table.scores) < 3 or table.crowded or unfair:
        return None
    return rank_designs(table.scores, table.metric, table.counts, settings, table.patients)
