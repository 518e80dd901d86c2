"""All comparisons of a metric on one axis: mean, its interval, and the one for all at once."""

from __future__ import annotations

from collections.abc import Iterator

from ablation.comparison import Analysis, Contrast, p_text
from ablation.report.figures.drawing import (
    INK,
    QUIET,
    Figure,
    Spec,
    colours,
    exported,
    layout,
    pair,
    rows_axis,
)
from ablation.report.figures.pairs import (
    adjusted,
    better_side,
    counted,
    in_words,
    label_width,
    named,
)
from ablation.report.figures.scales import Differences, difference_scale

ROW, NUMBERS, LINE_HEIGHT = 44, 230, 17  # pixels
MARGIN = "rgba(82,96,109,0.10)"


def forest_plot(analysis: Analysis, level: float, id_: str) -> Figure:
    """Draw a row per comparison, largest mean difference on top."""
    contrasts = sorted(analysis.contrasts, key=lambda c: c.shown.mean)
    names = [pair(c) for c in contrasts]
    row_height = max(ROW, *(LINE_HEIGHT * (name.count("<br>") + 1) for name in names))
    height = 96 + row_height * max(len(contrasts), 2)
    drawn = layout(height)
    on = difference_scale(analysis, _drawn(contrasts))
    drawn["xaxis"] = on.axis(better_side(analysis))
    drawn["yaxis"] = rows_axis(names, above=0.7)
    drawn["shapes"] = _margin(contrasts, on)
    drawn["annotations"] = [_numbers(analysis, c, row) for row, c in enumerate(contrasts)]
    colour = colours(tuple(analysis.scores))
    traces = [t for row, c in enumerate(contrasts) for t in _row(c, row, _shade(c, colour), on)]
    words = "; ".join(in_words(analysis, c) for c in reversed(contrasts))
    return Figure(
        id=id_,
        title=f"{analysis.label}: differences ({analysis.role})",
        alternative=f"Mean differences in {analysis.label} with {100 * level:g} % interval, largest first: {words}.",
        data=tuple(traces),
        layout=drawn,
        height=height,
        caption=f"{counted(analysis)}; {adjusted(analysis)}.",
        width=label_width(contrasts) + NUMBERS,
    )


def _shade(contrast: Contrast, colour: dict[str, str]) -> str:
    """The colour of the design that is called better."""
    return colour.get(contrast.called_better, QUIET)


def _row(contrast: Contrast, row: int, shade: str, on: Differences) -> list[Spec]:
    """The thin interval below the thick one, both on the mean."""
    limits = ("mean", "CI low", "CI high")
    traces: list[Spec] = []
    intervals = [(contrast.simultaneous, 1.2, "simultaneous")] if contrast.family > 1 else []
    for interval, width, kind in [*intervals, (contrast.shown, 4.5, "")]:
        trace: Spec = {
            **exported(f"{named(contrast)} {kind}".strip(), customdata=limits),
            "type": "scatter",
            "mode": "markers",
            "x": [on.at(interval.mean)],
            "y": [row],
            "customdata": [[interval.mean, interval.low, interval.high]],
            "marker": {
                "symbol": "diamond",
                "size": 1 if kind else 11,
                "color": shade,
                "line": {"color": "white", "width": 0 if kind else 1},
            },
            "hoverinfo": "skip",
        }
        if interval.low is not None and interval.high is not None:
            trace["error_x"] = on.bar(interval.mean, interval.low, interval.high, shade, width)
        traces.append(trace)
    return traces


def _numbers(analysis: Analysis, contrast: Contrast, row: int) -> Spec:
    """Mean, interval and p in figures, above the row at the right."""
    i = contrast.shown
    mean, low, high = analysis.metric.texts(i.mean, i.low, i.high, signed=True)
    words = f"{mean} ({low} to {high})" if low else mean
    if contrast.p_adjusted is not None:
        words += f"  p {p_text(contrast.p_adjusted).replace('<', '< ')}"
    return {
        "x": 1,
        "xref": "paper",
        "xanchor": "right",
        "y": row + 0.18,
        "yanchor": "bottom",
        "showarrow": False,
        "text": words,
        "bgcolor": "rgba(255,255,255,0.8)",
        "borderpad": 0,
        "font": {"size": 11, "color": INK},
    }


def _margin(contrasts: list[Contrast], on: Differences) -> list[Spec]:
    found = contrasts[0].relevance
    if found is None:
        return []
    reach = on.at(found.margin)
    edges: Spec = {"x0": -reach, "x1": reach, "y0": 0, "y1": 1, "yref": "paper"}
    return [{"type": "rect", "layer": "below", "fillcolor": MARGIN, "line": {"width": 0}, **edges}]


def _drawn(contrasts: list[Contrast]) -> Iterator[float | None]:
    """Every mean and limit, and the margin."""
    for c in contrasts:
        yield from (c.shown.mean, c.shown.low, c.shown.high)
        yield from (c.simultaneous.low, c.simultaneous.high)
        yield c.relevance.margin if c.relevance else None
