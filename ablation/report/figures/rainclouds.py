"""The scores of each design as cloud, box and rain: shape, quartiles, every patient."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ablation.comparison import Analysis, Summary
from ablation.report.figures.drawing import (
    Figure,
    Spec,
    colours,
    exported,
    layout,
    point_size,
    rows_axis,
    wrapped,
)
from ablation.report.figures.scales import Scale, scale

Array = NDArray[np.float64]
FEWEST = 5  # patients from which a density and a box say more than the points
STEPS = 80  # of a cloud's outline
ROW = 92  # pixels


def raincloud(analysis: Analysis, id_: str) -> Figure:
    """Draw a row per design, the first on top."""
    on, colour = scale(analysis), colours(tuple(analysis.scores))
    summaries = tuple(reversed(analysis.summaries))
    height = 66 + ROW * len(summaries)
    drawn = layout(height)
    drawn["xaxis"] = on.axis()
    drawn["yaxis"] = rows_axis([wrapped(s.design) for s in summaries], below=0.45, above=0.6)
    drawn["shapes"], drawn["annotations"] = on.penalty("x")
    traces: list[Spec] = []
    for row, summary in enumerate(summaries):
        shade, values = colour[summary.design], analysis.scores[summary.design]
        if len(values) >= FEWEST:
            traces += _cloud(values, on, row, shade)
            traces += _box(summary, on, row, shade)
        traces.append(_rain(analysis, summary.design, on, row, shade))
    words = "; ".join(_words(analysis, summary) for summary in analysis.summaries)
    return Figure(
        id=id_,
        title=f"{analysis.label}: distribution over {analysis.unit_of_analysis}s",
        alternative=f"{analysis.label}, median and quartiles: {words}.",
        data=tuple(traces),
        layout=drawn,
        height=height,
    )


def density(values: Sequence[float], low: float, high: float) -> tuple[Array, Array] | None:
    """Return (places, density up to 1) of a Gaussian kernel density cut at low and high.

    Silverman's bandwidth; None where all values are equal.
    """
    points = np.asarray(values, np.float64)
    quartiles = np.quantile(points, (0.25, 0.75))
    sd = float(points.std(ddof=1))
    narrow = min(sd, float(quartiles[1] - quartiles[0]) / 1.349) or sd
    if narrow <= 1e-12:
        return None
    width = 0.9 * narrow * points.size**-0.2
    start, stop = max(low, points.min() - 3 * width), min(high, points.max() + 3 * width)
    places = np.linspace(start, stop, STEPS)
    heights = np.exp(-0.5 * ((places[:, None] - points[None, :]) / width) ** 2).sum(axis=1)
    return places, heights / heights.max()


def _cloud(values: Sequence[float], on: Scale, row: int, shade: str) -> Iterator[Spec]:
    low, high = on.bounds
    most = on.at(on.largest) if on.penalties else high
    found = density([on.at(value) for value in values], low, most)
    if found is None:
        return
    places, heights = (array.round(5).tolist() for array in found)
    base = row + 0.1
    yield {
        "type": "scatter",
        "mode": "lines",
        "x": [places[0], *places, places[-1]],
        "y": [base, *(base + 0.42 * height for height in heights), base],
        "fill": "toself",
        "fillcolor": _light(shade),
        "line": {"color": shade, "width": 1},
        "hoverinfo": "skip",
    }


def _box(summary: Summary, on: Scale, row: int, shade: str) -> Iterator[Spec]:
    """Range as a line, quartiles as a bar, the median as a gap in it."""
    line: Spec = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "y": [row, row]}
    ends = (summary.minimum, summary.maximum)
    yield line | {"x": [on.at(v) for v in ends], "line": {"color": shade, "width": 1}}
    yield line | {"x": [on.at(v) for v in summary.quartiles], "line": {"color": shade, "width": 9}}
    low, high = summary.quartiles
    yield {
        **exported(summary.design, customdata=("median", "quartile 1", "quartile 3")),
        "type": "scatter",
        "mode": "markers",
        "x": [on.at(summary.median)],
        "y": [row],
        "customdata": [[summary.median, low, high]],
        "marker": {"symbol": "line-ns", "size": 9, "line": {"color": "white", "width": 2.5}},
        "hoverinfo": "skip",
    }


def _rain(analysis: Analysis, design: str, on: Scale, row: int, shade: str) -> Spec:
    values = analysis.scores[design]
    return {
        **exported(design, text="patient", **on.column("x")),
        "type": "scatter",
        "mode": "markers",
        **on.values("x", values),
        "y": [round(row - 0.13 - 0.24 * lane, 4) for lane in lanes(len(values))],
        "text": list(analysis.patients),
        "hovertemplate": f"%{{text}}<br>{on.hover('x', analysis.metric.digits)}<extra>{design}</extra>",
        "marker": {"size": point_size(len(values)), "color": shade, "opacity": 0.6},
    }


def lanes(count: int) -> Iterator[float]:
    """Yield a place between 0 and 1 for each point, neighbours far apart, the same every time."""
    golden = (math.sqrt(5) - 1) / 2
    return ((i + 1) * golden % 1 for i in range(count))


def _light(shade: str) -> str:
    red, green, blue = (int(shade[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.28)"


def _words(analysis: Analysis, summary: Summary) -> str:
    text = analysis.metric.text
    low, high = summary.quartiles
    return f"{summary.design} {text(summary.median)} ({text(low)} to {text(high)})"
