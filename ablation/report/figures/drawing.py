"""What every figure of a report shares: colours, axes, layout (plotly's own description, as dicts)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ablation.comparison import Contrast

# Okabe & Ito 2008, a dark red for its yellow: told apart with every kind of colour vision.
# A design keeps its colour.
PALETTE = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7"),
    *("#E69F00", "#56B4E9", "#4D4D4D", "#661100"),
)
INK, QUIET, LINE = "#1f2933", "#52606d", "#d9dee4"
FONT = {
    "family": "system-ui, -apple-system, Segoe UI, Roboto, sans-serif",
    "size": 13,
    "color": INK,
}

LETTER = 7  # pixels
FRAME = {"l": 20, "r": 16, "t": 40, "b": 10}
"""Margins of a figure with its axes on top."""
ABREAST = 34  # letters of a figure's width on a phone
LINE_OF_NAME = 20  # letters of a name before it goes on in the next line
GOES_ON = "\u200b<br>"
"""A line break within a name: what saves the data of a figure takes it out again."""

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
    caption: str = ""
    """What stands below it where the words of the alternative are too many; "" for these."""
    width: int = 0
    """Pixels below which it is scrolled sideways instead of made narrower."""
    target: str = ""
    """What it is about, where the report has several."""


def wrapped(name: str) -> str:
    """Return a name in lines that leave room for the drawing, broken behind a separator if it can.

    >>> wrapped("unet"), wrapped("swin_unetr_pretrained_elsewhere").split(GOES_ON)
    ('unet', ['swin_unetr_', 'pretrained_elsewhere'])
    """
    lines, rest = [], name
    while len(rest) > LINE_OF_NAME:
        part = rest[:LINE_OF_NAME]
        at = max(part.rfind(sign) for sign in " _-./") + 1
        at = at if at > LINE_OF_NAME // 3 else LINE_OF_NAME
        lines.append(rest[:at])
        rest = rest[at:]
    return GOES_ON.join([*lines, rest])


_MARKUP = re.compile(r"<(?!br>|/?extra>)|&(?=#?\w+;)")
"""What plotly would read as markup and we have not written: names hold it."""
_ENTITIES = {"<": "&lt;", "&": "&amp;"}


def without_markup(value: object) -> object:
    """Return a part of a figure in which no name is markup to plotly.

    >>> without_markup({"name": "<a href='x'>unet</a>", "text": ["a<br>b"]})
    {'name': "&lt;a href='x'>unet&lt;/a>", 'text': ['a<br>b']}
    """
    if isinstance(value, str):
        return _MARKUP.sub(lambda found: _ENTITIES[found.group()], value)
    if isinstance(value, Mapping):
        return {key: without_markup(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_markup(item) for item in value]
    return value


def longest_line(name: str) -> int:
    """Return the letters of the longest line of a wrapped name."""
    return max(map(len, wrapped(name).split(GOES_ON)))


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


def exported(series: str, **columns: str | Sequence[str]) -> Spec:
    """Return the entries of a trace whose points stand in the figure's data file.

    Args:
        series: Name of the trace, the first column of its rows.
        columns: Column of each attribute that is written, such as x="Dice"; several for
            customdata that holds several numbers a point.
    """
    return {"name": series, "meta": columns}


def names_axis(names: Sequence[str]) -> Spec:
    """Return an axis of columns 0, 1, ..., slanted where the names would touch on a phone."""
    crowded = len(names) * max(map(longest_line, names), default=0) > ABREAST
    return axis() | {
        "tickvals": list(range(len(names))),
        "ticktext": [wrapped(name) for name in names],
        "range": [-0.55, len(names) - 0.45],
        "tickangle": -35 if crowded else 0,
        "ticklabeloverflow": "allow",
        "showgrid": False,
        "zeroline": False,
    }


def counting_axis(text: str, most: int) -> Spec:
    """Return a titled axis of whole numbers up to `most`."""
    every: Spec = {"dtick": 1} if most <= 10 else {"tickformat": "d"}
    return axis() | {"title": title(text), "zeroline": False} | every


def rows_axis(names: Sequence[str], below: float = 0.5, above: float = 0.5) -> Spec:
    """Return an axis of rows 0, 1, ... from the bottom, named."""
    return axis() | {
        "tickvals": list(range(len(names))),
        "ticktext": list(names),
        "range": [-below, len(names) - 1 + above],
        "showgrid": False,
        "zeroline": False,
    }


def downwards_axis(names: Sequence[str]) -> Spec:
    """Return an axis of rows 0, 1, ... from the top, named."""
    return axis() | {
        "tickvals": list(range(len(names))),
        "ticktext": [wrapped(name) for name in names],
        "autorange": "reversed",
        "showgrid": False,
        "zeroline": False,
    }


def heat_map(shades: Sequence[Sequence[object]], low: float, high: float) -> Spec:
    """Return what all heat maps share; shades are plotly's colorscale from low to high."""
    return {
        "type": "heatmap",
        "colorscale": shades,
        "zmin": low,
        "zmax": high,
        "xgap": 2,
        "ygap": 2,
        "showscale": False,
        "hoverinfo": "skip",
    }


def point_size(count: int) -> int:
    """Return the size of a patient's point, in pixels, that leaves so many apart."""
    return 7 if count <= 60 else 5 if count <= 200 else 4


def pair(contrast: Contrast) -> str:
    """Return the name of a comparison on two lines, long names on more."""
    return f"{wrapped(contrast.candidate)}<br>vs {wrapped(contrast.reference)}"
