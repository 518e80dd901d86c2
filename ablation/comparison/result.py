"""Compare designs: everything a report says, as one frozen value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ablation.comparison.align import Design, align
from ablation.comparison.contrasts import Analysis, Contrast, analyse, planned_pairs
from ablation.comparison.empties import POLICIES, Detection, Policy, detections
from ablation.comparison.ledger import LedgerRow, ledger
from ablation.comparison.metrics import Metric, chosen_metrics
from ablation.comparison.verdict import Verdict, verdict
from ablation.config.sections import ComparisonConfig
from ablation.errors import ComparisonError, UsageError, nearest
from ablation.metrics.empty import has_lesion


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A primary comparison under one rule for empty masks."""

    policy: Policy
    rule: str
    contrast: Contrast | None
    """None where nothing can be scored under this rule."""
    winner: str
    """Whom the mean favours; "" for neither."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """A finished comparison."""

    designs: tuple[str, ...]
    trainings: tuple[int, ...]
    """Trainings (seeds) of each design, averaged patient by patient."""
    reference: str | None
    level: float
    analyses: tuple[Analysis, ...]
    """Of each target the primary metric first, then the secondary ones."""
    ledger: tuple[LedgerRow, ...]
    detection: tuple[Detection, ...]
    sensitivity: tuple[PolicyRow, ...]
    """The primary comparisons under every empty-mask rule; empty where no mask is."""
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
    rows = align(designs)
    names = [design.name for design in designs]
    if settings.reference is not None and settings.reference not in names:
        raise UsageError(
            f"reference {settings.reference!r} is not among the designs",
            hint=nearest(settings.reference, names),
        )
    pairs = planned_pairs(names, settings.reference)
    targets = [frame for _, frame in rows.groupby("target", sort=True)]
    analyses = [a for frame in targets for a in _analyses(frame, metrics, pairs, settings.level)]
    primary = [analysis for analysis in analyses if analysis.role == "primary"]
    facts = ledger(designs)
    sensitivity = _sensitivity(rows, targets, metrics[0], pairs, settings.level)
    return Comparison(
        designs=tuple(names),
        trainings=tuple(len(design.cases) for design in designs),
        reference=settings.reference,
        level=settings.level,
        analyses=tuple(analyses),
        ledger=facts,
        detection=detections(rows, names, settings.level),
        sensitivity=sensitivity,
        bands=tuple(dict.fromkeys(band for design in designs for band in design.band)),
        notes=_notes(rows, designs, analyses),
        verdict=verdict(
            primary, facts, settings.level, _cautions(designs, metrics[0], sensitivity)
        ),
    )


def _analyses(
    rows: pd.DataFrame,
    metrics: Sequence[Metric],
    pairs: Sequence[tuple[str, str]],
    level: float,
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
    primary = analyse(rows, metrics[0], "primary", pairs, level)
    if not primary.patients:
        raise ComparisonError(
            f"no test patient has a {metrics[0].name} under every design",
            hint="Choose another --metric, or score the runs again.",
        )
    others = [
        analyse(rows, metric, "secondary", pairs, level)
        for metric in metrics[1:]
        if metric.name in rows
    ]
    return [primary, *(analysis for analysis in others if analysis.patients)]


def _sensitivity(
    rows: pd.DataFrame,
    targets: Sequence[pd.DataFrame],
    metric: Metric,
    pairs: Sequence[tuple[str, str]],
    level: float,
) -> tuple[PolicyRow, ...]:
    if not pairs or (rows["status"] == "scored").all():
        return ()
    return tuple(
        row
        for frame in targets
        for policy in POLICIES
        for row in _policy_rows(
            analyse(frame, metric, "primary", pairs, level, policy), policy, pairs
        )
    )


def _policy_rows(
    analysis: Analysis, policy: Policy, pairs: Sequence[tuple[str, str]]
) -> list[PolicyRow]:
    if not analysis.patients:
        return [PolicyRow(policy, POLICIES[policy], None, "") for _ in pairs]
    return [PolicyRow(policy, POLICIES[policy], c, _winner(c)) for c in analysis.contrasts]


def _winner(contrast: Contrast) -> str:
    mean = contrast.t.interval.mean
    if mean == 0:
        return ""
    return contrast.candidate if mean > 0 else contrast.reference


def _cautions(
    designs: Sequence[Design], metric: Metric, sensitivity: Sequence[PolicyRow]
) -> list[str]:
    """What the verdict box must say beyond the numbers of the primary analysis."""
    cautions = []
    planned = {d.facts["planned_metric"] for d in designs if d.facts.get("planned_metric")}
    if planned - {metric.name}:
        cautions.append(
            f"The metric {metric.name} was chosen after the results were seen "
            f"(planned: {', '.join(sorted(map(str, planned)))})."
        )
    if _conclusion_changes(sensitivity):
        cautions.append(
            "The conclusion changes with the rule for empty masks: see the table of rules."
        )
    return cautions


def _conclusion_changes(sensitivity: Sequence[PolicyRow]) -> bool:
    by_pair: dict[tuple[str, str], set[str]] = {}
    for row in sensitivity:
        if row.contrast is not None:
            pair = (row.contrast.candidate, row.contrast.reference)
            by_pair.setdefault(pair, set()).add(row.winner)
    return any(len(winners) > 1 for winners in by_pair.values())


def _notes(
    rows: pd.DataFrame, designs: Sequence[Design], analyses: Sequence[Analysis]
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
    once = rows[rows["design"] == designs[0].name].drop_duplicates(["patient", "case", "target"])
    absent = int((~has_lesion(once)).sum())
    if absent:
        notes.append(f"{absent} test cases without a tumour count as detections only.")
    unscored = (_unscored(rows, analysis) for analysis in analyses if analysis.unscored)
    return (*notes, *unscored)


def _unscored(rows: pd.DataFrame, analysis: Analysis) -> str:
    missed = int((rows["status"] == "missed").sum())
    text = f"{analysis.metric.label}: {analysis.unscored} cases left out for every design, no value in one."
    if analysis.metric.kind == "distance" and missed:
        text += (
            f" {missed} missed cases could not be penalised (size of the scan unknown): "
            f"{analysis.metric.label} favours designs that miss."
        )
    return text
