"""A prediction held against its truth: what every metric is computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ablation.metrics.lesions import LesionCounts, count_lesions
from ablation.metrics.masks import Mask
from ablation.metrics.overlap import VoxelCounts, count_voxels
from ablation.metrics.surface import SurfaceDistances, surface_distances

Status = Literal["scored", "missed", "false_alarm", "both_empty"]
"""missed: a truth and nothing predicted; false_alarm: the reverse."""

STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True)
class MaskPair:
    """Truth and prediction of one case; what several metrics need is computed once, when asked for.

    >>> pair = MaskPair(np.array([[True, False, True]]), np.array([[True, False, False]]))
    >>> pair.voxels.dice, pair.status
    (0.6666666666666666, 'scored')
    """

    truth: Mask
    """The expert's mask, (row, column) or (slice, row, column)."""
    prediction: Mask
    """The mask to score, same shape."""
    probability: NDArray[np.float32] | None = None
    """What the mask was made from by a threshold, same shape; None where only the mask is known."""
    spacing_mm: Sequence[float] | None = None
    """Voxel size, one per array axis; None: distances are in pixels."""

    @cached_property
    def voxels(self) -> VoxelCounts:
        """How many voxels are right and wrong."""
        return count_voxels(self.truth, self.prediction)

    @cached_property
    def surfaces(self) -> SurfaceDistances:
        """Distances between the two surfaces, in mm, or in pixels without a spacing."""
        return surface_distances(self.truth, self.prediction, self.spacing_mm)

    @cached_property
    def lesions(self) -> LesionCounts:
        """Lesions found, missed and invented."""
        return count_lesions(self.truth, self.prediction)

    @property
    def status(self) -> Status:
        """Which of the two masks are empty."""
        counts = self.voxels
        if counts.tp + counts.fn == 0:
            return "false_alarm" if counts.fp else "both_empty"
        return "scored" if counts.tp + counts.fp else "missed"
