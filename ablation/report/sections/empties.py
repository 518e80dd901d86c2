"""Missed tumours and false alarms, and whether the rule for them matters."""

from __future__ import annotations

from ablation.comparison import Comparison
from ablation.report.sections.blocks import Folded, Section, Table, folded_when_long, table
from ablation.report.source import Source


def empties(comparison: Comparison, source: Source) -> Section | None:  # noqa: ARG001
    """Return the counts of missed and absent tumours; nothing where there is none."""
    if not any(d.missed or d.without_tumour for d in comparison.detection):
        return None
    counts = [
        (d.design, f"{d.missed} of {d.with_tumour}", f"{d.false_alarms} of {d.without_tumour}")
        for d in comparison.detection
    ]
    found = table(("design", "tumours missed", "false alarms"), counts, {"design"})
    return Section(
        "empties",
        "Missed tumours and false alarms",
        short="Missed",
        hint="Counts over all trainings. The verdict rests on the first rule.",
        blocks=(found, _rules(comparison)) if comparison.sensitivity else (found,),
    )


def _rules(comparison: Comparison) -> Table | Folded:
    metric = comparison.primary.metric
    lines: list[tuple[str, ...]] = []
    for row in comparison.sensitivity:
        if row.contrast is None:
            lines.append((row.policy, row.rule, "", "", "", "", ""))
            continue
        c, i = row.contrast, row.contrast.shown
        shown = [metric.text(value, signed=True) for value in (i.mean, i.low, i.high)]
        pair = f"{c.candidate} vs {c.reference}"
        lines.append((row.policy, row.rule, pair, *shown, row.winner or "neither"))
    columns = ("rule", "what counts", "difference", "mean", "CI low", "CI high", "mean favours")
    texts = {"rule", "what counts", "difference", "mean favours"}
    return folded_when_long(table(columns, lines, texts), "The rules, compared")
