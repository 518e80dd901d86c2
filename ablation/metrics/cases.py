"""One row of the per-case table: every score of one predicted mask."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablation.metrics.empty import has_lesion, with_penalties
from ablation.metrics.masks import Mask, check_pair
from ablation.metrics.metric import Metric
from ablation.metrics.pair import MaskPair
from ablation.metrics.registry import METRICS

KEY = ("patient", "case", "split", "target")
"""Columns that name a row; no two rows share them."""

COUNTS = (
    *("tp", "fp", "fn", "tn", "truth_voxels", "pred_voxels"),
    *("lesions_truth", "lesions_found", "lesions_false"),
)
"""Columns of whole numbers."""

TEXTS = ("shape", "spacing", "distance_unit", "truth_hash")
"""Columns of text beside KEY and status."""


def columns() -> tuple[str, ...]:
    """Return the table's columns, in the order of the file."""
    return (*KEY, "status", *METRICS, *COUNTS, *TEXTS)


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
    """Return one row of the table, keys as `columns()`; what is undefined is nan.

    Args:
        patient: Whose case it is.
        case: Name of the scored image or volume; the patient's id for its only volume.
        split: "train", "validation" or "test".
        target: Region, such as "WT".
        truth: The expert's mask, (row, column) or (slice, row, column).
        prediction: The mask to score, same shape.
        probability: What the mask was made from by a threshold, same shape, for bce; none: bce is nan.
        spacing_mm: Voxel size, one per array axis; none: distances in pixels.
        truth_hash: Hash of the truth, so that scores against other truths are told apart.
    """
    check_pair(truth, prediction, where=f"case {case}")
    pair = MaskPair(truth, prediction, probability, spacing_mm)
    counts, lesions = pair.voxels, pair.lesions
    return {
        "patient": patient,
        "case": case,
        "split": split,
        "target": target,
        "status": pair.status,
        **{metric.name: _value(metric, pair) for metric in METRICS.values()},
        **{name: getattr(counts, name) for name in ("tp", "fp", "fn", "tn")},
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


def summarise(cases: pd.DataFrame | Sequence[Mapping[str, object]]) -> dict[str, float]:
    """Return the means of each split, named "test/dice", for tracking; rows of one target.

    Every patient with a lesion weighs 1 and a missed one has the worst value, so beside the
    mean of hd95, which the penalty drives, stands the median. A mean that lacks the value of a
    patient is left out.
    """
    frame = with_penalties(pd.DataFrame(cases, columns=list(columns())))
    summary: dict[str, float] = {}
    for split, rows in frame.groupby("split", sort=False):
        primary = rows[has_lesion(rows)]
        known = [
            metric
            for metric in METRICS.values()
            if metric.summary and primary[metric.name].notna().all()
        ]
        patients = primary.groupby("patient")[[metric.name for metric in known]].mean()
        means = [metric.name for metric in known if "mean" in metric.summary]
        medians = [metric.name for metric in known if "median" in metric.summary]
        values = {
            **{name: float(patients[name].mean()) for name in means},
            **{f"{name}_median": float(patients[name].median()) for name in medians},
            "cases": float(len(rows)),
            **{name: float((rows["status"] == name).sum()) for name in ("missed", "false_alarm")},
        }
        summary |= {f"{split}/{name}": v for name, v in values.items() if not math.isnan(v)}
    return summary


def _value(metric: Metric, pair: MaskPair) -> float:
    assert metric.function is not None  # only scores of other tools have none
    return float(metric.function(pair))


def _shortest(size: float) -> str:
    return repr(float(size)).removesuffix(".0")
