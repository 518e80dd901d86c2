"""Every metric the platform computes: the columns of the per-case table, in their order."""

from __future__ import annotations

from collections.abc import Mapping

from ablation.errors import UsageError, nearest
from ablation.metrics.entries.background import ACCURACY, SPECIFICITY
from ablation.metrics.entries.probabilities import BCE
from ablation.metrics.entries.ratios import DICE, IOU, PRECISION, RECALL
from ablation.metrics.entries.surfaces import ASD, HD, HD95, MASD, NSD
from ablation.metrics.metric import Metric
from ablation.plugins import Registry

METRICS: Registry[Metric] = Registry(
    "metric",
    [
        DICE,
        IOU,
        PRECISION,
        RECALL,
        SPECIFICITY,
        ACCURACY,
        BCE,
        HD,
        HD95,
        ASD,
        MASD,
        NSD,
    ],
)


def distances() -> list[str]:
    """Return the metrics that are distances of surfaces."""
    return [metric.name for metric in METRICS.values() if metric.kind == "distance"]


def metric_by_other_name() -> dict[str, str]:
    """Return what other tools call our metrics, each with our name."""
    return {other: metric.name for metric in METRICS.values() for other in metric.other_names}


def chosen_metrics(
    primary: str, secondary: tuple[str, ...], known: Mapping[str, Metric] = METRICS
) -> tuple[Metric, ...]:
    """Return the metrics of a comparison, primary first, each once.

    Raises:
        UsageError: A name that is unknown, or a primary metric that cannot decide.
    """
    names = dict.fromkeys((primary, *secondary))
    for name in names:
        if name == "f1" and name not in known:
            raise UsageError("metric f1 is Dice under another name", hint="Write dice.")
        if name not in known:
            raise UsageError(f"unknown metric {name!r}", hint=nearest(name, known))
    if known[primary].kind == "background":
        raise UsageError(
            f"{primary} cannot decide a comparison: it grows with the healthy tissue in view",
            hint="Choose dice, nsd or hd95 as the metric.",
        )
    return tuple(known[name] for name in names)
