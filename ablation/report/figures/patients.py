"""Every patient: a line across the designs, and the differences within patients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ablation.comparison import Analysis, Contrast, Summary
from ablation.report.figures.drawing import (
    INK,
    QUIET,
    Figure,
    Spec,
    bar,
    colours,
    exported,
    layout,
    names_axis,
    pair,
    point_size,
    rows_axis,
)
from ablation.report.figures.pairs import better_side, counted, in_words, named, shown
from ablation.report.figures.scales import Differences, Scale, difference_scale, scale

WIDEST = 40  # letters below a figure on a phone
MOST = 6  # comparisons whose patients are all drawn


def patient_lines(analysis: Analysis, designs: tuple[str, ...], id_: str) -> Figure:
    """Draw a line per patient across the designs, with each design's mean and interval."""
    colour, on = colours(designs), scale(analysis)
    offsets = _mean_offsets(len(designs))
    means: list[Spec] = [
        _mean_marker(summary, position + offsets[position], colour[summary.design], analysis, on)
        for position, summary in enumerate(analysis.summaries)
    ]
    drawn = layout(360)
    drawn["xaxis"] = names_axis(designs)
    drawn["yaxis"] = on.axis()
    drawn["shapes"], drawn["annotations"] = on.penalty("y")
    words = "; ".join(_mean_words(analysis, summary) for summary in analysis.summaries)
    return Figure(
        id=id_,
        title=f"{analysis.label}: one {'line' if len(designs) > 1 else 'point'} per patient",
        alternative=f"{analysis.label} of {counted(analysis)}. Mean: {words}.",
        data=(_lines(analysis, designs, colour, on), *means),
        layout=drawn,
        height=360,
    )


def paired_differences(analysis: Analysis, level: float, id_: str) -> Figure:
    """Draw every patient's difference with mean and interval, a row per comparison."""
    contrasts, left_out = shown(analysis, MOST)
    height = max(360, 120 + 84 * len(contrasts))
    on = difference_scale(analysis, _drawn(contrasts))
    data: list[Spec] = []
    colour = colours(tuple(analysis.scores))
    for row, contrast in enumerate(reversed(contrasts)):
        data += _difference_row(analysis, contrast, row, colour, on)
    drawn = layout(height)
    drawn["xaxis"] = on.axis(_direction(analysis))
    drawn["yaxis"] = rows_axis([pair(c) for c in reversed(contrasts)], below=0.75, above=0.4)
    words = "; ".join(in_words(analysis, c) for c in contrasts)
    return Figure(
        id=id_,
        title=f"{analysis.label}: differences within patients",
        alternative=f"Differences within patients, mean and {100 * level:g} % interval: {words}.",
        data=tuple(data),
        layout=drawn,
        height=height,
        caption=left_out,
    )


def _lines(analysis: Analysis, designs: tuple[str, ...], colour: dict[str, str], on: Scale) -> Spec:
    """All patients as one trace; a gap ends each patient's line."""
    x: list[float | None] = []
    scores: list[float | None] = []
    names: list[str] = []
    shades: list[str] = []
    for i, patient in enumerate(analysis.patients):
        x += [*range(len(designs)), None]
        scores += [*(analysis.scores[name][i] for name in designs), None]
        names += [patient] * (len(designs) + 1)
        shades += [*(colour[name] for name in designs), "rgba(0,0,0,0)"]
    return {
        **exported("patients", text="patient", x="design", **on.column("y")),
        "type": "scatter",
        "mode": "lines+markers",
        "x": x,
        **on.values("y", scores),
        "text": names,
        "hovertemplate": f"%{{text}}<br>{on.hover('y', analysis.metric.digits)}<extra></extra>",
        "line": {"color": "rgba(82,96,109,0.35)", "width": 1.2},
        "marker": {"size": point_size(len(analysis.patients)), "color": shades, "opacity": 0.75},
    }


def _mean_offsets(count: int) -> list[float]:
    """Means stand beside the points: outside for two designs, else to the right."""
    return [-0.2, 0.2] if count == 2 else [0.2] * count


def _mean_marker(summary: Summary, x: float, colour: str, analysis: Analysis, on: Scale) -> Spec:
    interval = summary.interval
    marker: Spec = {
        **exported(f"{summary.design}, mean", customdata=("mean", "CI low", "CI high")),
        "type": "scatter",
        "mode": "markers",
        "x": [x],
        "y": [on.at(interval.mean)],
        "customdata": [[interval.mean, interval.low, interval.high]],
        "marker": {
            "symbol": "diamond",
            "size": 12,
            "color": colour,
            "line": {"color": "white", "width": 1},
        },
        "hovertemplate": f"{summary.design}, mean {analysis.metric.text(interval.mean)}<extra></extra>",
    }
    if interval.low is not None and interval.high is not None:
        middle, low, high = map(on.at, (interval.mean, interval.low, interval.high))
        marker["error_y"] = bar(middle, low, high, colour, 2.5)
    return marker


def _difference_row(
    analysis: Analysis, contrast: Contrast, row: int, colour: dict[str, str], on: Differences
) -> list[Spec]:
    """Patients below the row's middle in the colour of who is better; mean and interval on it."""
    interval, n = contrast.shown, contrast.n
    text = analysis.metric.text
    better = {True: colour[contrast.candidate], False: colour[contrast.reference]}
    name = named(contrast)
    points: Spec = {
        **exported(name, text="patient", **{on.attribute: "difference"}),
        "type": "scatter",
        "mode": "markers",
        **on.values(contrast.d),
        # Spread over seven lanes by order, so that equal differences stay apart.
        "y": [row - 0.18 - 0.05 * (i % 7) for i in range(n)],
        "text": list(analysis.patients),
        "hovertemplate": f"%{{text}}<br>%{{{on.attribute}:.{analysis.metric.digits}f}}<extra></extra>",
        "marker": {
            "size": point_size(n),
            "color": [
                better[(x > 0) == analysis.metric.higher_is_better] if x else QUIET
                for x in contrast.d
            ],
            "opacity": 0.7,
        },
    }
    mean: Spec = {
        **exported(f"{name}, mean", customdata=("mean", "CI low", "CI high")),
        "type": "scatter",
        "mode": "markers",
        "x": [on.at(interval.mean)],
        "y": [row],
        "customdata": [[interval.mean, interval.low, interval.high]],
        "marker": {"symbol": "diamond", "size": 13, "color": INK},
        "hovertemplate": f"{name}, mean {text(interval.mean, signed=True)}<extra></extra>",
    }
    if interval.low is not None and interval.high is not None:
        mean["error_x"] = on.bar(interval.mean, interval.low, interval.high, INK, 3)
    wide = contrast.simultaneous
    if contrast.family > 1 and wide.low is not None and wide.high is not None:
        thin = mean | {
            **exported(f"{name}, simultaneous", customdata=("mean", "CI low", "CI high")),
            "customdata": [[wide.mean, wide.low, wide.high]],
            "hoverinfo": "skip",
            "marker": {"size": 1, "color": INK},
        }
        thin["error_x"] = on.bar(wide.mean, wide.low, wide.high, INK, 1)
        return [points, thin, mean]
    return [points, mean]


def _drawn(contrasts: Sequence[Contrast]) -> Iterator[float | None]:
    """Every patient and every limit."""
    for contrast in contrasts:
        yield from contrast.d
        yield contrast.simultaneous.low
        yield contrast.simultaneous.high


def _direction(analysis: Analysis) -> str:
    """Which side of 0 speaks for whom."""
    only = analysis.contrasts[0]
    sides = (only.reference, only.candidate)[:: analysis.metric.sign]
    words = f"← {sides[0]} better   {analysis.label}   {sides[1]} better →"
    if len(analysis.contrasts) > 1 or len(words) > WIDEST:
        return better_side(analysis)
    return words


def _mean_words(analysis: Analysis, summary: Summary) -> str:
    interval, text = summary.interval, analysis.metric.text
    if interval.low is None:
        return f"{summary.design} {text(interval.mean)}"
    return f"{summary.design} {text(interval.mean)} ({text(interval.low)} to {text(interval.high)})"
