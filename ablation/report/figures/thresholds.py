"""Dice, and precision against recall, over all thresholds of the finals, on validation patients."""

from __future__ import annotations

from collections.abc import Sequence

from ablation.report.figures.drawing import Figure, Spec, axis, exported, layout, title
from ablation.report.material import Cut, Thresholds

CLOSE = 0.01
"""Dice below the best that still counts as the same height."""
NAMED = 4
"""Finals whose numbers a caption names; the table has those of all."""
FLAT = 0.2
"""Width of that range from which a curve is called flat."""


def plateau(cuts: Sequence[Cut]) -> tuple[float, float] | None:
    """Return the thresholds around the best one whose Dice is within 0.01 of it, end to end."""
    known = [cut.dice for cut in cuts]
    heights = [-1.0 if dice is None else dice for dice in known]
    if max(heights) < 0:
        return None
    first = last = heights.index(max(heights))
    lowest = max(heights) - CLOSE
    while first > 0 and heights[first - 1] >= lowest:
        first -= 1
    while last < len(cuts) - 1 and heights[last + 1] >= lowest:
        last += 1
    return cuts[first].threshold, cuts[last].threshold


def precision_recall(cut: Cut) -> tuple[float, float] | None:
    """Return (precision, recall) of all validation voxels together; None where one is 0/0."""
    if cut.voxels is None:
        return None
    tp, fp, fn = cut.voxels
    return (tp / (tp + fp), tp / (tp + fn)) if tp + fp and tp + fn else None


def dice_curves(searched: Sequence[Thresholds], colour: dict[str, str]) -> Figure:
    """Draw the mean validation Dice over the thresholds of every final, the chosen one marked."""
    data: list[Spec] = []
    columns = {"x": "threshold", "y": "validation Dice"}
    for one in searched:
        label = f"{one.run}<br>threshold %{{x}}: %{{y:.3f}}<extra></extra>"
        cuts = [(cut.threshold, cut.dice) for cut in one.cuts]
        data += [
            _curve(cuts, colour[one.design], label) | exported(one.run, **columns),
            _mark((one.chosen.threshold, one.chosen.dice), colour[one.design], label)
            | exported(f"{one.run}, chosen", **columns),
        ]
    drawn = layout(340)
    drawn["xaxis"] = axis() | {"title": title("threshold"), "range": [0, 1]}
    drawn["yaxis"] = axis() | {"title": title("validation Dice"), "rangemode": "tozero"}
    words = "; ".join(f"{one.run} {one.chosen.threshold:g} ({shape(one)})" for one in searched)
    what = "Mean Dice of the validation patients over thresholds."
    cleaned = "A diamond off its curve: the masks were cleaned as well."
    return Figure(
        id="thresholds-dice",
        title="Dice over thresholds",
        alternative=f"{what} Chosen (diamonds): {words}. {cleaned}",
        caption=_short(searched, f"{what} Diamonds: chosen. {cleaned}"),
        data=tuple(data),
        layout=drawn,
        height=340,
    )


def precision_recall_curves(
    searched: Sequence[Thresholds], colour: dict[str, str]
) -> Figure | None:
    """Draw precision against recall of every final; nothing where no counts are on record."""
    data: list[Spec] = []
    said = []
    for one in searched:
        points = [(point, cut) for cut in one.cuts if (point := precision_recall(cut))]
        chosen = precision_recall(one.chosen)
        if not points or chosen is None:
            continue
        label = f"{one.run}<br>recall %{{x:.3f}}, precision %{{y:.3f}}"
        curve = _curve([(r, p) for (p, r), _ in points], colour[one.design], "")
        curve |= {
            "text": [f"threshold {cut.threshold:g}" for _, cut in points],
            "hovertemplate": f"{label}<br>%{{text}}<extra></extra>",
            "customdata": [cut.threshold for _, cut in points],
            **exported(one.run, customdata="threshold", x="recall", y="precision"),
        }
        mark = _mark((chosen[1], chosen[0]), colour[one.design], f"{label}<extra></extra>")
        mark |= {"customdata": [one.chosen.threshold]}
        mark |= exported(f"{one.run}, chosen", customdata="threshold", x="recall", y="precision")
        data += [curve, mark]
        said.append(f"{one.run} recall {chosen[1]:.3f}, precision {chosen[0]:.3f}")
    if not data:
        return None
    what = "All voxels of the validation patients together, a point per threshold."
    drawn = layout(340)
    drawn["xaxis"] = axis() | {"title": title("recall"), "range": [-0.03, 1.03]}
    drawn["yaxis"] = axis() | {"title": title("precision"), "range": [-0.03, 1.03]}
    return Figure(
        id="precision-recall",
        title="Precision against recall",
        alternative=f"{what} Chosen (diamonds): {'; '.join(said)}.",
        caption=_short(searched, f"{what} Diamonds: chosen."),
        data=tuple(data),
        layout=drawn,
        height=340,
    )


def _short(searched: Sequence[Thresholds], text: str) -> str:
    """The text as a caption, where to name every final would be too long."""
    return text if len(searched) > NAMED else ""


def _curve(points: Sequence[tuple[float, float | None]], colour: str, label: str) -> Spec:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [x for x, _ in points],
        "y": [y for _, y in points],
        "line": {"color": colour, "width": 2},
        "opacity": 0.8,
        "hovertemplate": label,
    }


def _mark(point: tuple[float, float | None], colour: str, label: str) -> Spec:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [point[0]],
        "y": [point[1]],
        "marker": {
            "symbol": "diamond",
            "size": 11,
            "color": colour,
            "line": {"color": "white", "width": 1},
        },
        "hovertemplate": label,
    }


def shape(one: Thresholds) -> str:
    """Tell flat, peaked, or chosen at an edge of what was tried."""
    around = plateau(one.cuts)
    if around is None:
        return "no validation patient with a tumour"
    if one.chosen.threshold in (one.cuts[0].threshold, one.cuts[-1].threshold):
        return "at the edge"
    return "flat" if round(around[1] - around[0], 9) >= FLAT else "peaked"
