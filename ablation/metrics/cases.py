"""One row of the per-case table: every score of one predicted mask."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablation.metrics import surface
from ablation.metrics.empty import DISTANCES, has_lesion, with_penalties
from ablation.metrics.lesions import count_lesions
from ablation.metrics.masks import Mask, check_pair
from ablation.metrics.overlap import VoxelCounts, count_voxels, cross_entropy

RATIOS = ("dice", "iou", "precision", "recall", "specificity", "accuracy", "nsd")
"""Columns between 0 and 1, higher is better."""

COUNTS = (
    *("tp", "fp", "fn", "tn", "truth_voxels", "pred_voxels"),
    *("lesions_truth", "lesions_found", "lesions_false"),
)
"""Columns of whole numbers."""

STATUSES = ("scored", "missed", "false_alarm", "both_empty")

COLUMNS = (
    *("patient", "case", "split", "target", "status"),
    *("dice", "iou", "precision", "recall", "specificity", "accuracy", "bce"),
    *("hd", "hd95", "asd", "masd", "nsd"),
    *COUNTS,
    *("shape", "spacing", "distance_unit", "truth_hash"),
)
"""The table's columns, in the order of the file."""

KEY = ("patient", "case", "split", "target")
"""Columns that name a row; no two rows share them."""

SUMMARISED = ("dice", "iou", "precision", "recall", "nsd", "hd95", "asd")


def score_case(
    patient: str,
    case: str,
    split: str,
    target: str,
    truth: Mask,
    prediction: Mask,
    probability: NDArray[np.float32] | None,
    spacing_mm: Sequence[float] | None,
    truth_hash: str,
) -> dict[str, object]:
    """Return one row of the table, keys as COLUMNS; what is undefined is nan.

    Args:
        patient: Whose case it is.
        case: Name of the scored image or volume; the patient's id for its only volume.
        split: "train", "validation" or "test".
        target: Region, such as "WT".
        truth: The expert's mask, (row, column) or (slice, row, column).
        prediction: The mask to score, same shape.
        probability: What the mask was cut from, same shape, for bce; none: bce is nan.
        spacing_mm: Voxel size, one per array axis; none: distances in pixels.
        truth_hash: Hash of the truth, so that scores against other truths are told apart.
    """
    check_pair(truth, prediction, where=f"case {case}")
    counts = count_voxels(truth, prediction)
    lesions = count_lesions(truth, prediction)
    bce = math.nan if probability is None else cross_entropy(truth, probability)
    values: dict[str, object] = {
        "patient": patient,
        "case": case,
        "split": split,
        "target": target,
        **{name: getattr(counts, name) for name in ("tp", "fp", "fn", "tn")},
        **{name: getattr(counts, name) for name in RATIOS if name != "nsd"},
        **_distances(truth, prediction, spacing_mm),
        "bce": bce,
        "status": _status(counts),
        "truth_voxels": counts.tp + counts.fn,
        "pred_voxels": counts.tp + counts.fp,
        "lesions_truth": lesions.truth,
        "lesions_found": lesions.found,
        "lesions_false": lesions.false,
        "shape": "x".join(str(n) for n in truth.shape),
        "spacing": "" if spacing_mm is None else "x".join(_shortest(s) for s in spacing_mm),
        "distance_unit": "px" if spacing_mm is None else "mm",
        "truth_hash": truth_hash,
    }
    return {name: values[name] for name in COLUMNS}


def summarise(cases: pd.DataFrame | Sequence[Mapping[str, object]]) -> dict[str, float]:
    """Return the means of each split, named "test/dice", for tracking; rows of one target.

    Every patient with a lesion weighs 1 and a missed one has the worst value, so beside the
    mean of hd95, which the penalty drives, stands the median. A mean that lacks the value of a
    patient is left out.
    """
    frame = with_penalties(pd.DataFrame(cases, columns=list(COLUMNS)))
    summary: dict[str, float] = {}
    for split, rows in frame.groupby("split", sort=False):
        primary = rows[has_lesion(rows)]
        known = [name for name in SUMMARISED if primary[name].notna().all()]
        patients = primary.groupby("patient")[known].mean()
        values = {
            **{name: float(patients[name].mean()) for name in known},
            "hd95_median": float(patients["hd95"].median()) if "hd95" in known else math.nan,
            "cases": float(len(rows)),
            **{name: float((rows["status"] == name).sum()) for name in ("missed", "false_alarm")},
        }
        summary |= {f"{split}/{name}": v for name, v in values.items() if not math.isnan(v)}
    return summary


def _status(counts: VoxelCounts) -> str:
    if counts.tp + counts.fn == 0:
        return "false_alarm" if counts.fp else "both_empty"
    return "scored" if counts.tp + counts.fp else "missed"


def _distances(
    truth: Mask, prediction: Mask, spacing_mm: Sequence[float] | None
) -> dict[str, float]:
    between = surface.surface_distances(truth, prediction, spacing_mm)
    scores = {name: getattr(surface, name)(between) for name in DISTANCES}
    return {**scores, "nsd": surface.nsd(between)}


def _shortest(size: float) -> str:
    return repr(float(size)).removesuffix(".0")
