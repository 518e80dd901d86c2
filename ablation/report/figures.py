"""The figures of a report, as plotly's own description (plain dicts, drawn by the page)."""

from __future__ import annotations

from dataclasses import dataclass

from ablation.comparison import Analysis, Contrast, Summary

# Okabe & Ito 2008: told apart with every kind of colour vision. A design keeps its colour.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#4D4D4D")
INK, QUIET, LINE = "#1f2933", "#52606d", "#d9dee4"
FONT = {
    "family": "system-ui, -apple-system, Segoe UI, Roboto, sans-serif",
    "size": 13,
    "color": INK,
}

Spec = dict[str, object]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: what plotly draws, and the same in words."""

    id: str
    title: str
    alternative: str
    """What the figure shows, for those who cannot see it."""
    data: tuple[Spec, ...]
    layout: Spec
    height: int
    """Pixels."""


def colours(designs: tuple[str, ...]) -> dict[str, str]:
    """Return the colour of every design.

    >>> colours(("unet", "resupnet"))
    {'unet': '#0072B2', 'resupnet': '#D55E00'}
    """
    return {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(designs)}


def patient_lines(analysis: Analysis, designs: tuple[str, ...], id_: str) -> Figure:
    """Draw a line per patient across the designs, with each design's mean and interval."""
    colour = colours(designs)
    offsets = _mean_offsets(len(designs))
    means: list[Spec] = [
        _mean_marker(summary, position + offsets[position], colour[summary.design], analysis)
        for position, summary in enumerate(analysis.summaries)
    ]
    layout = _layout(360)
    layout["xaxis"] = _axis() | {
        "tickvals": list(range(len(designs))),
        "ticktext": list(designs),
        "range": [-0.55, len(designs) - 0.45],
        "showgrid": False,
        "zeroline": False,
    }
    layout["yaxis"] = _axis() | {"title": _title(analysis.label)} | _score_range(analysis)
    words = "; ".join(_mean_words(analysis, summary) for summary in analysis.summaries)
    return Figure(
        id=id_,
        title=f"{analysis.label}: one {'line' if len(designs) > 1 else 'point'} per patient",
        alternative=f"{analysis.label} of {len(analysis.patients)} patients. Mean: {words}.",
        data=(_lines(analysis, designs, colour), *means),
        layout=layout,
        height=360,
    )


def paired_differences(analysis: Analysis, level: float, id_: str) -> Figure:
    """Draw every patient's difference with mean and interval, a row per comparison."""
    contrasts = analysis.contrasts
    height = max(360, 120 + 84 * len(contrasts))
    data: list[Spec] = []
    colour = colours(tuple(analysis.scores))
    for row, contrast in enumerate(reversed(contrasts)):
        data += _difference_row(analysis, contrast, row, colour)
    layout = _layout(height)
    layout["xaxis"] = _axis() | {
        "title": _title(_direction(analysis)),
        "zeroline": True,
        "zerolinecolor": QUIET,
        "zerolinewidth": 1.5,
        **_difference_range(analysis),
    }
    layout["yaxis"] = _axis() | {
        "tickvals": list(range(len(contrasts))),
        "ticktext": [_pair(c) for c in reversed(contrasts)],
        "range": [-0.75, len(contrasts) - 0.6],
        "showgrid": False,
        "zeroline": False,
        "automargin": True,
    }
    words = "; ".join(_difference_words(analysis, c) for c in contrasts)
    return Figure(
        id=id_,
        title="Differences within patients",
        alternative=f"Differences within patients, mean and {100 * level:g} % interval: {words}.",
        data=tuple(data),
        layout=layout,
        height=height,
    )


def _lines(analysis: Analysis, designs: tuple[str, ...], colour: dict[str, str]) -> Spec:
    """All patients as one trace; a gap ends each patient's line."""
    x: list[float | None] = []
    y: list[float | None] = []
    names: list[str] = []
    shades: list[str] = []
    for i, patient in enumerate(analysis.patients):
        x += [*range(len(designs)), None]
        y += [*(analysis.scores[name][i] for name in designs), None]
        names += [patient] * (len(designs) + 1)
        shades += [*(colour[name] for name in designs), "rgba(0,0,0,0)"]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": x,
        "y": y,
        "text": names,
        "hovertemplate": f"%{{text}}<br>{analysis.label} %{{y:.{analysis.metric.digits}f}}<extra></extra>",
        "line": {"color": "rgba(82,96,109,0.35)", "width": 1.2},
        "marker": {"size": 7, "color": shades, "opacity": 0.75},
    }


def _mean_offsets(count: int) -> list[float]:
    """Means stand beside the points: outside for two designs, else to the right."""
    return [-0.2, 0.2] if count == 2 else [0.2] * count


def _mean_marker(summary: Summary, x: float, colour: str, analysis: Analysis) -> Spec:
    interval = summary.interval
    marker: Spec = {
        "type": "scatter",
        "mode": "markers",
        "x": [x],
        "y": [interval.mean],
        "marker": {
            "symbol": "diamond",
            "size": 12,
            "color": colour,
            "line": {"color": "white", "width": 1},
        },
        "hovertemplate": f"{summary.design}, mean {analysis.metric.text(interval.mean)}<extra></extra>",
    }
    if interval.low is not None and interval.high is not None:
        marker["error_y"] = _bar(interval.mean, interval.low, interval.high, colour, 2.5)
    return marker


def _difference_row(
    analysis: Analysis, contrast: Contrast, row: int, colour: dict[str, str]
) -> list[Spec]:
    """Patients below the row's middle in the colour of who is better; mean and interval on it."""
    interval, n = contrast.t.interval, contrast.n
    text = analysis.metric.text
    better = {True: colour[contrast.candidate], False: colour[contrast.reference]}
    points: Spec = {
        "type": "scatter",
        "mode": "markers",
        "x": list(contrast.d),
        # Spread over seven lanes by order, so that equal differences stay apart.
        "y": [row - 0.18 - 0.05 * (i % 7) for i in range(n)],
        "text": list(analysis.patients),
        "hovertemplate": f"%{{text}}<br>%{{x:.{analysis.metric.digits}f}}<extra></extra>",
        "marker": {
            "size": 8,
            "color": [better[x > 0] if x else QUIET for x in contrast.d],
            "opacity": 0.7,
        },
    }
    mean: Spec = {
        "type": "scatter",
        "mode": "markers",
        "x": [interval.mean],
        "y": [row],
        "marker": {"symbol": "diamond", "size": 13, "color": INK},
        "hovertemplate": f"{contrast.candidate} vs {contrast.reference}, mean {text(interval.mean, signed=True)}<extra></extra>",
    }
    if interval.low is not None and interval.high is not None:
        mean["error_x"] = _bar(interval.mean, interval.low, interval.high, INK, 3)
    wide = contrast.simultaneous
    if contrast.family > 1 and wide.low is not None and wide.high is not None:
        thin = mean | {"hoverinfo": "skip", "marker": {"size": 1, "color": INK}}
        thin["error_x"] = _bar(wide.mean, wide.low, wide.high, INK, 1)
        return [points, thin, mean]
    return [points, mean]


def _bar(middle: float, low: float, high: float, colour: str, width: float) -> Spec:
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - middle],
        "arrayminus": [middle - low],
        "color": colour,
        "thickness": width,
        "width": 0,
    }


def _score_range(analysis: Analysis) -> Spec:
    """The metric's own range, never one that makes a difference look larger."""
    if analysis.metric.kind in ("overlap", "background"):
        return {"range": [-0.03, 1.03], "tickvals": [0, 0.2, 0.4, 0.6, 0.8, 1.0]}
    return {"rangemode": "tozero"}


def _difference_range(analysis: Analysis) -> Spec:
    """Room for every patient, every interval and 0; an overlap cannot differ by more than 1."""
    reach = [abs(x) for c in analysis.contrasts for x in c.d]
    for contrast in analysis.contrasts:
        for limit in (contrast.simultaneous.low, contrast.simultaneous.high):
            reach += [] if limit is None else [abs(limit)]
    far = 1.1 * max(reach) or 1.0
    if analysis.metric.kind in ("overlap", "background"):
        far = min(far, 1.05)
    return {"range": [-far, far]}


def _axis() -> Spec:
    return {
        "fixedrange": True,
        "gridcolor": LINE,
        "zerolinecolor": LINE,
        "linecolor": LINE,
        "ticks": "",
        "automargin": True,
    }


def _layout(height: int) -> Spec:
    return {
        "height": height,
        "font": FONT,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 52, "r": 16, "t": 14, "b": 34},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": "#9aa5b1", "activecolor": QUIET},
        "showlegend": False,
        "hovermode": "closest",
        "dragmode": False,
    }


def _title(text: str) -> Spec:
    return {"text": text, "font": {"size": 13, "color": QUIET}, "standoff": 10}


def _direction(analysis: Analysis) -> str:
    """Which side of 0 speaks for whom."""
    if len(analysis.contrasts) > 1:
        return f"{analysis.label}: right of 0 the first is better"
    only = analysis.contrasts[0]
    return f"← {only.reference} better   {analysis.label}   {only.candidate} better →"


def _pair(contrast: Contrast) -> str:
    return f"{contrast.candidate}<br>vs {contrast.reference}"


def _mean_words(analysis: Analysis, summary: Summary) -> str:
    interval, text = summary.interval, analysis.metric.text
    if interval.low is None:
        return f"{summary.design} {text(interval.mean)}"
    return f"{summary.design} {text(interval.mean)} ({text(interval.low)} to {text(interval.high)})"


def _difference_words(analysis: Analysis, contrast: Contrast) -> str:
    interval, text = contrast.t.interval, analysis.metric.text
    words = f"{contrast.candidate} against {contrast.reference} {text(interval.mean, signed=True)}"
    if interval.low is None:
        return words
    return f"{words} ({text(interval.low)} to {text(interval.high)})"
