"""Differences over the size of the tumour, drawn: patients, line with band, means of thirds."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ablation.comparison import Analysis, Contrast, SizeEffect, Sizes, Stratum, p_text
from ablation.comparison.analysis.sizes import FEWEST, STRATA
from ablation.report.figures.drawing import (
    INK,
    QUIET,
    Figure,
    Spec,
    axis,
    bar,
    colours,
    exported,
    layout,
    point_size,
    title,
)
from ablation.report.figures.pairs import named

STEPS = 30  # of the line's band
HEIGHT = 340
LONGEST = 24  # letters of a name along the axis
SUBDIVIDED = (1, 2, 5)


def size_plot(
    analysis: Analysis, contrast: Contrast, found: Sizes, effect: SizeEffect, id_: str
) -> Figure:
    """Draw every patient's difference over the volume, line and band, means of thirds."""
    known = [i for i, volume in enumerate(found.volumes) if math.isfinite(volume)]
    volumes = [found.volumes[i] for i in known]
    drawn = layout(HEIGHT)
    drawn["xaxis"] = axis() | {
        "title": title(f"tumour volume by the truth ({found.unit}), log scale"),
        "type": "log",
        "zeroline": False,
        **_log_ticks(volumes),
    }
    drawn["yaxis"] = axis() | {
        "title": title(_above(analysis, contrast)),
        "zeroline": True,
        "zerolinecolor": QUIET,
        "zerolinewidth": 1.5,
    }
    traces = [*_line(effect, volumes), _points(analysis, contrast, known, volumes, found.unit)]
    if len(known) >= STRATA * FEWEST:
        traces += [_stratum(stratum, found.unit) for stratum in effect.strata]
    return Figure(
        id=id_,
        title=f"{named(contrast)}: {analysis.label} over tumour size",
        alternative=f"Difference in {analysis.label} of {len(known)} patients over tumour volume: "
        f"{_slope(analysis, effect)}.",
        data=tuple(traces),
        layout=drawn,
        height=HEIGHT,
    )


def _above(analysis: Analysis, contrast: Contrast) -> str:
    """Who is better above 0; without the name where it is too long for the axis."""
    above = contrast.candidate if analysis.metric.higher_is_better else contrast.reference
    first = "first" if analysis.metric.higher_is_better else "second"
    return f"{analysis.label}: {above if len(above) <= LONGEST else first} better →"


def _slope(analysis: Analysis, effect: SizeEffect) -> str:
    line = effect.trend
    if line is None:
        return "no slope can be fitted"
    text = analysis.metric.text
    return (
        f"{text(line.slope, signed=True)} per tenfold volume ({100 * line.level:g} % CI "
        f"{text(line.low)} to {text(line.high)}; p {p_text(line.p)}, not adjusted)"
    )


def _points(
    analysis: Analysis, contrast: Contrast, known: list[int], volumes: list[float], unit: str
) -> Spec:
    colour = colours(tuple(analysis.scores))
    better = {True: colour[contrast.candidate], False: colour[contrast.reference]}
    d = [contrast.d[i] for i in known]
    return {
        **exported(named(contrast), text="patient", x=f"volume ({unit})", y="difference"),
        "type": "scatter",
        "mode": "markers",
        "x": volumes,
        "y": d,
        "text": [analysis.patients[i] for i in known],
        "hovertemplate": f"%{{text}}<br>%{{x:.3g}} {unit}, %{{y:.{analysis.metric.digits}f}}<extra></extra>",
        "marker": {
            "size": point_size(len(d)) + 1,
            "color": [
                better[(x > 0) == analysis.metric.higher_is_better] if x else QUIET for x in d
            ],
            "opacity": 0.65,
        },
    }


def _line(effect: SizeEffect, volumes: list[float]) -> Iterator[Spec]:
    if effect.trend is None:
        return
    places = np.linspace(math.log10(min(volumes)), math.log10(max(volumes)), STEPS)
    middle, low, high = (limit.round(6).tolist() for limit in effect.trend.band(places))
    x = (10**places).tolist()
    quiet: Spec = {"type": "scatter", "mode": "lines", "hoverinfo": "skip"}
    yield quiet | {
        "x": [*x, *reversed(x)],
        "y": [*low, *reversed(high)],
        "fill": "toself",
        "fillcolor": "rgba(82,96,109,0.13)",
        "line": {"width": 0},
    }
    yield quiet | {
        **exported("line", x="volume", y="difference", customdata=("CI low", "CI high")),
        "x": x,
        "y": middle,
        "customdata": [list(limits) for limits in zip(low, high, strict=True)],
        "line": {"color": QUIET, "width": 2},
    }


def _stratum(stratum: Stratum, unit: str) -> Spec:
    """The mean of a third at the middle of its volumes; an interval only where it has one."""
    i = stratum.mean
    trace: Spec = {
        **exported(
            f"third {span(stratum)} {unit}",
            customdata=("mean difference", "CI low", "CI high"),
        ),
        "type": "scatter",
        "mode": "markers",
        "x": [math.sqrt(stratum.smallest * stratum.largest)],
        "y": [i.mean],
        "customdata": [[i.mean, i.low, i.high]],
        "marker": {"symbol": "diamond", "size": 11, "color": INK},
        "hoverinfo": "skip",
    }
    if i.low is not None and i.high is not None:
        trace["error_y"] = bar(i.mean, i.low, i.high, INK, 2.5)
    return trace


def span(stratum: Stratum) -> str:
    """Return the smallest and the largest volume of a third."""
    return f"{stratum.smallest:.3g} to {stratum.largest:.3g}"


def _log_ticks(volumes: list[float]) -> Spec:
    """Powers of ten with 2 and 5 between, which a reader can name."""
    low, high = math.log10(min(volumes)), math.log10(max(volumes))
    pad = 0.06 * (high - low) or 0.3
    powers = range(math.floor(low - pad), math.ceil(high + pad) + 1)
    ticks = [step * 10.0**power for power in powers for step in SUBDIVIDED]
    if high - low > 2:
        ticks = [10.0**power for power in powers]
    return {
        "range": [low - pad, high + pad],
        "tickvals": ticks,
        "ticktext": [f"{tick:g}" for tick in ticks],
    }
