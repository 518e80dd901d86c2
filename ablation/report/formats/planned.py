"""The patients that a comparison needs, in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from ablation.comparison import Comparison
from ablation.comparison.planning import Need
from ablation.statistics.corrections import CORRECTIONS
from ablation.statistics.paired_tests import TESTS

COLUMNS = ("comparison", "goal", "true difference", "margin", "patients")


def plan_text(pilot: Comparison, needs: Sequence[Need]) -> str:
    """Return what was simulated, and a line for each goal of each comparison."""
    contrast, first = pilot.primary.contrasts[0], needs[0]
    adjusted = CORRECTIONS[contrast.correction].adjusts and contrast.family > 1
    family = (
        f", {CORRECTIONS[contrast.correction].label} over {contrast.family}" if adjusted else ""
    )
    head = (
        f"Pilot: {', '.join(pilot.designs)} on {pilot.primary.counted}, {pilot.primary.label}. "
        f"Simulated with the rule of a comparison ({TESTS[contrast.used.name].label}, "
        f"p < {1 - pilot.level:.2g}{family}) for {100 * first.power:g} % power."
    )
    lines = [COLUMNS, *(_cells(pilot, need) for need in needs)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    table = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    notes = [
        "The difference of a pilot is a guess; plan with the smallest one that matters: --difference."
    ]
    return "\n".join([head, "", *table, "", *notes])


def _cells(pilot: Comparison, need: Need) -> tuple[str, ...]:
    metric = next(a.metric for a in pilot.analyses if a.metric.name == need.metric)
    several = len({a.target for a in pilot.analyses}) > 1
    target = f"{need.target}: " if several else ""
    return (
        f"{target}{need.candidate} vs {need.reference}",
        need.goal,
        f"{need.difference:.{metric.digits + 1}f}" if need.difference else "none",
        "" if need.margin is None else f"{need.margin:g}",
        need.patients_text,
    )
