"""Would another sensible choice have led elsewhere: rules, tests, patients, weights, trainings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablation.comparison.analysis.contrasts import (
    Analysis,
    Contrast,
    analyse,
    complete_cases,
    draws_of,
    of_target,
)
from ablation.comparison.analysis.decision import Form
from ablation.comparison.analysis.empties import EMPTY_RULES, Policy
from ablation.comparison.analysis.families import in_families
from ablation.comparison.tables.align import Design, absences, align
from ablation.comparison.tables.folds import Folds, fold_counts, over_folds, shared_folds
from ablation.comparison.tables.missing import MISSING_RULES
from ablation.comparison.tables.volumes import of_volumes
from ablation.config.sections import ComparisonConfig
from ablation.errors import ComparisonError
from ablation.metrics.metric import Metric
from ablation.statistics.clusters import mean_of_cases
from ablation.statistics.paired import rounded
from ablation.statistics.paired_tests import TESTS
from ablation.statistics.permutation import sign_test
from ablation.statistics.repeats import unpaired_seeds
from ablation.statistics.resampling import (
    percentile_interval,
    stream,
)

Array = NDArray[np.float64]
Pairs = Sequence[tuple[str, str]]


class Check(StrEnum):
    """What a check does in another way."""

    TEST = "test"
    LEFT_OUT = "patient left out"
    CASE_WEIGHTED = "cases weigh alike"
    TRAININGS = "trainings"
    FOLDS = "folds"
    GAPS = "missing cases"


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A primary comparison under one rule for empty masks."""

    policy: Policy
    rule: str
    contrast: Contrast | None
    """None where nothing can be scored under this rule."""
    winner: str
    """Whom the mean favours; "" for neither."""
    target: str

    @property
    def place(self) -> tuple[str, str, str]:
        """Target, candidate and reference."""
        pair = _names(self.contrast) if self.contrast else ("", "")
        return (self.target, *pair)


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A primary comparison under another choice; candidate minus reference as the scores stand."""

    kind: Check
    choice: str
    target: str
    candidate: str
    reference: str
    estimate: float
    low: float | None
    high: float | None
    p: float | None
    """Two-sided and unadjusted; None where the choice has no test."""
    higher_is_better: bool
    conclusion: str = ""
    """Under another rule for missing cases: whom the comparison calls better, or "contradictory"."""

    @property
    def place(self) -> tuple[str, str, str]:
        """Target, candidate and reference."""
        return (self.target, self.candidate, self.reference)

    @property
    def open(self) -> bool:
        """Whether the interval includes 0, or there is none."""
        return self.low is None or self.high is None or self.low <= 0 <= self.high

    @property
    def winner(self) -> str:
        """Whom the estimate favours; "" for neither."""
        if self.estimate == 0:
            return ""
        return self.candidate if (self.estimate > 0) == self.higher_is_better else self.reference


def policy_rows(
    rows: pd.DataFrame,
    primary: Sequence[Analysis],
    pairs: Pairs,
    settings: ComparisonConfig,
    folds: Folds | None = None,
) -> tuple[PolicyRow, ...]:
    """Return the primary comparisons under every empty-mask rule, the one in use first."""
    if not pairs or (rows["status"] == "scored").all():
        return ()
    order: list[Policy] = [settings.empty, *(p for p in EMPTY_RULES if p != settings.empty)]
    under = {policy: _under(rows, primary, pairs, settings, policy, folds) for policy in order}
    return tuple(
        row for place in range(len(primary)) for policy in order for row in under[policy][place]
    )


def _under(
    rows: pd.DataFrame,
    primary: Sequence[Analysis],
    pairs: Pairs,
    settings: ComparisonConfig,
    policy: Policy,
    folds: Folds | None,
) -> list[list[PolicyRow]]:
    """Of each primary analysis the rows under this rule, adjusted together as the page does."""
    made = [
        analyse(
            of_target(rows, one.target), one.metric, "primary", pairs, settings, policy,
            target=one.target, folds=folds,
        )
        for one in primary
    ]  # fmt: skip
    rule = EMPTY_RULES[policy].label
    return [
        [PolicyRow(policy, rule, c, _winner(one, c), one.target) for c in one.contrasts]
        or [PolicyRow(policy, rule, None, "", one.target) for _ in pairs]
        for one in in_families(made, settings, ranked=False)
    ]


def _winner(analysis: Analysis, contrast: Contrast) -> str:
    mean = analysis.metric.sign * contrast.t.interval.mean
    if mean == 0:
        return ""
    return contrast.candidate if mean > 0 else contrast.reference


def conclusion_of(contrast: Contrast) -> str:
    """Return the design that is called better, or "contradictory"; "" where nothing is concluded.

    The side of an inconclusive mean is no conclusion.
    """
    decision = contrast.decision
    if decision is None:
        return ""
    return "contradictory" if decision.form is Form.CONTRADICTORY else decision.better


def changed_conclusions(
    concluded: Iterable[tuple[tuple[str, str, str], str]],
) -> tuple[tuple[str, str, str], ...]:
    """Return the comparisons (target, candidate, reference) with several conclusions."""
    by_place: dict[tuple[str, str, str], set[str]] = {}
    for place, conclusion in concluded:
        by_place.setdefault(place, set()).add(conclusion)
    return tuple(place for place, found in by_place.items() if len(found) > 1)


def changed_by_empties(sensitivity: Sequence[PolicyRow]) -> tuple[tuple[str, str, str], ...]:
    """Return the comparisons whose conclusion depends on the rule for empty masks."""
    return changed_conclusions(
        (row.place, conclusion_of(row.contrast)) for row in sensitivity if row.contrast
    )


def changed_by_gaps(checks: Sequence[CheckRow]) -> tuple[tuple[str, str, str], ...]:
    """Return the comparisons whose conclusion depends on the rule for missing cases."""
    return changed_conclusions(
        (row.place, row.conclusion) for row in checks if row.kind is Check.GAPS
    )


def check_rows(
    designs: Sequence[Design],
    rows: pd.DataFrame,
    analyses: Sequence[Analysis],
    pairs: Pairs,
    settings: ComparisonConfig,
) -> tuple[CheckRow, ...]:
    """Return the primary comparisons under other tests, weights, patients, trainings, folds, gaps."""
    found: list[CheckRow] = []
    for analysis in analyses:
        if analysis.role != "primary" or analysis.unit_of_analysis == "case":
            continue
        frame = of_target(rows, analysis.target)
        cases = complete_cases(frame, analysis.metric, settings.empty)
        for contrast in analysis.contrasts:
            found += _tests(analysis, contrast, settings)
            found += _left_out(analysis, contrast)
            found += _case_weighted(cases, analysis, contrast, settings)
            found += _trainings(cases, analysis, contrast, settings)
            found += _folds(designs, analysis, contrast, settings)
    return (*found, *_gaps(designs, analyses[0].metric, pairs, settings))


def _row(
    kind: Check,
    choice: str,
    analysis: Analysis,
    contrast: Contrast,
    values: tuple[float, float | None, float | None, float | None],
) -> CheckRow:
    a, b = _names(contrast)
    estimate, low, high, p = values
    higher = analysis.metric.higher_is_better
    return CheckRow(kind, choice, analysis.target, a, b, estimate, low, high, p, higher)


def _tests(
    analysis: Analysis, contrast: Contrast, settings: ComparisonConfig
) -> Iterator[CheckRow]:
    """The same differences by every test, each with the estimate that belongs to it."""
    d = np.array(contrast.d)
    label = " ".join([analysis.target, analysis.metric.name, *sorted(_names(contrast))])
    for test in TESTS.values():
        found = test.run(d, "two-sided", stream(settings.seed, label))
        by = test.estimate(d, settings.level)
        choice = f"{test.label}, {test.estimate_label}"
        yield _row(Check.TEST, choice, analysis, contrast, (by.value, by.low, by.high, found.p))
    middle = contrast.median_interval
    signs = (middle.estimate, middle.low, middle.high, sign_test(d).p_two_sided)
    yield _row(Check.TEST, "sign test, median", analysis, contrast, signs)


def _left_out(analysis: Analysis, contrast: Contrast) -> Iterator[CheckRow]:
    """The mean nearest to no difference, or beyond, that leaving one patient out can give."""
    if contrast.n < 2:
        return
    d = np.array(contrast.d)
    means = rounded((d.sum() - d) / (d.size - 1), d)
    weakest = int(np.argmin(means * np.sign(contrast.t.interval.mean or 1.0)))
    values = (float(means[weakest]), float(means.min()), float(means.max()), None)
    yield _row(Check.LEFT_OUT, analysis.patients[weakest], analysis, contrast, values)


def _case_weighted(
    cases: pd.DataFrame, analysis: Analysis, contrast: Contrast, settings: ComparisonConfig
) -> Iterator[CheckRow]:
    """Every case weighs alike, patients are drawn with all their cases."""
    if cases.index.get_level_values("patient").is_unique:
        return
    a, b = (pd.DataFrame(cases[name]).mean(axis=1) for name in _names(contrast))
    d = a - b
    groups = [values.to_numpy() for _, values in d.groupby(level="patient", sort=True)]
    counts = draws_of(analysis.patients, settings.seed)
    interval = percentile_interval(mean_of_cases(groups), counts, settings.level)
    values = (interval.estimate, interval.low, interval.high, None)
    yield _row(Check.CASE_WEIGHTED, "mean over cases", analysis, contrast, values)


def _trainings(
    cases: pd.DataFrame, analysis: Analysis, contrast: Contrast, settings: ComparisonConfig
) -> Iterator[CheckRow]:
    """The recipes instead of these weights: training runs are random too."""
    by_patient = cases.groupby(level="patient").mean()
    a, b = (pd.DataFrame(by_patient[name]).to_numpy() for name in _names(contrast))
    if len(by_patient) < 2 or min(a.shape[1], b.shape[1]) < 2:
        return
    recipe = unpaired_seeds(a, b, settings.level)
    values = (recipe.mean, recipe.low, recipe.high, None)
    yield _row(Check.TRAININGS, "patients and trainings random", analysis, contrast, values)


def _folds(
    designs: Sequence[Design], analysis: Analysis, contrast: Contrast, settings: ComparisonConfig
) -> Iterator[CheckRow]:
    """The recipes over folds, whose training patients are random and overlap."""
    a, b = (next(d for d in designs if d.name == name) for name in _names(contrast))
    differences = dict(zip(analysis.patients, contrast.d, strict=True))
    found = over_folds(a, b, differences, settings.level)
    if found is not None:
        choice = f"training patients random, {fold_counts([a])[0]} folds (Nadeau-Bengio)"
        values = (found.mean, found.low, found.high, found.p_two_sided)
        yield _row(Check.FOLDS, choice, analysis, contrast, values)


def _gaps(
    designs: Sequence[Design], metric: Metric, pairs: Pairs, settings: ComparisonConfig
) -> Iterator[CheckRow]:
    """Both rules for cases one design lacks, side by side."""
    if settings.missing == "error" or not absences(designs):
        return
    for rule, words in MISSING_RULES.items():
        try:
            rows = of_volumes(align(designs, rule))
        except ComparisonError:  # the designs share no case: the other rule stands alone
            continue
        made = [
            analyse(
                frame, metric, "primary", pairs, settings, settings.empty,
                folds=shared_folds(designs),
            )
            for _, frame in rows.groupby("target", sort=True)
        ]  # fmt: skip
        for analysis in in_families(made, settings, ranked=False):
            for contrast in analysis.contrasts:
                i = contrast.shown
                row = _row(
                    Check.GAPS, words, analysis, contrast, (i.mean, i.low, i.high, contrast.p)
                )
                yield replace(row, conclusion=conclusion_of(contrast))


def _names(contrast: Contrast) -> tuple[str, str]:
    return contrast.candidate, contrast.reference
