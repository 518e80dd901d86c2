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
from ablation.comparison.late import chosen_late, planned_before
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
    bands: tuple[str, ...]
    """Why the scores say nothing about patients."""
    notes: tuple[str, ...]
    verdict: Verdict

    @property
    def primary(self) -> Analysis:
        """The analysis the verdict rests on (of the first target)."""
        return self.analyses[0]


def compare(
    designs: Sequence[Design],
    settings: ComparisonConfig,
    known: Mapping[str, Metric] = METRICS,
) -> Comparison:
    """Compare designs patient by patient; with one design, describe it and test nothing.

    Args:
        designs: What is compared.
        settings: How.
        known: Scores by their column; of other tools also some with a declared direction.

    Raises:
        ComparisonError: where tables do not match or hold no test case with a tumour.
        UsageError: for an unknown metric or reference.
    """
    metrics = chosen_metrics(settings.metric, settings.secondary, known)
    names = [design.name for design in designs]
    _check(settings, names, metrics, known)
    rows = align(designs, settings.missing)
    pairs = planned_pairs(names, settings.reference)
    targets = [frame for _, frame in rows.groupby("target", sort=True)]
    analyses = [a for frame in targets for a in _analyses(frame, metrics, pairs, settings)]
    primary = [analysis for analysis in analyses if analysis.role == "primary"]
    facts = ledger(designs)
    sensitivity = policy_rows(rows, targets, metrics[0], pairs, settings)
    checks = check_rows(designs, rows, analyses, pairs, settings)
    planned = planned_before(designs, settings)
    cautions = _cautions(designs, settings, sensitivity, checks)
    return Comparison(
        designs=tuple(names),
        trainings=tuple(len(design.cases) for design in designs),
        reference=settings.reference,
        level=settings.level,
        settings=settings.model_dump(),
        analyses=tuple(analyses),
        ledger=facts,
        detection=detections(_scored(rows), names, settings.level),
        detection_contrasts=detection_contrasts(_scored(rows), pairs),
        sensitivity=sensitivity,
        checks=checks,
        bands=tuple(dict.fromkeys(band for design in designs for band in design.band)),
        notes=_notes(rows, designs, analyses, settings),
        verdict=verdict(primary, facts, settings.level, cautions, "margin" in planned),
    )


def _check(
    settings: ComparisonConfig,
    names: Sequence[str],
    metrics: Sequence[Metric],
    known: Mapping[str, Metric],
) -> None:
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
        (f"margin of an unknown metric {name!r}", nearest(name, known))
        for name in settings.margin
        if name not in known
    ]
    problems += [
        (f"margin {name}={size:g} spans the whole range of {name}", "Two points are 0.02.")
        for name, size in settings.margin.items()
        if name in known and known[name].kind in ("overlap", "background") and size >= 1
    ]
    problems += [
        (f"missing worst: nobody knows the worst {metric.name}", "Write --missing intersection.")
        for metric in metrics
        if metric.kind == "declared" and settings.missing == "worst"
    ]
    if problems:
        raise UsageError(
            "; ".join(text for text, _ in problems), hint=" ".join(hint for _, hint in problems)
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
    settings: ComparisonConfig,
    sensitivity: Sequence[PolicyRow],
    checks: Sequence[CheckRow],
) -> list[str]:
    """What the verdict box must say beyond the numbers of the primary analysis."""
    cautions = [*chosen_late(designs, settings)]
    if settings.correction == "none" and len(designs) > 2:
        cautions.append("p-values are not adjusted for the number of comparisons.")
    if conclusion_changes(sensitivity):
        cautions.append(
            "The conclusion changes with the rule for empty masks: see the table of rules."
        )
    return [*cautions, *_changed(checks)]


def _changed(checks: Sequence[CheckRow]) -> list[str]:
    """Where random trainings, or the rule for missing cases, leave less than the main table says."""
    cautions = []
    winners: dict[tuple[str, ...], set[str]] = {}
    means = {row.place: row for row in checks if row.choice == "paired t, mean"}
    for row in checks:
        if row.kind == "trainings" and row.open and not means[row.place].open:
            cautions.append(
                f"{row.candidate} against {row.reference}: with training runs random too, the "
                "interval includes 0; the difference is one of these weights."
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
        notes.append("One training run per design: conclusions are about these weights.")
    else:
        counts = ", ".join(f"{d.name} {len(d.cases)}" for d in designs)
        notes.append(
            f"Averaged over trainings patient by patient ({counts}); intervals and tests "
            "treat patients as random, not trainings."
        )
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
