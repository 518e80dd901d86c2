"""Every design against every other, as a square: difference and adjusted p in each cell."""

from __future__ import annotations

from ablation.comparison import Analysis, Contrast, p_text
from ablation.report.figures.drawing import (
    FRAME,
    INK,
    QUIET,
    Figure,
    Spec,
    axis,
    downwards_axis,
    exported,
    heat_map,
    layout,
    wrapped,
)
from ablation.report.figures.pairs import adjusted, counted, in_words

CELL, LEFT = 54, 120  # pixels
SMALL = 6  # designs beyond which the text of a cell is set smaller
# Orange to blue stays apart with every kind of colour vision; the ends leave dark text readable.
SHADES = [[0, "#e9a15b"], [0.5, "#ffffff"], [1, "#76b0dd"]]


def pairwise_matrix(analysis: Analysis, designs: tuple[str, ...], id_: str) -> Figure:
    """Draw the cells of all planned comparisons, each in both directions."""
    height = 46 + max(48, 420 // len(designs)) * len(designs)
    cells = _cells(analysis, designs)
    shift = [
        [analysis.metric.sign * cells[a, b][0] if (a, b) in cells else None for b in designs]
        for a in designs
    ]
    largest = max((abs(value) for value, _ in cells.values()), default=0.0) or 1.0
    drawn = layout(height) | {"margin": FRAME}
    places: Spec = {
        "tickvals": list(range(len(designs))),
        "ticktext": [wrapped(name) for name in designs],
    }
    drawn["xaxis"] = axis() | places | {"side": "top", "showgrid": False, "zeroline": False}
    drawn["yaxis"] = downwards_axis(designs)
    drawn["annotations"] = [
        _text(designs, a, b, words, INK) for (a, b), (_, words) in cells.items()
    ] + [
        _text(designs, s.design, s.design, _mean(analysis, s.interval.mean), QUIET)
        for s in analysis.summaries
    ]
    words = "; ".join(
        f"{in_words(analysis, c)}{_p(c.p_adjusted, ', adjusted p ')}" for c in analysis.contrasts
    )
    trace: Spec = {
        **heat_map(SHADES, -largest, largest),
        **exported(
            "row vs column",
            y="row",
            x="column",
            z="Hodges-Lehmann shift, above 0: row better",
            text="difference and p",
        ),
        "x": list(range(len(designs))),
        "y": list(range(len(designs))),
        "z": shift,
        "text": [[cells[a, b][1] if (a, b) in cells else "" for b in designs] for a in designs],
        "zmid": 0,
    }
    return Figure(
        id=id_,
        title=f"{analysis.label}: row against column ({analysis.role})",
        alternative=f"Differences in {analysis.label}: {words}.",
        data=(trace,),
        layout=drawn,
        height=height,
        caption=f"{counted(analysis)}; {adjusted(analysis)}. {_better_row(analysis)}",
        width=LEFT + CELL * len(designs),
    )


def _better_row(analysis: Analysis) -> str:
    side = "above" if analysis.metric.higher_is_better else "below"
    return f"A number is the row's mean minus the column's: {side} 0 the row is better."


def _cells(
    analysis: Analysis, designs: tuple[str, ...]
) -> dict[tuple[str, str], tuple[float, str]]:
    """(row, column) to (shift, text), in the order of the designs."""
    both = [(c, c.candidate, c.reference, 1) for c in analysis.contrasts]
    both += [(c, c.reference, c.candidate, -1) for c in analysis.contrasts]
    found = {(row, column): _cell(analysis, c, sign) for c, row, column, sign in both}
    return {(a, b): found[a, b] for a in designs for b in designs if (a, b) in found}


def _cell(analysis: Analysis, contrast: Contrast, sign: int) -> tuple[float, str]:
    mean = analysis.metric.texts(sign * contrast.shown.mean, signed=True)[0]
    p = "p " if len(analysis.scores) <= SMALL else ""
    ahead = sign * contrast.shift.estimate if contrast.called_better else 0.0
    return ahead + 0.0, mean + _p(contrast.p_adjusted, f"<br>{p}")


def _p(p: float | None, before: str) -> str:
    return "" if p is None else before + p_text(p).replace("<", "< ")


def _mean(analysis: Analysis, value: float) -> str:
    return analysis.metric.text(value)


def _text(designs: tuple[str, ...], row: str, column: str, words: str, colour: str) -> Spec:
    return {
        "x": designs.index(column),
        "y": designs.index(row),
        "text": words,
        "showarrow": False,
        "font": {"size": 11 if len(designs) <= SMALL else 10, "color": colour},
    }
