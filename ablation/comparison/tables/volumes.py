"""Slices of a patient added up: where tables hold voxel counts, the scores are those of the volume."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import pandas as pd

from ablation.metrics.empty import has_lesion, with_penalties
from ablation.metrics.overlap import VoxelCounts
from ablation.metrics.table import BACKGROUND, FOREGROUND

NUMBERED = re.compile(r"(?P<stem>.*\d.*?)(?:[_.\- ]+|slice|sl|z)+(?P<number>\d+)", re.I)
"""A slice's id: a stem that has a number itself, then another number."""
SCAN = re.compile(
    r"time|visit|ses|scan|week|month|day|follow|base|(?<![a-z])(?:tp|t|fu)(?![a-z])", re.I
)
"""What names a scan or a point in time rather than a slice."""
COUNTED = ["tp", "fp", "fn"]
SUMS = (
    *COUNTED,
    "tn",
    "truth_voxels",
    "pred_voxels",
    "lesions_truth",
    "lesions_found",
    "lesions_false",
)
SLICES = "slices"
"""Column that says how many slices were added up."""


def look_like_slices(cases: Sequence[str]) -> bool:
    """Tell whether most ids are a few stems with a number each, dense as slices are.

    >>> look_like_slices([f"P{p}_{s}" for p in (1, 2) for s in (11, 12, 13)])
    True
    >>> look_like_slices(["P001", "P002", "P003"]), look_like_slices(["BraTS2021_00001"] * 2)
    (False, False)
    """
    numbers: dict[str, set[int]] = {}
    for case in cases:
        match = NUMBERED.fullmatch(case)
        if match:
            numbers.setdefault(match["stem"], set()).add(int(match["number"]))
    several = [own for own in numbers.values() if len(own) > 1]
    dense = sum(len(own) for own in several if max(own) - min(own) < 3 * len(own))
    return len(several) > 1 and dense > len(cases) / 2


def of_volumes(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a row per patient where all rows are slices with voxel counts; else the rows.

    Overlap scores follow from the counts summed over all slices, those without truth included. Other
    scores cannot be rebuilt: they are the mean over the slices with truth, a missed one with its
    penalty.

    Args:
        rows: Aligned rows with the columns design and training.
    """
    if not _are_slices(rows):
        return rows
    by = ["design", "training", "patient", "target"]
    groups = rows.groupby(by, sort=False)
    summed = [name for name in SUMS if name in rows and rows[name].notna().all()]
    volumes = groups.first().drop(columns=[name for name in SUMS if name in rows])
    volumes[summed] = groups[summed].sum()
    volumes[SLICES] = groups.size()
    truth, prediction = volumes["tp"] + volumes["fn"], volumes["tp"] + volumes["fp"]
    volumes["truth_voxels"], volumes["pred_voxels"] = truth, prediction
    volumes["status"] = [_STATUS[bool(t), bool(p)] for t, p in zip(truth, prediction, strict=True)]
    tn = volumes["tn"] if "tn" in summed else pd.Series(0, volumes.index)
    cells = volumes[COUNTED].assign(tn=tn).astype(int).to_dict("records")
    added = [VoxelCounts(**{str(k): v for k, v in cell.items()}) for cell in cells]
    for name in (n for n in (*FOREGROUND, *BACKGROUND) if n in rows):
        known = name in FOREGROUND or "tn" in summed
        volumes[name] = [getattr(one, name) if known else math.nan for one in added]
    others = [
        str(name)
        for name in rows.select_dtypes("float")
        if name not in (*SUMS, *FOREGROUND, *BACKGROUND)
    ]
    scores = with_penalties(rows[has_lesion(rows)]).groupby(by, sort=False)[others]
    complete = scores.count().eq(scores.size(), axis=0)
    volumes[others] = scores.mean().where(complete).reindex(volumes.index)
    whole = volumes.reset_index()
    return whole.assign(case=whole["patient"])


_STATUS = {
    (True, True): "scored",
    (True, False): "missed",
    (False, True): "false_alarm",
    (False, False): "both_empty",
}
"""By whether truth and prediction hold a voxel."""


def _are_slices(rows: pd.DataFrame) -> bool:
    """Whether patients have several slices each, and every row has its counts."""
    if not set(COUNTED) <= set(rows.columns) or rows[COUNTED].isna().any(axis=None):
        return False
    cases = rows[["patient", "case"]].drop_duplicates()
    solid = rows["shape"].astype(str).map(_is_solid).any()
    ids = cases["case"].astype(str).tolist()
    if solid or cases["patient"].is_unique or any(map(SCAN.search, ids)):
        return False
    return look_like_slices(ids)


def _is_solid(shape: str) -> bool:
    """Whether an image has three axes with more than one voxel.

    >>> _is_solid("155x240x240"), _is_solid("1x240x240"), _is_solid("")
    (True, False, False)
    """
    return sum(side not in ("", "1") for side in shape.split("x")) > 2
