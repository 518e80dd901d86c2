"""A comparison under other choices: a mean and an interval for each."""

from __future__ import annotations

from collections.abc import Sequence

from ablation.comparison import Analysis, CheckRow, Contrast
from ablation.report.figures.drawing import INK, QUIET, Figure, Spec, exported, layout, rows_axis
from ablation.report.figures.pairs import better_side, named
from ablation.report.figures.scales import Differences, difference_scale


def choice(row: CheckRow) -> str:
    """Return what was chosen otherwise, in words."""
    return f"without one patient ({row.choice})" if row.kind == "patient left out" else row.choice


def checks_plot(
    analysis: Analysis, contrast: Contrast, rows: Sequence[CheckRow], id_: str
) -> Figure:
    """Draw a row per choice, the first on top."""
    upwards = list(reversed(rows))
    height = 84 + 40 * len(rows)
    drawn = layout(height)
    ends = [value for row in rows for value in (row.estimate, row.low, row.high)]
    on = difference_scale(analysis, ends)
    drawn["xaxis"] = on.axis(better_side(analysis))
    drawn["yaxis"] = rows_axis([_tick(row) for row in upwards])
    name, text = named(contrast), analysis.metric.text
    words = "; ".join(f"{choice(row)} {text(row.estimate, signed=True)}" for row in rows)
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
    return choice(row).replace(", ", "<br>", 1).replace(" (", "<br>(", 1)


def _point(row: CheckRow, at: int, name: str, on: Differences) -> Spec:
    shade = QUIET if row.kind == "patient left out" else INK
    trace: Spec = {
        **exported(f"{name}, {choice(row)}", customdata=("difference", "low", "high", "p")),
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
