"""What a missed or an absent tumour counts; decided by the truth, never by one design's output.

If a pair left the analysis because one design predicted nothing, the other would lose its win.
The rules are applied when runs are compared; per-case tables keep what the formulas give.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from ablation.comparison.metrics import Metric
from ablation.statistics import clopper_pearson

Policy = Literal["penalty", "brats", "exclude"]
POLICIES: dict[Policy, str] = {
    "penalty": "cases with a tumour; a missed one scores 0 or the diagonal",
    "brats": "all cases; a false alarm scores 0 or the diagonal, rightly finding nothing is perfect",
    "exclude": "cases with a tumour; a missed one leaves the distances of every design",
}

WITH_TUMOUR = ("scored", "missed")


@dataclass(frozen=True, slots=True)
class Detection:
    """How often a design missed a tumour or saw one where there is none, over all trainings."""

    design: str
    missed: int
    with_tumour: int
    false_alarms: int
    without_tumour: int
    missed_interval: tuple[float, float] | None
    """Clopper-Pearson limits of the share missed; None with several trainings of one patient."""


def diagonal(shape: str, spacing: str) -> float:
    """Return the length of the scan's diagonal, the worst distance possible; NaN if unknown.

    Args:
        shape: As "155x240x240", in array order.
        spacing: As "1x1x1", the size of a voxel in the same order.

    >>> round(diagonal("240x240x155", "1x1x1"), 3)
    373.129
    """
    try:
        sides = [float(side) for side in shape.split("x")]
        steps = [float(step) for step in spacing.split("x")]
    except ValueError:
        return math.nan
    if len(sides) != len(steps):
        return math.nan
    return math.sqrt(sum((side * step) ** 2 for side, step in zip(sides, steps, strict=True)))


def scores_under(rows: pd.DataFrame, metric: Metric, policy: Policy = "penalty") -> pd.Series:
    """Return the score of every row that enters, indexed as the rows; NaN where none exists.

    Args:
        rows: Aligned rows with columns status, shape, spacing, distance_unit and the metric.
        metric: The score.
        policy: The rule, one of POLICIES.
    """
    entering = rows if policy == "brats" else rows[rows["status"].isin(WITH_TUMOUR)]
    scores = entering[metric.name].astype(float)
    if metric.kind in ("background", "loss"):
        return scores
    distance = metric.kind == "distance"
    worst = _diagonals(entering) if distance else pd.Series(0.0, index=entering.index)
    if policy == "exclude" and distance:
        worst = worst.where(entering["status"] != "missed")
    perfect = 0.0 if distance else 1.0
    scores = scores.mask(entering["status"].isin(("missed", "false_alarm")), worst)
    return scores.mask(entering["status"] == "both_empty", perfect)


def _diagonals(rows: pd.DataFrame) -> pd.Series:
    """Diagonal of each row's scan, in the unit of its distances."""
    values = [
        diagonal(
            str(shape),
            "x".join(["1"] * len(str(shape).split("x"))) if unit == "px" else str(spacing),
        )
        for shape, spacing, unit in zip(
            rows["shape"], rows["spacing"], rows["distance_unit"], strict=True
        )
    ]
    return pd.Series(np.asarray(values, float), index=rows.index)


def detections(rows: pd.DataFrame, designs: Sequence[str], level: float) -> tuple[Detection, ...]:
    """Count missed tumours and false alarms of each design."""
    found = []
    for name in designs:
        own = rows[rows["design"] == name]
        counts = own["status"].value_counts()
        missed = int(counts.get("missed", 0))
        with_tumour = missed + int(counts.get("scored", 0))
        once = own["training"].nunique() == 1 and with_tumour > 0
        found.append(
            Detection(
                design=name,
                missed=missed,
                with_tumour=with_tumour,
                false_alarms=int(counts.get("false_alarm", 0)),
                without_tumour=len(own) - with_tumour,
                missed_interval=clopper_pearson(missed, with_tumour, level) if once else None,
            )
        )
    return tuple(found)
