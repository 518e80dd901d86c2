"""How the designs were tuned: trials, what more of them would bring, which parameters mattered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

import numpy as np

from ablation.comparison import Comparison
from ablation.config import known_keys
from ablation.report.drawing import QUIET, Figure, Spec, axis, colours, layout, title
from ablation.report.html import bullets, scroll, table
from ablation.report.material import Study, Trial
from ablation.report.section import Section
from ablation.report.sections.parallel import parallel
from ablation.report.source import Source
from ablation.statistics import TuningCurve, stream, tuning_curve

HINT = (
    "Everything here is about validation patients: it explains how the settings were found and is "
    "no evidence for one design over another."
)
METHODS = (("PED-ANOVA", "circle"), ("fANOVA", "diamond-open"))
STEADY = 50
"""Trials from which the best tenth holds the five that its authors ask for."""


def tuning(comparison: Comparison, source: Source) -> Section | None:
    """Return the studies behind the designs; nothing for tables given by hand."""
    studies = source.material.studies
    if not studies:
        return None
    colour = colours(comparison.designs)
    drawn = [_curves(comparison, studies, colour)]
    for number, (design, own) in enumerate(_by_design(studies).items()):
        drawn.append(history(design, own, colour[design], f"history-{number}"))
        drawn += [
            figure
            for n, study in enumerate(own)
            if (figure := parallel(study, f"parallel-{number}-{n}")) is not None
        ]
    drawn.append(importances(studies, colour))
    return Section(
        "tuning",
        "Tuning",
        hint=HINT,
        body=bullets(_remarks(studies), "notes") + _searched(studies),
        figures=tuple(figure for figure in drawn if figure is not None),
    )


def history(design: str, studies: Sequence[Study], colour: str, id_: str) -> Figure:
    """Draw the value of every trial and the best so far, a line per study."""
    data: list[Spec] = []
    for study in studies:
        data += _history_of(study, colour)
    drawn = layout(320)
    drawn["xaxis"] = axis() | {"title": title("trial"), "zeroline": False, "tickformat": "d"}
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
                "text": [_trial_words(study, trial) for trial in own],
                "hovertemplate": "%{text}<extra></extra>",
                "marker": marker,
            }
    complete = [t for t in study.trials if t.state == "complete" and t.value is not None]
    if complete:
        yield {
            "type": "scatter",
            "mode": "lines",
            "x": [trial.number for trial in complete],
            "y": list(accumulate((trial.value or 0.0 for trial in complete), max)),
            "line": {"color": colour, "width": 2, "shape": "hv"},
            "hoverinfo": "skip",
        }


def _trial_words(study: Study, trial: Trial) -> str:
    value = "" if trial.value is None else f", {trial.value:.3f}"
    params = "".join(f"<br>{key} {_short(value)}" for key, value in trial.params.items())
    return f"{study.name}, trial {trial.number} {trial.state}{value}{params}"


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.3g}"


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
    best = max(_complete(study), key=lambda trial: trial.value or 0.0, default=None)
    found = "" if best is None else f", the best trial {best.number} with {best.value:.3f}"
    return f"{study.name}: {', '.join(counts) or 'no trial has ended'}{found}."


def _complete(study: Study) -> list[Trial]:
    return [t for t in study.trials if t.state == "complete" and t.value is not None]


def _curves(
    comparison: Comparison, studies: Sequence[Study], colour: Mapping[str, str]
) -> Figure | None:
    """Draw the expected best validation Dice after k trials of every design."""
    seed = int(str(comparison.settings["seed"]))
    found = {
        design: tuning_curve(values, stream(seed, f"tuning {design}"), level=comparison.level)
        for design, own in _by_design(studies).items()
        if (values := [np.array(_values(study)) for study in own if _values(study)])
    }
    if not any(len(curve.mean) > 1 for curve in found.values()):
        return None
    data = [spec for design, curve in found.items() for spec in _band(design, curve, colour)]
    drawn = layout(320)
    drawn["xaxis"] = axis() | {"title": title("trials"), "zeroline": False, "tickformat": "d"}
    drawn["yaxis"] = axis() | {"title": title("validation Dice, axis not from 0")}
    words = "; ".join(
        f"{design} {curve.mean[0]:.3f} after 1, {curve.mean[-1]:.3f} after {len(curve.mean)}"
        for design, curve in found.items()
    )
    banded = any(curve.low is not None for curve in found.values())
    band = f" Band: {100 * comparison.level:g} % of resampled trials." if banded else ""
    return Figure(
        id="tuning-curves",
        title="Expected best after so many trials",
        alternative=f"Expected best validation Dice: {words}. Trials in random order (Dodge et al. "
        f"2019, unbiased after Tang et al. 2020); those stopped early at their last value.{band}",
        data=tuple(data),
        layout=drawn | {"showlegend": len(found) > 1, "legend": {"orientation": "h", "y": 1.12}},
        height=320,
    )


def _values(study: Study) -> list[float]:
    return [t.value for t in study.trials if t.value is not None and t.state != "failed"]


def _band(design: str, curve: TuningCurve, colour: Mapping[str, str]) -> Iterator[Spec]:
    k = list(range(1, len(curve.mean) + 1))
    shared: Spec = {"type": "scatter", "legendgroup": design, "name": design}
    if curve.low is not None and curve.high is not None:
        yield shared | {
            "x": [*k, *reversed(k)],
            "y": [*curve.high, *reversed(curve.low)],
            "mode": "lines",
            "fill": "toself",
            "fillcolor": colour[design],
            "opacity": 0.16,
            "line": {"width": 0},
            "hoverinfo": "skip",
            "showlegend": False,
        }
    yield shared | {
        "x": k,
        "y": list(curve.mean),
        "mode": "lines+markers" if len(k) < 3 else "lines",
        "line": {"color": colour[design], "width": 2},
        "hovertemplate": f"{design}, %{{x}} trials: %{{y:.3f}}<extra></extra>",
    }


def importances(studies: Sequence[Study], colour: Mapping[str, str]) -> Figure | None:
    """Draw the share of every parameter, a mark per study and method."""
    known = [study for study in studies if study.importance]
    if not known:
        return None
    rows = sorted(
        {name for study in known for shares in study.importance.values() for name in shares}
    )
    rows.reverse()
    data = [
        _marks(study, method, symbol, rows, 0.36 - 0.72 * (n + 0.5) / len(known), colour)
        for n, study in enumerate(known)
        for method, symbol in METHODS
        if method in study.importance
    ]
    height = max(240, 90 + len(rows) * max(34, 16 * len(known)))
    drawn = layout(height)
    drawn["xaxis"] = axis() | {
        "title": title("exploratory tuning importance"),
        "range": [-0.03, 1.03],
        "tickformat": ".0%",
    }
    drawn["yaxis"] = axis() | {
        "tickvals": list(range(len(rows))),
        "ticktext": rows,
        "range": [-0.6, len(rows) - 0.4],
        "zeroline": False,
    }
    return Figure(
        id="importance",
        title="Exploratory tuning importance",
        alternative=f"{' '.join(map(_importance_words, known))} Circles: PED-ANOVA, what sets the "
        "best tenth of the trials apart; diamonds: fANOVA, share of the variance over all trials. "
        "Within this search space, without patient uncertainty: no contribution of a component.",
        data=tuple(data),
        layout=drawn,
        height=height,
    )


def _marks(
    study: Study,
    method: str,
    symbol: str,
    rows: Sequence[str],
    lane: float,
    colour: Mapping[str, str],
) -> Spec:
    shares = study.importance[method]
    words = known_keys()
    return {
        "type": "scatter",
        "mode": "markers",
        "x": list(shares.values()),
        "y": [rows.index(name) + lane for name in shares],
        "text": [f"{study.name}, {method}<br>{name}: {words.get(name, '')}" for name in shares],
        "hovertemplate": "%{text}<br>%{x:.0%}<extra></extra>",
        "marker": {
            "size": 10,
            "symbol": symbol,
            "color": colour[study.design],
            "line": {"width": 2},
        },
    }


def _importance_words(study: Study) -> str:
    said = []
    for method, shares in study.importance.items():
        first = max(shares, key=lambda name: (shares[name], name))
        said.append(f"{method} puts {first} first ({shares[first]:.0%})")
    return f"{study.name}: {', '.join(said)}."


def _remarks(studies: Sequence[Study]) -> list[str]:
    """What is not shown, and how far to trust what is."""
    said = [
        f"No tuning importance of {study.name}: {study.reason}."
        for study in studies
        if not study.importance
    ]
    said += [
        f"{study.name}: with {len(_complete(study))} complete trials the importances are unsteady; "
        f"the best tenth wants {STEADY} trials or more."
        for study in studies
        if study.importance and len(_complete(study)) < STEADY
    ]
    return said


def _searched(studies: Sequence[Study]) -> str:
    """The searched parameters in words."""
    words = known_keys()
    names = sorted({parameter.name for study in studies for parameter in study.parameters})
    if not names:
        return ""
    lines = [(name, words.get(name, "")) for name in names]
    return scroll(table(("searched", "meaning"), lines, {"searched", "meaning"}))


def _by_design(studies: Sequence[Study]) -> dict[str, list[Study]]:
    found: dict[str, list[Study]] = {}
    for study in studies:
        found.setdefault(study.design, []).append(study)
    return found
