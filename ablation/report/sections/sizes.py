"""Does the difference depend on how large the tumour is, and how many lesions were found."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

import numpy as np

from ablation.comparison import Analysis, Comparison, Contrast, SizeEffect, Sizes, Stratum, p_text
from ablation.comparison.sizes import FEWEST, STRATA
from ablation.report.drawing import (
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
from ablation.report.html import folded, scroll, table
from ablation.report.pairs import named, shown, titled
from ablation.report.section import Section
from ablation.report.source import Source

MOST = 3  # comparisons with a figure each
STEPS = 30  # of the line's band
HEIGHT = 340
TREND_COLUMNS = ("comparison", "n", "per tenfold volume", "CI low", "CI high", "p")
STRATUM_COLUMNS = ("comparison", "tumour", "n", "mean difference", "CI low", "CI high")
LESION_COLUMNS = ("design", "lesions", "found", "missed", "false")
HINT = (
    "Size by the truth alone. A slope other than 0 says that the difference changes with the "
    "tumour; p is exploratory and not adjusted. Thirds of the patients carry an interval from 10 patients on."
)
SUBDIVIDED = (1, 2, 5)


def sizes(comparison: Comparison, source: Source) -> Section | None:  # noqa: ARG001
    """Return trends, thirds and lesion counts; nothing where the tables state none of them."""
    figures: list[Figure] = []
    body = left_out = ""
    for found in comparison.sizes:
        analysis = _primary(comparison, found)
        contrasts, left_out = shown(analysis, MOST) if _several(found) else ((), "")
        effects = {(e.candidate, e.reference): e for e in found.effects}
        for c in contrasts:
            effect = effects[c.candidate, c.reference]
            figure = size_plot(analysis, c, found, effect, f"size-{len(figures)}")
            figures.append(titled(comparison, analysis, figure))
        if found.effects:
            body += f"<h3>{escape(found.target)}</h3>" if len(comparison.sizes) > 1 else ""
            body += _tables(analysis, found)
    body += _lesions(comparison)
    if not body:
        return None
    hint = f"{HINT} Drawn: {left_out}" if left_out else HINT
    return Section(
        "sizes", "Size and number of lesions", hint if figures else "", body, tuple(figures)
    )


def _several(found: Sizes) -> bool:
    """Whether a line could be seen at all."""
    return sum(map(math.isfinite, found.volumes)) >= STRATA


def _primary(comparison: Comparison, sizes: Sizes) -> Analysis:
    return next(a for a in comparison.analyses if a.role == "primary" and a.target == sizes.target)


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
        "title": title(f"difference in {analysis.label}"),
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
            "color": [better[x > 0] if x else QUIET for x in d],
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
            f"third {_span(stratum)} {unit}",
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


def _span(stratum: Stratum) -> str:
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


def _tables(analysis: Analysis, found: Sizes) -> str:
    """Slopes and thirds of all comparisons."""
    text = analysis.metric.text

    def signed(*values: float | None) -> tuple[str, ...]:
        return tuple(text(value, signed=True) for value in values)

    slopes: list[tuple[str, ...]] = []
    thirds: list[tuple[str, ...]] = []
    for effect in found.effects:
        name, line = f"{effect.candidate} vs {effect.reference}", effect.trend
        if line is not None:
            limits = signed(line.slope, line.low, line.high)
            slopes.append((name, str(line.n), *limits, p_text(line.p)))
        for stratum in effect.strata:
            i, span = stratum.mean, f"{_span(stratum)} {found.unit}"
            thirds.append((name, span, str(i.n), *signed(i.mean, i.low, i.high)))
    columns: tuple[str, ...] = STRATUM_COLUMNS
    if not any(line[-1] for line in thirds):  # too few patients for any interval
        columns, thirds = columns[:-2], [line[:-2] for line in thirds]
    kept = [
        folded(table(columns, lines, {"comparison", "tumour"}), len(lines), heading)
        for columns, lines, heading in (
            (TREND_COLUMNS, slopes, f"All {len(slopes)} slopes"),
            (columns, thirds, f"Thirds of the patients, all {len(thirds)}"),
        )
        if lines
    ]
    return f'<div class="pair">{"".join(kept)}</div>'


def _lesions(comparison: Comparison) -> str:
    if not comparison.lesions:
        return ""
    several = len({row.target for row in comparison.lesions}) > 1
    lines = [
        (
            f"{row.target} {row.design}" if several else row.design,
            str(row.truth),
            str(row.found),
            str(row.truth - row.found),
            str(row.false),
        )
        for row in comparison.lesions
    ]
    hint = "Lesions: connected parts of the truth, over all patients and trainings; false: predicted parts that touch none."
    return f'<p class="hint below">{hint}</p>{scroll(table(LESION_COLUMNS, lines, {"design"}))}'
