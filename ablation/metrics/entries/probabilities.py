"""Scores of the probabilities a mask was made from by a threshold."""

from __future__ import annotations

import math

from ablation.metrics.metric import Metric
from ablation.metrics.overlap import cross_entropy
from ablation.metrics.pair import MaskPair


def bce(pair: MaskPair) -> float:
    """Return the mean binary cross-entropy over all voxels; nan without probabilities."""
    return math.nan if pair.probability is None else cross_entropy(pair.truth, pair.probability)


BCE = Metric(
    name="bce",
    label="cross-entropy",
    kind="loss",
    higher_is_better=False,
    digits=4,
    function=bce,
    meaning="mean binary cross-entropy of the probabilities",
    bounds=(0.0, math.inf),
    also_undefined="where masks without probabilities were scored",
)
