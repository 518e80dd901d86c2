"""Comparisons on the page: their names, what they found in words, which are drawn of many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ablation.comparison import Analysis, Comparison, Contrast
from ablation.comparison.wording.names import target_name
from ablation.report.figures.drawing import LETTER, Figure, longest_line
from ablation.statistics.corrections import CORRECTIONS


def label(comparison: Comparison, analysis: Analysis) -> str:
    """Return the metric with its unit, and its target where there are several."""
    several = len({a.target for a in comparison.analyses}) > 1
    return f"{target_name(analysis.target)}: {analysis.label}" if several else analysis.label


def titled(comparison: Comparison, analysis: Analysis, figure: Figure) -> Figure:
    """Return a figure whose title names the target where there are several."""
    several = label(comparison, analysis) != analysis.label
    if not several:
        return figure
    title = f"{target_name(analysis.target)}, {figure.title}"
    return replace(figure, title=title, target=analysis.target)


def named(contrast: Contrast) -> str:
    """Return the name of a comparison on one line."""
    return f"{contrast.candidate} vs {contrast.reference}"


def counted(analysis: Analysis) -> str:
    """Return how many patients, or cases, an analysis is about."""
    n = len(analysis.patients)
    return f"{n} {analysis.unit_of_analysis}{'' if n == 1 else 's'}"


def adjusted(analysis: Analysis) -> str:
    """Return what the p-values of an analysis are adjusted for."""
    first = analysis.contrasts[0]
    correction = CORRECTIONS[first.correction]
    if first.p_adjusted is None:
        return "not tested"
    if first.family == 1 or not correction.adjusts:
        return f"p by {first.test}, not adjusted"
    return f"p by {first.test}, {correction.label} over {first.family} comparisons"


def label_width(contrasts: Sequence[Contrast]) -> int:
    """Return the pixels that the names of these comparisons take beside an axis."""
    return LETTER * max(
        max(longest_line(c.candidate), longest_line(c.reference) + 3) for c in contrasts
    )


def better_side(analysis: Analysis) -> str:
    """Return an axis of differences in words, with the side on which the first design is better."""
    if analysis.metric.higher_is_better:
        return f"{analysis.label}: first better →"
    return f"← first better: {analysis.label}"


def in_words(analysis: Analysis, contrast: Contrast) -> str:
    """Return mean and interval of a comparison."""
    i = contrast.shown
    mean, low, high = analysis.metric.texts(i.mean, i.low, i.high, signed=True)
    words = f"{contrast.candidate} minus {contrast.reference} {mean}"
    return f"{words} ({low} to {high})" if low else words


def shown(analysis: Analysis, most: int) -> tuple[tuple[Contrast, ...], str]:
    """Return the comparisons to draw, and a sentence where some are left to the table.

    All of them up to `most`; then those with the design of the best mean.
    """
    contrasts = analysis.contrasts
    one_reference = len({c.reference for c in contrasts}) < 2
    if len(contrasts) <= most or one_reference:
        return contrasts, ""
    sign = analysis.metric.sign
    best = max(analysis.summaries, key=lambda s: sign * s.interval.mean).design
    kept = tuple(c for c in contrasts if best in (c.candidate, c.reference))
    return kept, (
        f"{len(kept)} of {len(contrasts)} comparisons, those with {best}, which has the best mean."
    )
