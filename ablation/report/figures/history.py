"""The trials of a design in the order of their start, and the best so far."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

from ablation.report.figures.drawing import (
    QUIET,
    Figure,
    Spec,
    axis,
    counting_axis,
    exported,
    layout,
    title,
)
from ablation.report.material import Study, Trial


def history(design: str, studies: Sequence[Study], colour: str, id_: str) -> Figure:
    """Draw the value of every trial and the best so far, a line per study."""
    data: list[Spec] = []
    for study in studies:
        data += _history_of(study, colour)
    drawn = layout(320)
    last = max((trial.number for study in studies for trial in study.trials), default=0)
    drawn["xaxis"] = counting_axis("trial", last)
    drawn["yaxis"] = axis() | {"title": title("validation Dice"), "rangemode": "tozero"}
    return Figure(
        id=id_,
        title=f"{design}: trials",
        alternative=f"{' '.join(map(_history_words, studies))} {_legend(studies)}",
        data=tuple(data),
        layout=drawn,
        height=320,
    )


def _history_of(study: Study, colour: str) -> Iterator[Spec]:
    marks = {
        "complete": {"size": 8, "color": colour, "opacity": 0.75},
        "pruned": {"size": 8, "color": QUIET, "symbol": "x-thin-open"},
        "failed": {"size": 9, "color": QUIET, "symbol": "triangle-up"},
    }
    for state, marker in marks.items():
        own = [t for t in study.trials if t.state == state]
        if own:
            yield {
                "type": "scatter",
                "mode": "markers",
                "x": [trial.number for trial in own],
                "y": [0.0 if state == "failed" else trial.value for trial in own],
                "hovertemplate": _hover(study, state),
                "marker": marker,
                "customdata": [_settings(study, trial) for trial in own],
                **exported(f"{study.name}, {state}", x="trial", **_columns(study, state)),
            }
    complete = study.complete
    if complete:
        yield {
            "type": "scatter",
            "mode": "lines",
            "x": [trial.number for trial in complete],
            "y": list(accumulate((trial.value or 0.0 for trial in complete), max)),
            "line": {"color": colour, "width": 2, "shape": "hv"},
            "hoverinfo": "skip",
        }


def _settings(study: Study, trial: Trial) -> list[float | str | None]:
    return [trial.params.get(parameter.name) for parameter in study.parameters]


def _columns(study: Study, state: str) -> dict[str, str | list[str]]:
    """Columns of the data file; where a failed trial is drawn is not its value."""
    value: dict[str, str | list[str]] = {} if state == "failed" else {"y": "validation Dice"}
    return value | {"customdata": [parameter.name for parameter in study.parameters]}


def _hover(study: Study, state: str) -> str:
    value = "" if state == "failed" else ", %{y:.3f}"
    settings = "".join(
        f"<br>{parameter.name} %{{customdata[{n}]{_digits(study, parameter.name)}}}"
        for n, parameter in enumerate(study.parameters)
    )
    return f"{study.name}, trial %{{x}} {state}{value}{settings}<extra></extra>"


def _digits(study: Study, parameter: str) -> str:
    """Three digits of numbers; names are shown as they are."""
    values = [trial.params.get(parameter) for trial in study.trials]
    return "" if any(isinstance(value, str) for value in values) else ":.3g"


def _legend(studies: Sequence[Study]) -> str:
    words = {
        "complete": "circles: complete",
        "pruned": "crosses: stopped early, at their last value",
        "failed": "triangles: failed",
    }
    states = {trial.state for study in studies for trial in study.trials}
    return "; ".join(["Line: best so far", *(words[s] for s in words if s in states)]) + "."


def _history_words(study: Study) -> str:
    counts = [
        f"{sum(t.state == state for t in study.trials)} {word}"
        for state, word in (
            ("complete", "complete"),
            ("pruned", "stopped early"),
            ("failed", "failed"),
        )
        if any(t.state == state for t in study.trials)
    ]
    best = max(study.complete, key=lambda trial: trial.value or 0.0, default=None)
    found = "" if best is None else f", the best trial {best.number} with {best.value:.3f}"
    return f"{study.name}: {', '.join(counts) or 'no trial has ended'}{found}."
