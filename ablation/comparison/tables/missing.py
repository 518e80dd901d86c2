"""Cases that one design was never scored on: named, left out for all, or given the worst score.

Designs that fail do not fail at random: whichever rule is used, the other is shown beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import pandas as pd

from ablation.metrics.metric import DIAGONAL
from ablation.metrics.registry import METRICS

Missing = Literal["error", "intersection", "worst"]
Key = tuple[str, ...]
Place = tuple[str, int]
Tables = Mapping[Place, pd.DataFrame]

KEY = ["patient", "case", "target"]
MISSING_RULES: dict[Missing, str] = {
    "intersection": "cases that every design was scored on",
    "worst": "all cases; one without a score counts as missed",
}
"""The label of each rule that lets cases be missing."""


def absent_cases(tables: Tables) -> dict[Place, list[Key]]:
    """Return the keys that each training lacks and another has; trainings without gaps are left out."""
    ids = {place: set(_keys(frame)) for place, frame in tables.items()}
    everyone = set().union(*ids.values())
    gaps = {place: sorted(everyone - own) for place, own in ids.items()}
    return {place: keys for place, keys in gaps.items() if keys}


def without_absent(tables: Tables) -> dict[Place, pd.DataFrame]:
    """Return the rows of the cases that every training has."""
    gone = {key for keys in absent_cases(tables).values() for key in keys}
    return {
        place: frame[[key not in gone for key in _keys(frame)]] for place, frame in tables.items()
    }


def with_worst(tables: Tables) -> dict[Place, pd.DataFrame]:
    """Return the tables with a row for every absent case, marked in the column `filled`.

    The row is that of a design that found nothing, or of a false alarm where there is no tumour:
    the size of the scan and the truth come from a design that has the case.
    """
    known = pd.concat(list(tables.values()), ignore_index=True).drop_duplicates(KEY)
    whole = dict(zip(_keys(known), (row for _, row in known.iterrows()), strict=True))
    gaps = absent_cases(tables)
    return {
        place: _filled(frame, [whole[key] for key in gaps.get(place, [])])
        for place, frame in tables.items()
    }


def _filled(frame: pd.DataFrame, templates: list[pd.Series]) -> pd.DataFrame:
    own = frame.assign(filled=False)
    if not templates:
        return own
    added = [_worst(template).to_frame().T for template in templates]
    return pd.concat([own, *added], ignore_index=True)


def _worst(template: pd.Series) -> pd.Series:
    """The row of another design with the worst score of every metric; what has none stays empty."""
    worst = template.copy()
    for metric in METRICS.values():
        if metric.name in template.index:  # a distance follows from the status
            worst[metric.name] = None if metric.penalty == DIAGONAL else metric.penalty
    worst["status"] = "missed" if template["status"] in ("scored", "missed") else "false_alarm"
    worst["filled"] = True
    return worst


def _keys(frame: pd.DataFrame) -> list[Key]:
    return list(frame[KEY].itertuples(index=False, name=None))
