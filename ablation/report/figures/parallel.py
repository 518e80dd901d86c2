"""Parallel coordinates: a line per trial through its parameters to its value."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ablation.report.figures.drawing import QUIET, Figure, Spec, axis, exported, layout
from ablation.report.material import Parameter, Study, Trial, Value

# Light to dark in one hue, so that it reads in grey too; the best trial stands out.
SHADES = ("#cfd9e5", "#a3b8d1", "#6f93bb", "#3a6ea5", "#0b3c6f")
BEST = "#D55E00"
HEIGHT = 320


def parallel(study: Study, id_: str) -> Figure | None:
    """Draw every trial that has a value; nothing with fewer than two of them."""
    names = [parameter.name for parameter in study.parameters]
    trials = [t for t in study.trials if t.value is not None and all(n in t.params for n in names)]
    if not names or len(trials) < 2:
        return None
    trials.sort(key=lambda trial: (trial.value or 0.0, -trial.number))
    axes = [_Axis(parameter, trials) for parameter in study.parameters]
    values = [trial.value or 0.0 for trial in trials]
    low, high = values[0], values[-1]
    heights = [
        [one.height(t) for one in axes] + [_share(t.value or 0.0, low, high)] for t in trials
    ]
    drawn = layout(HEIGHT)
    drawn["xaxis"] = axis() | {
        "tickvals": list(range(len(axes) + 1)),
        "ticktext": [*(name.replace(".", ".<br>") for name in names), "validation<br>Dice"],
        "range": [-0.4, len(axes) + 0.4],
        "zeroline": False,
        "gridcolor": "#b8c2cc",
    }
    drawn["yaxis"] = axis() | {"visible": False, "range": [-0.16, 1.16]}
    best = trials[-1]
    words = ", ".join(f"{name} {_text(best.params[name])}" for name in names)
    return Figure(
        id=id_,
        title=f"{study.name}: settings and their value",
        alternative=f"{len(trials)} trials of {study.name}, a line each, darker when better; the best "
        f"(orange, validation Dice {high:.3f}): {words}. Trials stopped early at their last value.",
        data=(*_lines(trials, heights), _ends(axes, low, high) | _table(study, trials)),
        layout=drawn,
        height=HEIGHT,
    )


class _Axis:
    """Where a parameter's values stand between 0 and 1."""

    def __init__(self, parameter: Parameter, trials: Sequence[Trial]) -> None:
        self.name = parameter.name
        values = [trial.params[parameter.name] for trial in trials]
        numbers = [value for value in values if not isinstance(value, str)]
        self.choices = (
            sorted({str(value) for value in values}) if len(numbers) < len(values) else []
        )
        positive = bool(numbers) and min(numbers) > 0
        self.scale: Callable[[float], float] = math.log if parameter.log and positive else float
        self.low = self.choices[0] if self.choices else min(numbers)
        self.high = self.choices[-1] if self.choices else max(numbers)

    def height(self, trial: Trial) -> float:
        value = trial.params[self.name]
        if self.choices:
            return _share(self.choices.index(str(value)), 0, len(self.choices) - 1)
        return _share(*(self.scale(float(x)) for x in (value, self.low, self.high)))


def _share(value: float, low: float, high: float) -> float:
    return 0.5 if high == low else (value - low) / (high - low)


def _lines(trials: Sequence[Trial], heights: Sequence[Sequence[float]]) -> list[Spec]:
    """One trace per shade, worst first, the best trial last and on top."""
    shades: list[list[int]] = [[] for _ in SHADES]
    for i, line in enumerate(heights[:-1]):
        shades[min(int(line[-1] * len(SHADES)), len(SHADES) - 1)].append(i)
    groups = [(colour, 1.6, own) for colour, own in zip(SHADES, shades, strict=True) if own]
    return [
        _trace(colour, width, [trials[i] for i in own], [heights[i] for i in own])
        for colour, width, own in (*groups, (BEST, 2.6, [len(trials) - 1]))
    ]


def _trace(
    colour: str, width: float, trials: Sequence[Trial], heights: Sequence[Sequence[float]]
) -> Spec:
    x: list[float | None] = []
    y: list[float | None] = []
    numbers: list[int] = []
    for trial, line in zip(trials, heights, strict=True):
        x += [*range(len(line)), None]
        y += [*(round(height, 4) for height in line), None]
        numbers += [trial.number] * (len(line) + 1)
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": y,
        "text": numbers,
        "hovertemplate": "trial %{text}<extra></extra>",
        "line": {"color": colour, "width": width},
    }


def _table(study: Study, trials: Sequence[Trial]) -> Spec:
    """The data file: a row per trial, with what its line passes through."""
    names = [parameter.name for parameter in study.parameters]
    rows = [
        [trial.number, *(trial.params[name] for name in names), trial.value] for trial in trials
    ]
    columns = ["trial", *names, "validation Dice"]
    return {"customdata": rows, **exported(study.name, customdata=columns)}


def _ends(axes: Sequence[_Axis], low: float, high: float) -> Spec:
    """The lowest and highest value of every axis, in words."""
    places = list(range(len(axes) + 1))
    return {
        "type": "scatter",
        "mode": "text",
        "x": [*places, *places],
        "y": [*[-0.09] * len(places), *[1.09] * len(places)],
        "text": [
            *(_text(one.low) for one in axes),
            f"{low:.3f}",
            *(_text(one.high) for one in axes),
            f"{high:.3f}",
        ],
        "textfont": {"size": 11, "color": QUIET},
        "hoverinfo": "skip",
    }


def _text(value: Value) -> str:
    return value if isinstance(value, str) else f"{value:.3g}"
