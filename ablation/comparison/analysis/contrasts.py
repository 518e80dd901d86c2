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

from ablation.comparison.analysis.decision import Ahead, Decision, side
from ablation.comparison.analysis.empties import (
    Missed,
    Policy,
    missed_by,
    missed_by_one,
    penalties,
    scores_under,
    without_size,
)
from ablation.comparison.analysis.planned import (
    UsedTest,
    fewest_patients,
    interval_level,
    planned_test,
)
from ablation.comparison.analysis.ranks import Ranking
from ablation.comparison.analysis.recipes import RecipeTest, recipe_test
from ablation.comparison.analysis.relevance import Relevance, relevance
from ablation.comparison.tables.folds import Folds
from ablation.config.sections import ComparisonConfig
from ablation.metrics.metric import ROW_UNIT, Metric
from ablation.statistics.clusters import Clustering, clustering
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
FEWEST_RESAMPLED = 10
"""Patients below which nothing is resampled or ranked."""

MEAN_OF_TARGETS = "mean over targets"
"""Stands for the target in an analysis of the mean over targets of each case."""

Role = Literal["primary", "secondary", "described"]


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
class Weights:
    """The planned test of these weights, patients alone random, where the recipes decide."""

    test: str
    """As in "Wilcoxon exact"."""
    used: UsedTest
    """The same in parts."""
    ahead: Ahead
    """Whom this test, its estimate, mean and missed cases favour."""
    estimate: Estimate
    """What belongs to this test."""
    mean: MeanInterval
    """The mean difference with its t interval at the level of the estimate."""
    p: float | None
    """None where nothing was tested."""
    p_adjusted: float | None
    """p with those of its family, by the correction."""
    decision: Decision | None
    """What these weights alone would conclude."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """Candidate minus reference, patient by patient, of the scores as they stand."""

    candidate: str
    reference: str
    d: tuple[float, ...]
    """One difference per patient, candidate minus reference, in the order of the analysis' patients."""
    test: str
    """The test that decides, as in "Wilcoxon exact"."""
    used: UsedTest
    """The planned test in parts, for programs; where the recipes decide it is that of `weights`."""
    ahead: Ahead
    """Whom test, estimate, mean and missed cases favour."""
    decision: Decision | None
    """What the comparison concludes; None where nothing was tested."""
    estimate: Estimate
    """What belongs to the test that decides: the Hodges-Lehmann shift of Wilcoxon, the mean of t."""
    level: float
    """Of `t`, of the shift and of every effect size."""
    estimate_level: float
    """Level of the interval of `estimate` and of `mean`: that of the report, or for a one-sided
    test that whose limit belongs to it (0.9 for 0.95)."""
    mean: MeanInterval
    """The mean difference with its t interval at that level."""
    shown: MeanInterval
    """The same at `level`, as tables and figures show it."""
    recipe: RecipeTest | None
    """Where the designs have several trainings or folds: p, estimate, `mean` and `shown` are then
    those of the recipes, training runs random too."""
    weights: Weights | None
    """The planned test beside it; None where that decides."""
    missed: tuple[Missed, Missed]
    """Tumours that candidate and reference missed."""
    missed_by_one: int
    """Tumours that one of them missed and the other found."""
    furthest: str
    """The patient whose removal moves the mean difference most; "" for one patient."""
    p: float | None
    """Of the test that decides; None where nothing was tested."""
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
    """In how many patients the candidate is better, whichever direction that is."""
    rank_biserial: RankBiserial
    median: float
    """Median of the differences."""
    median_interval: MedianInterval
    detectable: float | None
    """True mean difference for which the rule of the verdict has about 80 % power in such patients,
    by simulation; None where a design is called better, below 40 patients, where one of the designs
    missed a tumour that the other found, and of more than five comparisons."""
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

    @property
    def of_weights(self) -> Contrast:
        """The comparison of these weights, patients alone random; itself where that decides."""
        w = self.weights
        if w is None:
            return self
        return replace(
            self,
            test=w.test,
            used=w.used,
            ahead=w.ahead,
            estimate=w.estimate,
            mean=w.mean,
            shown=self.t.interval,
            recipe=None,
            weights=None,
            p=w.p,
            p_adjusted=w.p_adjusted,
            decision=w.decision,
        )

    @property
    def called_better(self) -> str:
        """The design that is called better; "" where none is."""
        return self.decision.better if self.decision else ""

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
    role: Role
    """primary: the verdict rests on it; described: the mean over targets, which was not planned to
    decide anything, so that nothing is tested."""
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
    unsized: int
    """Missed cases in scans of unknown size: their distance ranks behind all others."""
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
    role: Role,
    pairs: Sequence[tuple[str, str]],
    settings: ComparisonConfig,
    policy: Policy | None = None,
    *,
    target: str = "",
    folds: Folds | None = None,
) -> Analysis:
    """Summarise and contrast the designs on one metric of one target; `in_families` decides.

    Args:
        rows: Aligned rows of one target, or of all targets for the mean over them.
        metric: The score, a column of the rows.
        role: Whether the verdict rests on it.
        pairs: (candidate, reference) names.
        settings: How is tested and resampled.
        policy: What missed and absent tumours count, where it is not what the settings say: a
            row of the table of rules, without resampling.
        target: MEAN_OF_TARGETS for the mean over the targets of the rows.
        folds: The outer folds that all designs were tested in.
    """
    target = target or str(rows["target"].iloc[0])
    cases = cases_by_training(rows, metric, policy or settings.empty)
    return _of_cases(cases, rows, metric, role, target, pairs, settings, policy, folds)


def _of_cases(
    cases: pd.DataFrame,
    rows: pd.DataFrame,
    metric: Metric,
    role: Role,
    target: str,
    pairs: Sequence[tuple[str, str]],
    settings: ComparisonConfig,
    policy: Policy | None,
    folds: Folds | None,
) -> Analysis:
    complete = cases.dropna()
    crowded = settings.unit == "case" and not complete.index.get_level_values("patient").is_unique
    units = complete.sort_index() if crowded else complete.groupby(level="patient").mean()
    training_means = units.mean()
    by_design = units.T.groupby(level="design", sort=False).mean().T
    names = [" ".join(key) if isinstance(key, tuple) else str(key) for key in by_design.index]
    scores = {str(name): tuple(by_design[name].tolist()) for name in by_design}
    resampled = not (policy or crowded) and len(names) >= FEWEST_RESAMPLED
    table = _Table(
        metric=metric,
        target=target,
        scores={name: np.array(values) for name, values in scores.items()},
        patients=tuple(str(p) for p in units.index.get_level_values("patient")),
        crowded=crowded,
        tested=role != "described" and not crowded,
        level=settings.level,
        counts=draws_of(tuple(names), settings.seed) if resampled else None,
        missed=missed_by(rows),
        missed_by_one={pair: missed_by_one(rows, pair) for pair in pairs},
        trainings={} if crowded else {name: pd.DataFrame(units[name]) for name in scores},
        folds=folds,
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
        contrasts=tuple(_contrast(table, a, b, settings) for a, b in pairs) if names else (),
        ranking=None,  # set together with its family
        unscored=len(cases) - len(complete),
        unsized=int(without_size(rows, metric).sum()),
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
    tested: bool
    level: float
    counts: Array | None
    missed: Mapping[str, Missed]
    missed_by_one: Mapping[tuple[str, str], int]
    trainings: Mapping[str, pd.DataFrame]
    """Of each design, a row per patient and a column per training; nothing where crowded."""
    folds: Folds | None


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
    """Return scores, one row per (patient, case), one column per (design, training).

    Of several targets the mean over those of each case whose truth counts, each weighing alike;
    NaN where one of them has no value.
    """
    scores = scores_under(rows, metric, policy)
    keys = rows.loc[scores.index, ["patient", "case", "target", "design", "training"]]
    order = list(dict.fromkeys(zip(keys["design"], keys["training"], strict=True)))
    table = keys.assign(score=scores).pivot(
        index=["patient", "case", "target"], columns=["design", "training"], values="score"
    )
    if rows["target"].nunique() > 1:
        by_case = table.groupby(level=["patient", "case"])
        table = by_case.mean().where(table.notna().groupby(level=["patient", "case"]).all())
    else:
        table = table.droplevel("target")
    return table[order] if order else table


def of_target(rows: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return the rows of a target; all of them for the mean over targets."""
    return rows if target == MEAN_OF_TARGETS else rows[rows["target"] == target]


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


def _contrast(
    table: _Table, candidate: str, reference: str, settings: ComparisonConfig
) -> Contrast:
    metric, level, counts = table.metric, table.level, table.counts
    d = differences(table.scores[candidate], table.scores[reference])
    alpha = round(1 - level, 12)
    t, rank = paired_t(d, level), signed_rank(d)
    bounds = metric.difference_bounds
    label = " ".join([table.target, metric.name, *sorted((candidate, reference))])
    planned = planned_test(d, settings, label, higher_is_better=metric.higher_is_better)
    margin = settings.margin.get(metric.name) if table.tested else None
    missed = (table.missed[candidate], table.missed[reference])
    mean = cut_at(mean_interval(d, interval_level(settings)), bounds)
    weights = Weights(
        test=planned.printed,
        used=planned.used,
        ahead=Ahead(
            test=planned.direction,
            estimate=metric.sign * side(planned.estimate.value, d.tolist()),
            mean=metric.sign * side(mean.mean, d.tolist()),
            missed=missed[1].share - missed[0].share,
        ),
        estimate=planned.estimate,
        mean=mean,
        p=planned.p if table.tested else None,
        p_adjusted=None,  # set together with its family
        decision=None,
    )
    found = Contrast(
        candidate=candidate,
        reference=reference,
        d=tuple(d.tolist()),
        test=weights.test,
        used=weights.used,
        ahead=weights.ahead,
        decision=None,  # set together with its family
        estimate=weights.estimate,
        level=level,
        estimate_level=interval_level(settings),
        mean=mean,
        shown=cut_at(t.interval, bounds),
        recipe=None,
        weights=None,
        missed=missed,
        missed_by_one=table.missed_by_one[candidate, reference],
        furthest=_furthest(d, table.patients),
        p=weights.p,
        p_adjusted=None,  # set together with its family
        correction=settings.correction,
        family=1,
        smallest_p=planned.smallest_p,
        fewest_patients=fewest_patients(settings, 1, alpha),
        t=replace(t, interval=cut_at(t.interval, bounds)),
        rank=rank,
        printed=printed_wilcoxon(table.scores[candidate] - table.scores[reference]),
        simultaneous=cut_at(t.interval, bounds),
        mean_bca=_mean_bca(d, counts, level),
        effect=cohens_dz(d, level),
        average_effect=cohens_dav(table.scores[candidate], table.scores[reference], counts, level),
        shift=hodges_lehmann(d, level),
        better=superiority(metric.sign * d, level, counts),
        rank_biserial=rank_biserial(d, counts, level),
        median=float(np.median(d)) + 0.0,
        median_interval=median_interval(d, level),
        detectable=None,  # set together with its family
        relevance=(
            relevance(d, margin, alpha, stream(settings.seed, label), metric) if margin else None
        ),
        clustering=_alike(d, table.patients) if table.crowded else None,
    )
    if table.crowded:
        return found
    recipe = recipe_test(table.trainings, (candidate, reference), found.d, table.folds)
    return found if recipe is None else _of_recipes(found, recipe, weights, metric)


def _of_recipes(found: Contrast, recipe: RecipeTest, weights: Weights, metric: Metric) -> Contrast:
    """Return the comparison decided by the recipes, the planned test of these weights beside it."""
    d, bounds = np.array(found.d), metric.difference_bounds
    mean = recipe.interval(d, found.estimate_level, bounds)
    ahead = metric.sign * side(recipe.mean, found.d)
    return replace(
        found,
        test=recipe.test,
        ahead=replace(found.ahead, test=ahead, estimate=ahead),
        estimate=Estimate(mean.mean, mean.low, mean.high),
        mean=mean,
        shown=recipe.interval(d, found.level, bounds),
        simultaneous=recipe.interval(d, found.level, bounds),
        recipe=recipe,
        weights=weights,
        p=None if found.p is None else recipe.p(found.used.alternative, metric.sign),
    )


def _furthest(d: Array, patients: Sequence[str]) -> str:
    return patients[int(np.argmax(np.abs(d - d.mean())))] if d.size > 1 else ""


def _mean_bca(d: Array, counts: Array | None, level: float) -> BootstrapInterval | None:
    if counts is None or d.size < BCA_FROM:
        return None
    return bca_interval(mean_of(d), counts, level)


def _alike(d: Array, patients: Sequence[str]) -> Clustering | None:
    grouped = pd.Series(d).groupby(list(patients), sort=False)
    return clustering([values.to_numpy() for _, values in grouped])
