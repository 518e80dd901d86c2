"""The figures of a report as plotly's own objects, for a notebook or another page."""

from __future__ import annotations

import plotly.graph_objects as go

from ablation.comparison import Comparison
from ablation.report.figures.drawing import without_markup
from ablation.report.page.index import sections
from ablation.report.source import Source


def figures(
    comparison: Comparison, source: Source | None = None
) -> dict[str, tuple[go.Figure, ...]]:
    """Return the figures of a comparison by the id of their section of the page.

    Args:
        comparison: What is shown.
        source: Where its numbers come from; without it the figures of runs (tuning, overlays) lack.

    Example:
        >>> import ablation
        >>> shown = ablation.figures(ablation.compare(["unet.csv", "resupnet.csv"]))  # doctest: +SKIP
        >>> shown["forest"][0].show()                                                 # doctest: +SKIP
    """
    made = sections(comparison, source or Source("", kind="tables"))
    return {
        section.id: tuple(
            go.Figure(
                {"data": without_markup(one.data), "layout": without_markup(one.layout)},
                skip_invalid=True,
            )
            for one in section.every_figure
        )
        for section in made
        if section.every_figure
    }
