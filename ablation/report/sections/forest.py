"""All comparisons of a metric on one axis: mean, its interval, and the one for all at once."""

from __future__ import annotations

from ablation.comparison import Comparison
from ablation.report.figures.forest import forest_plot
from ablation.report.figures.pairs import titled
from ablation.report.sections.blocks import Section
from ablation.report.source import Source


def forest(comparison: Comparison, source: Source) -> Section | None:  # noqa: ARG001
    """Return a forest plot of every metric that was tested."""
    drawn = tuple(
        titled(comparison, analysis, forest_plot(analysis, comparison.level, f"forest-{number}"))
        for number, analysis in enumerate(comparison.analyses)
        if analysis.contrasts
    )
    return (
        Section(
            "forest", "All comparisons", _reading(comparison), figures=drawn, short="Comparisons"
        )
        if drawn
        else None
    )


def _reading(comparison: Comparison) -> str:
    level = f"{100 * comparison.level:g} %"
    words = f"Mean difference within patients, first minus second; thick: {level} t interval"
    if any(len(analysis.contrasts) > 1 for analysis in comparison.analyses):
        words += ", thin: the interval that holds for all comparisons at once (Bonferroni)"
    words += (
        ". In colour: the design that is called better by the planned test, its estimate, the mean "
        "and the missed cases; grey: none is."
    )
    if any(c.relevance for analysis in comparison.analyses for c in analysis.contrasts):
        words += " Shaded: differences smaller than the margin."
    return words
