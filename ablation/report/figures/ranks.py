"""Ranks drawn: the critical-difference diagram, and in how many resamples each rank occurs."""

from __future__ import annotations

from ablation.comparison import Analysis, Comparison, Ranking
from ablation.report.figures.drawing import (
    FRAME,
    GOES_ON,
    INK,
    Figure,
    Spec,
    axis,
    colours,
    downwards_axis,
    exported,
    heat_map,
    layout,
    longest_line,
    title,
    wrapped,
)
from ablation.report.figures.pairs import adjusted, counted

LETTER = 6.7  # pixels of a label
STEP, BAR = 26, 13  # pixels between labels, between bars
OVER = 0.05  # ranks that a bar reaches beyond its designs
TALL = 15  # pixels of a line of a label
LINE = 180  # pixels that the line of ranks has at least
SHADES = [[0, "#ffffff"], [1, "#76b0dd"]]


def critical_difference(
    comparison: Comparison, analysis: Analysis, ranking: Ranking, id_: str
) -> Figure:
    """Draw mean ranks on a line, bars below it over designs that are not separated.

    Bars from the planned comparisons, not Nemenyi's, whose verdict on two designs depends on the
    others (Benavoli et al. 2016).
    """
    ranks = dict(zip(ranking.designs, ranking.friedman.mean_ranks, strict=True))
    order = sorted(ranks, key=lambda name: (ranks[name], name))
    bars, half = ranking.groups.bars, (len(order) + 1) // 2
    first = BAR * len(bars) + 30  # pixels from the line to the uppermost label
    step = max(STEP, *(TALL * (wrapped(name).count(GOES_ON) + 1) for name in order))
    depth = first + step * (half - 1) + 14
    left, right = (_margin(names) for names in (order[:half], order[half:]))
    drawn = layout(depth + 66)
    drawn["margin"] = {"l": left, "r": right, "t": 58, "b": 8}
    drawn["xaxis"] = axis() | {
        "side": "top",
        "range": [1, len(order)],
        "tickvals": list(range(1, len(order) + 1)),
        "title": title("mean rank, 1 is the best"),
        "ticks": "inside",
        "ticklen": 7,
        "showgrid": False,
        "zeroline": False,
        "showline": True,
        "linecolor": INK,
        "linewidth": 1.5,
        "automargin": False,
    }
    drawn["yaxis"] = axis() | {"range": [-depth, 0], "visible": False}
    colour = colours(tuple(analysis.scores))
    traces = [_bar([ranks[str(name)] for name in bar], row) for row, bar in enumerate(bars)]
    labels: list[Spec] = []
    for place, name in enumerate(order):
        on_left = place < half
        row = place if on_left else len(order) - 1 - place
        level = -(first + step * row)
        end = 1 if on_left else len(order)
        traces.append(_leader(ranks[name], level, end, name, colour[name]))
        labels.append(_label(name, ranks[name], level, left=on_left))
    drawn["annotations"] = labels
    listed = ", ".join(f"{name} {ranks[name]:.2f}" for name in order)
    return Figure(
        id=id_,
        title=f"{analysis.label}: critical-difference diagram",
        alternative=f"Mean ranks: {listed}. {_bars_in_words(ranking)}",
        data=tuple(traces),
        layout=drawn,
        height=int(depth + 66),
        caption=_method(comparison, analysis, ranking),
        width=left + right + LINE,
    )


def _margin(names: list[str]) -> int:
    return 16 + int(LETTER * max(longest_line(name) + len(" 0.00") for name in names))


def _bar(members: list[float], row: int) -> Spec:
    return {
        **exported("not separated", customdata="mean rank"),
        "type": "scatter",
        "mode": "lines",
        "x": [min(members) - OVER, max(members) + OVER],
        "customdata": [min(members), max(members)],
        "y": [-(16 + BAR * row)] * 2,
        "line": {"color": INK, "width": 5},
        "hoverinfo": "skip",
    }


def _leader(rank: float, level: float, end: float, name: str, colour: str) -> Spec:
    """From the mean rank down to the label's level, and to the side."""
    return {
        **exported(name, customdata="mean rank"),
        "type": "scatter",
        "mode": "lines+markers",
        "x": [rank, rank, end],
        "y": [0, level, level],
        "customdata": [rank],
        "line": {"color": colour, "width": 1.6},
        "marker": {"size": [9, 0, 0], "color": colour, "opacity": 1},
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def _label(name: str, rank: float, level: float, *, left: bool) -> Spec:
    return {
        "x": 0 if left else 1,
        "xref": "paper",
        "xanchor": "right" if left else "left",
        "xshift": -6 if left else 6,
        "y": level,
        "text": f"{wrapped(name)} {rank:.2f}" if left else f"{rank:.2f} {wrapped(name)}",
        "showarrow": False,
        "font": {"size": 12, "color": INK},
    }


def _method(comparison: Comparison, analysis: Analysis, ranking: Ranking) -> str:
    reference = comparison.reference
    joined = (
        f"A bar joins {reference} and designs of which the planned comparisons with it call "
        "neither better; other pairs were not tested"
        if reference
        else "A bar joins designs of which none is called better than another"
    )
    words = (
        f"{joined} ({adjusted(analysis)}, {counted(analysis)}). That is not to say that they are "
        "alike."
    )
    if not ranking.groups.contiguous:
        words += " Some pair under no common bar is not separated either: see the table."
    return words


def _bars_in_words(ranking: Ranking) -> str:
    if not ranking.groups.bars:
        return "No design is joined with another."
    bars = "; ".join(", ".join(map(str, bar)) for bar in ranking.groups.bars)
    return f"Not separated by these data: {bars}."


def rank_heat_map(comparison: Comparison, analysis: Analysis, ranking: Ranking, id_: str) -> Figure:
    """Draw in how many draws of patients each design has each rank."""
    firm, by = ranking.stability, ranking.schemes
    order = sorted(range(len(ranking.designs)), key=lambda i: (by.mean_then_rank[i], i))
    places = list(range(1, len(order) + 1))
    share = [[firm.p_rank[i][place - 1] for place in places] for i in order]
    height = 50 + 34 * len(order)
    drawn = layout(height) | {"margin": FRAME}
    drawn["xaxis"] = axis() | {
        "title": title("rank by mean, 1 is the best"),
        "tickvals": places,
        "side": "top",
        "showgrid": False,
        "zeroline": False,
    }
    names = [f"{ranking.designs[i]}  {_interval(ranking, i)}" for i in order]
    drawn["yaxis"] = downwards_axis(names)
    trace: Spec = {
        **heat_map(SHADES, 0, 1),
        **exported("rank", y="design and interval of its rank", x="rank", z="share of draws"),
        "x": places,
        "y": list(range(len(order))),
        "z": share,
        "text": [[_percent(value) for value in line] for line in share],
        "texttemplate": "%{text}",
        "textfont": {"size": 11, "color": INK},
    }
    words = "; ".join(
        f"{ranking.designs[i]} rank {_interval(ranking, i)}, first in {100 * firm.p_first[i]:.0f} %"
        for i in order
    )
    return Figure(
        id=id_,
        title=f"{analysis.label}: how firm the order is",
        alternative=f"Ranks in draws of patients, {100 * comparison.level:g} % interval: {words}.",
        data=(trace,),
        layout=drawn,
        height=height,
        caption=f"Share of draws of patients in which a design has the rank, in per cent; beside "
        f"the name the {100 * comparison.level:g} % interval of its rank.",
    )


def _interval(ranking: Ranking, i: int) -> str:
    low, high = ranking.stability.rank_low[i], ranking.stability.rank_high[i]
    return str(low) if low == high else f"{low}-{high}"


def _percent(share: float) -> str:
    if 0 < share < 0.01:
        return "<1"
    return f"{100 * share:.0f}" if share else ""
