"""What was measured, and what missed tumours, absent tumours and missing cases count."""

from __future__ import annotations

from collections.abc import Iterator

from ablation.comparison import Comparison
from ablation.comparison.analysis.empties import EMPTY_RULES
from ablation.comparison.tables.missing import MISSING_RULES
from ablation.metrics.hd95_methods import HD95_METHODS


def scores(comparison: Comparison) -> Iterator[str]:
    """Yield sentences on metrics, empty masks, missing cases and whatever was left out."""
    yield _metrics(comparison)
    yield from _empties(comparison)
    if any(one.missed for one in comparison.detection):
        counts = ", ".join(
            f"{d.design} {d.missed} of {d.with_tumour}" for d in comparison.detection
        )
        every = ", counted over all trainings" if max(comparison.trainings) > 1 else ""
        yield f"Missed tumours{every}: {counts}."
    missing = comparison.settings["missing"]
    if missing != "error":
        yield f"Of cases that not every design was scored on: {MISSING_RULES[missing]}."  # type: ignore[index]
    yield from comparison.notes


def _metrics(comparison: Comparison) -> str:
    targets = [t for t in dict.fromkeys(one.target for one in comparison.analyses) if t]
    labels = list(dict.fromkeys(analysis.label for analysis in comparison.analyses))
    words = f"The primary metric was {labels[0]}"
    if labels[1:]:
        words += f", secondary {', '.join(labels[1:])}"
    if targets:  # a bare table need not name any
        words += (
            f", of {'target' if len(targets) == 1 else 'each of the targets'} {', '.join(targets)}"
        )
    if any(analysis.metric.name == "hd95" for analysis in comparison.analyses):
        words += _hd95(comparison)
    return f"{words} [@maierhein2024]."


def _hd95(comparison: Comparison) -> str:
    """How HD95 was computed; designs that say otherwise are never compared."""
    method = next((one.hd95_method for one in comparison.facts if one.hd95_method), None)
    if not method:
        return ""
    return f"; HD95 is {HD95_METHODS[method].sentence if method in HD95_METHODS else method}"


def _empties(comparison: Comparison) -> Iterator[str]:
    """What empty masks count; nothing of scores that need not come from masks."""
    kinds = {analysis.metric.kind for analysis in comparison.analyses}
    if kinds == {"declared"}:
        return
    distance = " and, in distances, the diagonal of its scan" if "distance" in kinds else ""
    dropped = ", and its distance was left out for every design" if "distance" in kinds else ""
    rule = EMPTY_RULES[comparison.settings["empty"]]  # type: ignore[index]
    yield rule.sentence.format(distance=distance, dropped=dropped)
