"""Every design against every other, as a square: difference and adjusted p in each cell."""

from __future__ import annotations

from ablation.comparison import Comparison
from ablation.report.figures.matrix import pairwise_matrix
from ablation.report.figures.pairs import titled
from ablation.report.sections.blocks import Section
from ablation.report.source import Source

FEWEST = 3  # designs


def matrix(comparison: Comparison, source: Source) -> Section | None:  # noqa: ARG001
    """Return the pairwise matrix of every metric; nothing for fewer than three designs."""
    if len(comparison.designs) < FEWEST:
        return None
    drawn = tuple(
        titled(
            comparison,
            analysis,
            pairwise_matrix(analysis, comparison.designs, f"matrix-{number}"),
        )
        for number, analysis in enumerate(comparison.analyses)
    )
    hint = (
        "Row minus column: mean difference of the scores as they stand, and adjusted p; on the "
        "diagonal the design's mean. Colour where a design is called better, by the size of the "
        "Hodges-Lehmann shift: blue where it is the row, orange where it is the column."
    )
    if comparison.reference:
        hint += f" Only comparisons with {comparison.reference} were planned."
    return Section("matrix", "Pairwise matrix", hint, figures=drawn)
