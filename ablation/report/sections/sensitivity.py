"""The primary comparisons under other choices: tests, patients, weights, trainings, gaps."""

from __future__ import annotations

from collections.abc import Sequence

from ablation.comparison import Analysis, Check, CheckRow, Comparison, Contrast, p_text
from ablation.report.figures.drawing import (
    INK,
    QUIET,
    Figure,
    Spec,
    exported,
    layout,
    rows_axis,
)
from ablation.report.figures.pairs import label, named, shown, titled
from ablation.report.figures.scales import Differences, difference_scale
from ablation.report.html import folded, table
from ablation.report.section import Section
from ablation.report.source import Source

COLUMNS = ("comparison", "choice", "difference", "low", "high", "p", "favours")
TEXTS = {"comparison", "choice", "favours"}
MOST = 3  # comparisons with a figure each
HINT = (
    "The primary comparisons under other choices, above 0 when the first is better. p is two-sided "
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
                figure = _figure(analysis, contrast, rows, f"checks-{len(figures)}")
                figures.append(titled(comparison, analysis, figure))
    lines = [line for a in primary for line in _lines(comparison, a)]
    columns: tuple[str, ...] = COLUMNS
    if len({line[0] for line in lines}) == 1:  # one comparison, named above the figure
        columns, lines = columns[1:], [line[1:] for line in lines]
    body = folded(table(columns, lines, TEXTS), len(lines), f"All {len(lines)} checks")
    hint = f"{HINT} Drawn: {left_out}" if left_out else HINT
    return Section(
        "sensitivity", "Would another choice have led elsewhere?", hint, body, tuple(figures)
    )


def _rows_of(comparison: Comparison, analysis: Analysis, contrast: Contrast) -> list[CheckRow]:
    place = (analysis.target, contrast.candidate, contrast.reference)
    return [row for row in comparison.checks if row.place == place]


def _choice(row: CheckRow) -> str:
    return f"without one patient ({row.choice})" if row.kind is Check.LEFT_OUT else row.choice


def _lines(comparison: Comparison, analysis: Analysis) -> list[tuple[str, ...]]:
    text = analysis.metric.text
    several = label(comparison, analysis) != analysis.label
    target = f", {analysis.target}" if several else ""
    return [
        (
            f"{row.candidate} vs {row.reference}{target}",
            _choice(row),
            *(text(value, signed=True) for value in (row.estimate, row.low, row.high)),
            p_text(row.p),
            row.winner or "neither",
        )
        for row in comparison.checks
        if row.target == analysis.target
    ]


def _figure(analysis: Analysis, contrast: Contrast, rows: Sequence[CheckRow], id_: str) -> Figure:
    upwards = list(reversed(rows))
    height = 84 + 40 * len(rows)
    drawn = layout(height)
    ends = [value for row in rows for value in (row.estimate, row.low, row.high)]
    on = difference_scale(analysis, ends)
    drawn["xaxis"] = on.axis(f"{analysis.label}: first better →")
    drawn["yaxis"] = rows_axis([_tick(row) for row in upwards])
    name, text = named(contrast), analysis.metric.text
    words = "; ".join(f"{_choice(row)} {text(row.estimate, signed=True)}" for row in rows)
    winners = {row.winner for row in rows}
    agree = "All favour the same design." if len(winners) == 1 else "They favour different designs."
    return Figure(
        id=id_,
        title=f"{name}: {analysis.label}",
        alternative=f"{name}, difference in {analysis.label}: {words}. {agree}",
        data=tuple(_point(row, at, name, on) for at, row in enumerate(upwards)),
        layout=drawn,
        height=height,
        caption=agree,
    )


def _tick(row: CheckRow) -> str:
    """The choice on two lines, test and estimate, or as many as it takes."""
    return _choice(row).replace(", ", "<br>", 1).replace(" (", "<br>(", 1)


def _point(row: CheckRow, at: int, name: str, on: Differences) -> Spec:
    shade = QUIET if row.kind is Check.LEFT_OUT else INK
    trace: Spec = {
        **exported(f"{name}, {_choice(row)}", customdata=("difference", "low", "high", "p")),
        "type": "scatter",
        "mode": "markers",
        "x": [on.at(row.estimate)],
        "y": [at],
        "customdata": [[row.estimate, row.low, row.high, row.p]],
        "marker": {"symbol": "diamond", "size": 9, "color": shade},
        "hoverinfo": "skip",
    }
    if row.low is not None and row.high is not None:
        trace["error_x"] = on.bar(row.estimate, row.low, row.high, shade, 2.5)
    return trace
