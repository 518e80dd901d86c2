"""Which parameters mattered in tuning, as the studies recorded it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ablation.config import known_keys
from ablation.report.figures.drawing import Figure, Spec, axis, exported, layout, title
from ablation.report.material import Study

METHODS = (("PED-ANOVA", "circle"), ("fANOVA", "diamond-open"))


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
        "customdata": list(shares),
        **exported(f"{study.name}, {method}", customdata="parameter", x="share"),
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
