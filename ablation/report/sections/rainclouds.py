"""The scores of each design as cloud, box and rain: shape, quartiles, every patient."""

from __future__ import annotations

from ablation.comparison import Comparison
from ablation.report.figures.pairs import titled
from ablation.report.figures.rainclouds import FEWEST, raincloud
from ablation.report.sections.blocks import Section
from ablation.report.source import Source

HINT = (
    "Cloud: where scores lie close together (a kernel density, cut at the metric's bounds); box: "
    "quartiles and median, its line the range; points: every patient. Cloud and box from "
    f"{FEWEST} patients on."
)


def rainclouds(comparison: Comparison, source: Source) -> Section:  # noqa: ARG001
    """Return a raincloud plot of every metric."""
    drawn = tuple(
        titled(comparison, analysis, raincloud(analysis, f"raincloud-{number}"))
        for number, analysis in enumerate(comparison.analyses)
    )
    return Section("rainclouds", "Distributions", HINT, figures=drawn)
