"""The primary comparisons under other choices: tests, patients, weights, trainings, gaps."""

from __future__ import annotations

from ablation.comparison import Analysis, CheckRow, Comparison, Contrast, p_text
from ablation.report.figures.checks import checks_plot, choice
from ablation.report.figures.drawing import Figure
from ablation.report.figures.pairs import label, shown, titled
from ablation.report.sections.blocks import Section, folded_when_long, table
from ablation.report.source import Source

COLUMNS = ("comparison", "choice", "difference", "low", "high", "p", "favours")
TEXTS = {"comparison", "choice", "favours"}
MOST = 3  # comparisons with a figure each
HINT = (
    "The primary comparisons under other choices, the first design minus the second. p is two-sided "
    "and not adjusted. Without one patient: the weakest mean that leaving one out can give, "
    "and between low and high all of them."
)


def sensitivity(comparison: Comparison, source: Source) -> Section | None:  # noqa: ARG001
    """Return figure and table of the checks; nothing where nothing was compared."""
    if not comparison.checks:
        return None
    figures: list[Figure] = []
    left_out = ""
    primary = [a for a in comparison.analyses if a.role == "primary"]
    for analysis in primary:
        contrasts, left_out = shown(analysis, MOST)
        for contrast in contrasts:
            rows = _rows_of(comparison, analysis, contrast)
            if any(row.low is not None for row in rows):  # one patient has no intervals
                figure = checks_plot(analysis, contrast, rows, f"checks-{len(figures)}")
                figures.append(titled(comparison, analysis, figure))
    lines = [line for a in primary for line in _lines(comparison, a)]
    columns: tuple[str, ...] = COLUMNS
    if len({line[0] for line in lines}) == 1:  # one comparison, named above the figure
        columns, lines = columns[1:], [line[1:] for line in lines]
    shown_rows = folded_when_long(table(columns, lines, TEXTS), f"All {len(lines)} checks")
    hint = f"{HINT} Drawn: {left_out}" if left_out else HINT
    return Section(
        "sensitivity",
        "Would another choice have led elsewhere?",
        hint,
        (shown_rows,),
        tuple(figures),
        short="Other choices",
    )


def _rows_of(comparison: Comparison, analysis: Analysis, contrast: Contrast) -> list[CheckRow]:
    place = (analysis.target, contrast.candidate, contrast.reference)
    return [row for row in comparison.checks if row.place == place]


def _lines(comparison: Comparison, analysis: Analysis) -> list[tuple[str, ...]]:
    text = analysis.metric.text
    several = label(comparison, analysis) != analysis.label
    target = f", {analysis.target}" if several else ""
    return [
        (
            f"{row.candidate} vs {row.reference}{target}",
            choice(row),
            *(text(value, signed=True) for value in (row.estimate, row.low, row.high)),
            p_text(row.p),
            row.winner or "neither",
        )
        for row in comparison.checks
        if row.target == analysis.target
    ]
