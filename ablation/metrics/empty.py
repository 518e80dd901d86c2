"""What an empty mask is worth when scores are summed up or compared.

The file keeps what the formulas define. Leaving a case out because one design predicted nothing
would take the win from the design that found something, so the truth alone decides which cases
count: all with a lesion. A missed one then gets the worst value of every metric.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from ablation.metrics.masks import directions
from ablation.metrics.metric import DIAGONAL
from ablation.metrics.registry import METRICS

ONE_EMPTY = ("missed", "false_alarm")
"""Status of cases in which just one of the two masks has a surface."""


def distance_penalty(shape: Sequence[float], spacing_mm: Sequence[float] | None) -> float:
    """Return the diagonal of the image, longer than any distance in it; pixels without spacing.

    An axis of length 1 does not count, as it does not for distances.

    For 240 x 240 x 155 voxels of 1 mm this is the constant of the BraTS challenge:

    >>> round(distance_penalty((240, 240, 155), (1, 1, 1)), 4)
    373.1287
    """
    spacing = [1.0] * len(shape) if spacing_mm is None else spacing_mm
    sides = [n * size for n, size in zip(shape, spacing, strict=True)]
    return math.sqrt(sum(sides[axis] ** 2 for axis in directions(shape)))


def penalty_of(shape: str, spacing: str, distance_unit: str) -> float:
    """Return `distance_penalty` of the table's own cells; nan where they do not say enough.

    >>> penalty_of("3x4", "2x2", "mm"), penalty_of("3x4", "", "px"), penalty_of("3x4", "", "mm")
    (10.0, 5.0, nan)
    """
    if not shape or not distance_unit or (distance_unit == "mm" and not spacing):
        return math.nan
    return distance_penalty(
        read_extent(shape), read_extent(spacing) if distance_unit == "mm" else None
    )


def read_extent(cell: str) -> tuple[float, ...]:
    """Read a cell such as "155x240x240" or "3x0.9x0.9", one number per array axis."""
    return tuple(float(part) for part in cell.split("x"))


def has_lesion(cases: pd.DataFrame) -> pd.Series[bool]:
    """Tell which rows have a truth that is not empty: the primary set of every comparison."""
    return cases["status"].isin(["scored", "missed"])


def with_penalties(cases: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the penalty of each metric where one of the two masks is empty.

    Missed: precision 0, distances the diagonal. False alarm: distances the diagonal. What stays
    undefined (recall of a false alarm, everything of two empty masks) stays nan.
    """
    filled = cases.copy()
    diagonals = _diagonals(filled[filled["status"].isin(ONE_EMPTY)])
    for metric in METRICS.values():
        rows = filled["status"].isin(metric.penalised)
        if metric.name in filled and rows.any():
            far = metric.penalty == DIAGONAL
            filled.loc[rows, metric.name] = diagonals[rows] if far else metric.penalty
    return filled


def _diagonals(cases: pd.DataFrame) -> pd.Series[float]:
    """Return `penalty_of` of each row."""
    cells = cases[["shape", "spacing", "distance_unit"]].astype(str).itertuples(index=False)
    return pd.Series([penalty_of(*row) for row in cells], index=cases.index, dtype=float)
