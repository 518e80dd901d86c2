"""Distances between the surfaces of truth and prediction, and the share that is near."""

from __future__ import annotations

import math

from ablation.metrics import surface
from ablation.metrics.hd95_methods import HD95_METHODS
from ablation.metrics.metric import DIAGONAL, ROW_UNIT, Metric
from ablation.metrics.pair import Status

NO_SURFACE: tuple[Status, ...] = ("missed", "false_alarm", "both_empty")

HD = Metric(
    name="hd",
    label="HD",
    kind="distance",
    higher_is_better=False,
    digits=2,
    function=lambda pair: surface.hd(pair.surfaces),
    meaning="Hausdorff distance, in `distance_unit`",
    unit=ROW_UNIT,
    bounds=(0.0, math.inf),
    undefined=NO_SURFACE,
    penalty=DIAGONAL,
    other_names=("hausdorff", "hausdorff_distance"),
)

HD95 = Metric(
    name="hd95",
    label="HD95",
    kind="distance",
    higher_is_better=False,
    digits=2,
    function=lambda pair: surface.hd95(pair.surfaces),
    meaning="the larger of the two directions' 95th percentiles of surface distances",
    unit=ROW_UNIT,
    bounds=(0.0, math.inf),
    undefined=NO_SURFACE,
    penalty=DIAGONAL,
    summary=("mean", "median"),
    other_names=("hausdorff95", "hausdorff_95", "hausdorff_distance_95", "hd_95"),
    definitions=tuple((one.name, one.sentence) for one in HD95_METHODS.values()),
)

ASD = Metric(
    name="asd",
    label="ASSD",
    kind="distance",
    higher_is_better=False,
    digits=2,
    function=lambda pair: surface.asd(pair.surfaces),
    meaning="average symmetric surface distance: the mean over all surface points of both masks",
    unit=ROW_UNIT,
    bounds=(0.0, math.inf),
    undefined=NO_SURFACE,
    penalty=DIAGONAL,
    summary=("mean",),
    other_names=("assd", "avg_symmetric_surface_distance"),
    definition="the mean distance over all surface points of both masks",
)

MASD = Metric(
    name="masd",
    label="MASD",
    kind="distance",
    higher_is_better=False,
    digits=2,
    function=lambda pair: surface.masd(pair.surfaces),
    meaning="mean of the two directions' average surface distances",
    unit=ROW_UNIT,
    bounds=(0.0, math.inf),
    undefined=NO_SURFACE,
    penalty=DIAGONAL,
    definition="the mean of the two directions' average surface distances",
)

NSD = Metric(
    name="nsd",
    label="NSD",
    kind="ratio",
    higher_is_better=True,
    digits=3,
    function=lambda pair: surface.nsd(pair.surfaces),
    meaning="share of both surfaces within the tolerance (tag `ablate.ledger.nsd_tolerance_mm`)",
    bounds=(0.0, 1.0),
    undefined=("both_empty",),
    penalty=0.0,
    summary=("mean",),
)
