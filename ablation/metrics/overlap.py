"""Voxel counts of two masks, and the ratios made of them; no smoothing, 0/0 is nan."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablation.metrics.masks import Mask, check_pair


@dataclass(frozen=True, slots=True)
class VoxelCounts:
    """How many voxels are right and wrong; every ratio is nan where it divides 0 by 0.

    Smoothing terms are left out: (2 tp + 1) / (... + 1) gives a missed lesion of one voxel 0.5.

    >>> VoxelCounts(tp=20, fp=12, fn=8, tn=60).dice
    0.6666666666666666
    """

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def dice(self) -> float:
        """2 tp / (2 tp + fp + fn), the F1 score of the voxels, 0..1; 1 is perfect."""
        return _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def iou(self) -> float:
        """Intersection over union (Jaccard), dice / (2 - dice), 0..1."""
        return _ratio(self.tp, self.tp + self.fp + self.fn)

    @property
    def precision(self) -> float:
        """Share of the predicted voxels that are true, 0..1."""
        return _ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """Share of the true voxels that are predicted (sensitivity), 0..1."""
        return _ratio(self.tp, self.tp + self.fn)

    @property
    def specificity(self) -> float:
        """Share of the background that is left alone, 0..1; grows with the field of view."""
        return _ratio(self.tn, self.tn + self.fp)

    @property
    def accuracy(self) -> float:
        """Share of all voxels that are right, 0..1; near 1 for predicting nothing."""
        return _ratio(self.tp + self.tn, self.tp + self.tn + self.fp + self.fn)


def count_voxels(truth: Mask, prediction: Mask) -> VoxelCounts:
    """Count the voxels of two boolean masks of one shape, any number of axes.

    >>> count_voxels(np.array([True, True, False, False]), np.array([True, False, True, False]))
    VoxelCounts(tp=1, fp=1, fn=1, tn=1)
    """
    check_pair(truth, prediction)
    both = int(np.count_nonzero(truth & prediction))
    only_predicted = int(np.count_nonzero(prediction)) - both
    only_true = int(np.count_nonzero(truth)) - both
    return VoxelCounts(
        tp=both, fp=only_predicted, fn=only_true, tn=truth.size - both - only_predicted - only_true
    )


def cross_entropy(truth: Mask, probability: NDArray[np.floating]) -> float:
    """Return the mean binary cross-entropy over all voxels, in nats; 0 is perfect.

    Probabilities are held inside [1e-7, 1 - 1e-7], as Keras does, so that 0 and 1 stay finite.

    >>> round(cross_entropy(np.array([True, False]), np.array([0.5, 0.5])), 6)
    0.693147
    """
    given_truth = np.where(truth, probability, 1.0 - probability.astype(np.float64))
    return -float(np.mean(np.log(np.clip(given_truth, 1e-7, 1.0 - 1e-7))))


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
