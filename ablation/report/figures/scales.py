"""The axes of a metric: scores on its own range, distances by their root, differences around 0."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ablation.comparison import Analysis
from ablation.report.figures.drawing import QUIET, Spec, axis, bar, title

RATIO = (0.0, 1.0)
OVERLAPS = {"range": [-0.03, 1.03], "tickvals": [0, 0.2, 0.4, 0.6, 0.8, 1.0]}
STEPS = (1, 2, 5)
BEYOND = 1.1  # of the largest value, up to where an axis reaches
CLOSEST = 0.11  # of the axis, between two ticks


@dataclass(frozen=True, slots=True)
class Scale:
    """Where the scores of an analysis are drawn.

    A missed tumour is hundreds of millimetres away and a good boundary one: a root keeps both
    readable, and unlike a logarithm it has a place for 0.
    """

    name: str
    """The metric with its unit."""
    higher_is_better: bool
    bounds: tuple[float, float]
    """What scores cannot lie beyond; infinite where nothing is known."""
    root: bool
    largest: float
    penalties: tuple[float, float] | None

    def at(self, value: float) -> float:
        """Return where a score stands on the axis."""
        return math.sqrt(max(value, 0.0)) if self.root else value

    def values(self, along: str, values: Sequence[float | None]) -> Spec:
        """Return the coordinates of these scores on axis x or y, the scores themselves beside."""
        at = [None if value is None else self.at(value) for value in values]
        return {along: at, "customdata": list(values)} if self.root else {along: at}

    def column(self, along: str) -> dict[str, str]:
        """Return the attribute that holds the scores themselves, with the name of their column."""
        return {"customdata" if self.root else along: self.name}

    def hover(self, along: str, digits: int) -> str:
        """Return the score of a point as it stands in the text under the pointer."""
        return f"{self.name} %{{{'customdata' if self.root else along}:.{digits}f}}"

    def axis(self) -> Spec:
        """Return the axis; never a range that makes a difference look larger."""
        better = "higher" if self.higher_is_better else "lower"
        words = f"{self.name}, {better} is better" + (", root scale" if self.root else "")
        drawn = axis() | {"title": title(words)}
        if self.bounds == RATIO:
            return drawn | OVERLAPS
        if not self.root:
            return drawn | {"rangemode": "tozero"}
        top = self.at(self.largest) or 1.0
        ticks = _ticks(self.largest or 1.0)
        return drawn | {
            "range": [-0.03 * top, 1.06 * top],
            "tickvals": [self.at(tick) for tick in ticks],
            "ticktext": [f"{tick:g}" for tick in ticks],
        }

    def penalty(self, along: str) -> tuple[list[Spec], list[Spec]]:
        """Return (shapes, annotations) that mark what a missed tumour counts on axis x or y."""
        if self.penalties is None:
            return [], []
        low, high = (self.at(value) for value in self.penalties)
        across = "y" if along == "x" else "x"
        line: Spec = {"type": "line", "line": {"color": QUIET, "width": 1, "dash": "dot"}}
        ends: Spec = {f"{across}ref": "paper", f"{across}0": 0, f"{across}1": 1}
        lines = [line | ends | {f"{along}0": at, f"{along}1": at} for at in sorted({low, high})]
        text: Spec = {
            "text": "missed" if low < high else f"missed: {self.penalties[1]:.4g}",
            "showarrow": False,
            "font": {"size": 11, "color": QUIET},
            along: high,
            across: 0,
            f"{across}ref": "paper",
            "xanchor": "right" if along == "x" else "left",
            "yanchor": "bottom",
        }
        return lines, [text]


def scale(analysis: Analysis) -> Scale:
    """Return the scale of all scores of an analysis."""
    reached = [max(values) for values in analysis.scores.values() if values]
    largest = [*reached, *(analysis.penalties or ())]
    return Scale(
        name=analysis.label,
        higher_is_better=analysis.metric.higher_is_better,
        bounds=analysis.metric.bounds,
        root=analysis.metric.kind == "distance",
        largest=max(largest, default=1.0),
        penalties=analysis.penalties,
    )


@dataclass(frozen=True, slots=True)
class Differences:
    """Where oriented differences of an analysis are drawn, as far to both sides of 0.

    Beside the penalty of a missed tumour all other differences would be one point: then both
    sides are drawn by their root.
    """

    name: str
    root: bool
    reach: float

    def at(self, value: float) -> float:
        """Return where a difference stands on the axis."""
        return math.copysign(math.sqrt(abs(value)), value) if self.root else value

    def values(self, values: Sequence[float]) -> Spec:
        """Return the places of these differences, themselves beside."""
        at = [self.at(value) for value in values]
        return {"x": at, "customdata": list(values)} if self.root else {"x": at}

    @property
    def attribute(self) -> str:
        """What holds the differences themselves."""
        return "customdata" if self.root else "x"

    def bar(self, middle: float, low: float, high: float, colour: str, width: float) -> Spec:
        """Return an interval as the error bar of its middle."""
        return bar(self.at(middle), self.at(low), self.at(high), colour, width)

    def axis(self, words: str) -> Spec:
        """Return the axis under these words."""
        far = 1.08 * (self.at(self.reach) or 1.0)
        drawn = axis() | {
            "title": title(words + ("<br>root scale" if self.root else "")),
            "zeroline": True,
            "zerolinecolor": QUIET,
            "zerolinewidth": 1.5,
            "range": [-far, far],
        }
        if not self.root:
            return drawn | {"nticks": 5, "tickangle": 0}
        sizes = _ticks(self.reach, 0.4)
        ticks = [*(-size for size in reversed(sizes[1:])), *sizes]
        return drawn | {
            "tickvals": [self.at(tick) for tick in ticks],
            "ticktext": [f"{tick:g}" for tick in ticks],
            "tickangle": 0,
        }


def difference_scale(analysis: Analysis, values: Iterable[float | None]) -> Differences:
    """Return the scale with room for these differences and limits; None is none."""
    reach = max((abs(value) for value in values if value is not None), default=0.0)
    return Differences(analysis.label, analysis.penalties is not None and reach > 0, reach)


def _ticks(largest: float, closest: float = CLOSEST) -> list[float]:
    """0 and steps of 1, 2, 5 up to the largest value, none so close that its text would touch."""
    start = math.floor(math.log10(largest)) - 2
    steps = [step * 10.0**power for power in range(start, start + 4) for step in STEPS]
    kept: list[float] = []
    for tick in reversed([step for step in steps if step <= BEYOND * largest]):
        above = math.sqrt(kept[-1]) if kept else math.inf
        if min(above - math.sqrt(tick), math.sqrt(tick)) >= closest * math.sqrt(largest):
            kept.append(tick)
    return [0.0, *reversed(kept)]
