"""What every figure of a report shares: colours, axes, layout (plotly's own description, as dicts)."""

from __future__ import annotations

from dataclasses import dataclass

from ablation.comparison import Analysis, Contrast

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


def axis() -> Spec:
    """Return an axis that a finger on a phone does not move."""
    return {
        "fixedrange": True,
        "gridcolor": LINE,
        "zerolinecolor": LINE,
        "linecolor": LINE,
        "ticks": "",
        "automargin": True,
    }


def layout(height: int) -> Spec:
    """Return the layout of a figure of this height in pixels."""
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


def title(text: str) -> Spec:
    """Return the title of an axis."""
    return {"text": text, "font": {"size": 13, "color": QUIET}, "standoff": 10}


def bar(middle: float, low: float, high: float, colour: str, width: float) -> Spec:
    """Return the interval of one point as an error bar."""
    return {
        "type": "data",
        "symmetric": False,
        "array": [high - middle],
        "arrayminus": [middle - low],
        "color": colour,
        "thickness": width,
        "width": 0,
    }


def score_range(analysis: Analysis) -> Spec:
    """The metric's own range, never one that makes a difference look larger."""
    if analysis.metric.kind in ("overlap", "background"):
        return {"range": [-0.03, 1.03], "tickvals": [0, 0.2, 0.4, 0.6, 0.8, 1.0]}
    return {"rangemode": "tozero"}


def pair(contrast: Contrast) -> str:
    """Return the name of a comparison on two lines."""
    return f"{contrast.candidate}<br>vs {contrast.reference}"
