"""Compare designs: everything a report says, as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ablation.comparison.align import Design, absences, align
from ablation.comparison.contrasts import Analysis, analyse, planned_pairs
from ablation.comparison.empties import (
    Detection,
    DetectionContrast,
    detection_contrasts,
    detections,
)
from ablation.comparison.folds import fold_counts, fold_words
from ablation.comparison.ledger import LedgerRow, ledger
from ablation.comparison.metrics import METRICS, Metric, chosen_metrics
from ablation.comparison.missing import RULES
from ablation.comparison.sensitivity import (
    CheckRow,
    PolicyRow,
    check_rows,
    conclusion_changes,
    policy_rows,
)
from ablation.comparison.sizes import Lesions, Sizes, lesion_counts, tumour_sizes
from ablation.comparison.verdict import Verdict, verdict
from ablation.config.sections import ComparisonConfig
from ablation.errors import ComparisonError, UsageError, nearest
from ablation.metrics.empty import has_lesion


@dataclass(frozen=True, eq=False)
class Comparison:
    """A finished comparison."""

    designs: tuple[str, ...]
    trainings: tuple[int, ...]
    """Trainings (seeds) of each design, averaged patient by patient."""
    folds: tuple[int, ...]
    """Outer folds of each design, whose test patients are pooled; 0 where there is one split."""
    reference: str | None
    level: float
    settings: Mapping[str, object]
    """Every setting as used: margin, primary_test, correction, missing, empty, seed, ..."""
    analyses: tuple[Analysis, ...]
    """Of each target the primary metric first, then the secondary ones."""
    ledger: tuple[LedgerRow, ...]
    detection: tuple[Detection, ...]
    detection_contrasts: tuple[DetectionContrast, ...]
    """Empty where no tumour was missed."""
    sensitivity: tuple[PolicyRow, ...]
    """The primary comparisons under every empty-mask rule; empty where no mask is."""
    checks: tuple[CheckRow, ...]
    """The primary comparisons under other tests, without a patient, with trainings random, ..."""
    sizes: tuple[Sizes, ...]
    """Tumour volumes behind the primary analyses; empty where the tables do not state them."""
    lesions: tuple[Lesions, ...]
    """Empty where the tables do not count lesions."""
    bands: tuple[str, ...]
    """Why the scores say nothing about patients."""
    notes: tuple[str, ...]
    verdict: Verdict

    @property
    def primary(self) -> Analysis:
        """The analysis the verdict rests on (of the first target)."""
        return self.analyses[0]


def compare(designs: Sequence[Design], settings: ComparisonConfig) -> Comparison:
    """Compare designs patient by patient; with one design, describe it and test nothing.

    Raises:
        ComparisonError: where tables do not match or hold no test case with a tumour.
        UsageError: for an unknown metric or reference.
    """
    metrics = chosen_metrics(settings.metric, settings.secondary)
    names = [design.name for design in designs]
    _check(settings, names)
    rows = align(designs, settings.missing)
    pairs = planned_pairs(names, settings.reference)
    targets = [frame for _, frame in rows.groupby("target", sort=True)]
    analyses = [a for frame in targets for a in _analyses(frame, metrics, pairs, settings)]
    primary = [analysis for analysis in analyses if analysis.role == "primary"]
    facts = ledger(designs)
    sensitivity = policy_rows(rows, targets, metrics[0], pairs, settings)
    checks = check_rows(designs, rows, analyses, pairs, settings)
    planned = planned_before(designs, settings)
    cautions = _cautions(designs, metrics[0], settings, planned, sensitivity, checks)
    return Comparison(
        designs=tuple(names),
        trainings=tuple(len(design.cases) for design in designs),
        folds=fold_counts(designs),
        reference=settings.reference,
        level=settings.level,
        settings=settings.model_dump(),
        analyses=tuple(analyses),
        ledger=facts,
        detection=detections(_scored(rows), names, settings.level),
        detection_contrasts=detection_contrasts(_scored(rows), pairs),
        sensitivity=sensitivity,
        checks=checks,
        sizes=tumour_sizes(rows, analyses, settings.level),
        lesions=lesion_counts(_scored(rows), names),
        bands=tuple(dict.fromkeys(band for design in designs for band in design.band)),
        notes=_notes(rows, designs, analyses, settings),
        verdict=verdict(primary, facts, settings.level, cautions, "margin" in planned),
    )


def _check(settings: ComparisonConfig, names: Sequence[str]) -> None:
    """Refuse settings that name nothing, all in one message."""
    problems = []
    if settings.reference is not None and settings.reference not in names:
        problems.append(
            (
                f"reference {settings.reference!r} is not among the designs",
                nearest(settings.reference, names),
            )
        )
    if settings.alternative == "greater" and settings.reference is None:
        problems.append(
            (
                "alternative greater names no direction",
                "Name the reference the designs are better than.",
            )
        )
    problems += [
        (f"margin of an unknown metric {name!r}", nearest(name, METRICS))
        for name in settings.margin
        if name not in METRICS
    ]
    if problems:
        raise UsageError(
            "; ".join(text for text, _ in problems), hint=" ".join(hint for _, hint in problems)
        )


def planned_before(designs: Sequence[Design], settings: ComparisonConfig) -> frozenset[str]:
    """Return which of margin and alternative were fixed before the results, or say nothing of it."""
    stated = {
        key: [d.facts[f"planned_{key}"] for d in designs if f"planned_{key}" in d.facts]
        for key in ("margin", "alternative")
    }
    return frozenset(
        key
        for key, values in stated.items()
        if all(value == getattr(settings, key) for value in values)
    )


def _scored(rows: pd.DataFrame) -> pd.DataFrame:
    """Without the rows that stand for cases a design lacks: it neither found nor missed them."""
    return rows[~rows["filled"].astype(bool)] if "filled" in rows else rows


def _analyses(
    rows: pd.DataFrame,
    metrics: Sequence[Metric],
    pairs: Sequence[tuple[str, str]],
    settings: ComparisonConfig,
) -> list[Analysis]:
    """The primary metric must have values; a secondary one without is left out."""
    if metrics[0].name not in rows or not has_lesion(rows).any():
        lacking = (
            "no test case with a tumour" if metrics[0].name in rows else f"no {metrics[0].name}"
        )
        raise ComparisonError(
            f"{lacking} in the tables of target {rows['target'].iloc[0]}",
            hint="Differences are judged on patients whose truth holds a tumour.",
        )
    primary = analyse(rows, metrics[0], "primary", pairs, settings)
    if not primary.patients:
        raise ComparisonError(
            f"no test patient has a {metrics[0].name} under every design",
            hint="Choose another --metric, or score the runs again.",
        )
    others = [
        analyse(rows, metric, "secondary", pairs, settings)
        for metric in metrics[1:]
        if metric.name in rows
    ]
    return [primary, *(analysis for analysis in others if analysis.patients)]


def _cautions(
    designs: Sequence[Design],
    metric: Metric,
    settings: ComparisonConfig,
    planned: frozenset[str],
    sensitivity: Sequence[PolicyRow],
    checks: Sequence[CheckRow],
) -> list[str]:
    """What the verdict box must say beyond the numbers of the primary analysis."""
    cautions = []
    metrics = {d.facts["planned_metric"] for d in designs if d.facts.get("planned_metric")}
    if metrics - {metric.name}:
        cautions.append(
            f"The metric {metric.name} was chosen after the results were seen "
            f"(planned: {', '.join(sorted(map(str, metrics)))})."
        )
    if settings.alternative != "two-sided" and "alternative" not in planned:
        cautions.append("The one-sided direction was chosen after the results were seen.")
    if settings.correction == "none" and len(designs) > 2:
        cautions.append("p-values are not adjusted for the number of comparisons.")
    if conclusion_changes(sensitivity):
        cautions.append(
            "The conclusion changes with the rule for empty masks: see the table of rules."
        )
    return [*cautions, *_changed(checks)]


def _changed(checks: Sequence[CheckRow]) -> list[str]:
    """Where random trainings or folds, or the rule for missing cases, leave less than the main table says."""
    cautions = []
    winners: dict[tuple[str, ...], set[str]] = {}
    means = {row.place: row for row in checks if row.choice == "paired t, mean"}
    for row in checks:
        if row.kind == "trainings" and row.open and not means[row.place].open:
            cautions.append(
                f"{row.candidate} against {row.reference}: with training runs random too, the "
                "interval includes 0; the difference is one of these weights."
            )
        if row.kind == "folds" and row.open and not means[row.place].open:
            cautions.append(
                f"{row.candidate} against {row.reference}: with the training patients of the folds "
                "random too, the interval includes 0."
            )
        if row.kind == "missing cases":
            winners.setdefault(row.place, set()).add(row.winner)
    if any(len(found) > 1 for found in winners.values()):
        cautions.append("The conclusion changes with the rule for missing cases.")
    return cautions


def _notes(
    rows: pd.DataFrame,
    designs: Sequence[Design],
    analyses: Sequence[Analysis],
    settings: ComparisonConfig,
) -> tuple[str, ...]:
    """Counts and conditions a reader has to know; nothing is left out silently."""
    notes = []
    if all(len(design.cases) == 1 for design in designs):
        per = "design and fold" if any(fold_counts(designs)) else "design"
        notes.append(f"One training run per {per}: conclusions are about these weights.")
    else:
        counts = ", ".join(f"{d.name} {len(d.cases)}" for d in designs)
        notes.append(
            f"Averaged over trainings patient by patient ({counts}); intervals and tests "
            "treat patients as random, not trainings."
        )
    if elsewhere := [design.name for design in designs if design.facts.get("imported")]:
        notes.append(
            f"Made elsewhere, training data not known: {', '.join(elsewhere)}. "
            "These scores may be of patients that were trained on."
        )
    notes += fold_words(designs)
    if settings.missing != "error":
        notes += [f"{text}: {RULES[settings.missing]}." for text in absences(designs)]
    once = rows[rows["design"] == designs[0].name].drop_duplicates(["patient", "case", "target"])
    absent = int((~has_lesion(once)).sum())
    if absent:
        notes.append(f"{absent} test cases without a tumour count as detections only.")
    unscored = (_unscored(rows, analysis) for analysis in analyses if analysis.unscored)
    return (*notes, *unscored)


def _unscored(rows: pd.DataFrame, analysis: Analysis) -> str:
    missed = int((_scored(rows)["status"] == "missed").sum())
    text = f"{analysis.metric.label}: {analysis.unscored} cases left out for every design, no value in one."
    if analysis.metric.kind == "distance" and missed:
        text += (
            f" {missed} missed cases could not be penalised (size of the scan unknown): "
            f"{analysis.metric.label} favours designs that miss."
        )
    return text
