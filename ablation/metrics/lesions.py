"""Lesions found, missed and invented, counted as connected components."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ablation.metrics.masks import Mask, check_pair, union_box


@dataclass(frozen=True, slots=True)
class LesionCounts:
    """Components of the truth, those the prediction touches, and predicted ones off the truth."""

    truth: int
    found: int
    false: int


def count_lesions(truth: Mask, prediction: Mask) -> LesionCounts:
    """Count lesions; voxels that share a face, edge or corner belong together (26 in 3-D).

    A lesion is found when one voxel of it is predicted; a predicted one is false when no voxel
    of it is true.

    >>> truth = np.array([[1, 0, 0, 1, 0, 0]], bool)
    >>> prediction = np.array([[1, 1, 0, 0, 0, 1]], bool)
    >>> count_lesions(truth, prediction)
    LesionCounts(truth=2, found=1, false=1)
    """
    check_pair(truth, prediction)
    box = union_box(truth, prediction)
    if box is None:
        return LesionCounts(0, 0, 0)
    true_total, true_touched = _components(truth[box], prediction[box])
    predicted_total, predicted_touched = _components(prediction[box], truth[box])
    return LesionCounts(true_total, true_touched, predicted_total - predicted_touched)


def _components(mask: Mask, other: Mask) -> tuple[int, int]:
    labels, total = ndimage.label(mask, structure=np.ones((3,) * mask.ndim))
    touched = np.unique(labels[mask & other])
    return int(total), int(touched.size)
