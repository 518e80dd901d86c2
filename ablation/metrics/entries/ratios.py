"""Ratios of voxel counts that tell how well the foreground is found."""

from __future__ import annotations

from ablation.metrics.metric import Metric

DICE = Metric(
    name="dice",
    label="Dice",
    kind="ratio",
    higher_is_better=True,
    digits=3,
    function=lambda pair: pair.voxels.dice,
    meaning="2 TP / (2 TP + FP + FN), the same as F1",
    bounds=(0.0, 1.0),
    undefined=("both_empty",),
    penalty=0.0,
    summary=("mean",),
    other_names=("dsc", "dice_score", "dice_coefficient", "f1", "f1_score"),
)

IOU = Metric(
    name="iou",
    label="IoU",
    kind="ratio",
    higher_is_better=True,
    digits=3,
    function=lambda pair: pair.voxels.iou,
    meaning="TP / (TP + FP + FN)",
    bounds=(0.0, 1.0),
    undefined=("both_empty",),
    penalty=0.0,
    summary=("mean",),
    other_names=("jaccard", "jaccard_index"),
)

PRECISION = Metric(
    name="precision",
    label="precision",
    kind="ratio",
    higher_is_better=True,
    digits=3,
    function=lambda pair: pair.voxels.precision,
    meaning="TP / (TP + FP)",
    bounds=(0.0, 1.0),
    undefined=("missed", "both_empty"),
    penalty=0.0,
    summary=("mean",),
    other_names=("ppv", "positive_predictive_value"),
)

RECALL = Metric(
    name="recall",
    label="recall",
    kind="ratio",
    higher_is_better=True,
    digits=3,
    function=lambda pair: pair.voxels.recall,
    meaning="TP / (TP + FN), sensitivity",
    bounds=(0.0, 1.0),
    undefined=("false_alarm", "both_empty"),
    penalty=0.0,
    summary=("mean",),
    other_names=("sensitivity", "true_positive_rate"),
)
