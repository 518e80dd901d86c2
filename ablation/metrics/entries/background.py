"""Ratios that grow with the healthy tissue in view: described, never what decides."""

from __future__ import annotations

from ablation.metrics.metric import Metric

SPECIFICITY = Metric(
    name="specificity",
    label="specificity",
    kind="background",
    higher_is_better=True,
    digits=4,
    function=lambda pair: pair.voxels.specificity,
    meaning="TN / (TN + FP)",
    bounds=(0.0, 1.0),
    also_undefined="where the truth fills the whole image",
    other_names=("true_negative_rate",),
)

ACCURACY = Metric(
    name="accuracy",
    label="accuracy",
    kind="background",
    higher_is_better=True,
    digits=4,
    function=lambda pair: pair.voxels.accuracy,
    meaning="(TP + TN) / all voxels",
    bounds=(0.0, 1.0),
)
