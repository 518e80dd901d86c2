"""The thresholds of the finals: Dice and precision against recall over all thresholds, on validation."""

from __future__ import annotations

from collections.abc import Sequence

from ablation.comparison import Comparison
from ablation.report.figures.drawing import colours
from ablation.report.figures.thresholds import (
    dice_curves,
    plateau,
    precision_recall_curves,
    shape,
)
from ablation.report.material import Thresholds
from ablation.report.sections.blocks import Section, Table, table
from ablation.report.source import Source

HINT = (
    "Each final chose its threshold on the validation patients and kept it for the test patients. "
    "On a flat curve the choice hardly matters; on a peak, or at an edge, other patients may need "
    "another threshold."
)


def operating(comparison: Comparison, source: Source) -> Section | None:
    """Return the threshold curves of the finals; nothing where none was searched."""
    searched = [one for one in source.material.thresholds if len(one.cuts) > 1]
    if not searched:
        return None
    colour = colours(comparison.designs)
    drawn = [dice_curves(searched, colour)]
    if precise := precision_recall_curves(searched, colour):
        drawn.append(precise)
    return Section("thresholds", "Thresholds", HINT, (_table(searched),), figures=tuple(drawn))


def _table(searched: Sequence[Thresholds]) -> Table:
    lines = []
    for one in searched:
        around = plateau(one.cuts)
        reach = "" if around is None else f"{around[0]:g} to {around[1]:g}"
        dice = "" if one.chosen.dice is None else f"{one.chosen.dice:.3f}"
        cells = (f"{one.chosen.threshold:g}", dice, reach, shape(one), one.tta)
        lines.append((one.run, *cells, one.cleaning or "none"))
    columns = ("final", "threshold", "validation Dice", "within 0.01 of the curve's best",
               "curve", "augmentation", "post-processing")  # fmt: skip
    return table(columns, lines, {"final", "curve", "augmentation", "post-processing"})
