"""Published scores beside the designs: other patients, other rules, so shown and never tested."""

from __future__ import annotations

from ablation.config.sections import PublishedScore, ReportConfig
from ablation.errors import UsageError, nearest
from ablation.metrics.registry import METRICS

LABEL = "published, not compared here"


def published(config: ReportConfig) -> tuple[PublishedScore, ...]:
    """Return the published scores of a configuration.

    Raises:
        UsageError: naming every unknown metric, and every value that its metric cannot have.
    """
    unknown = [row for row in config.literature if row.metric not in METRICS]
    if unknown:
        named = "; ".join(f"{row.name}: unknown metric {row.metric!r}" for row in unknown)
        raise UsageError(
            f"[[report.literature]] {named}",
            hint=" ".join(dict.fromkeys(nearest(row.metric, METRICS) for row in unknown)),
        )
    outside = [row for row in config.literature if not _possible(row)]
    if outside:
        named = "; ".join(f"{row.name}: {row.metric} {row.value:g}" for row in outside)
        raise UsageError(
            f"[[report.literature]] values outside the scale of the metric: {named}",
            hint="Write ratios such as Dice between 0 and 1, also where a paper gives per cent.",
        )
    return config.literature


def _possible(row: PublishedScore) -> bool:
    low, high = METRICS[row.metric].bounds
    return low <= row.value <= high and (row.sd is None or row.sd <= high - low)


def remark(row: PublishedScore, shown: bool) -> str:
    """Return what is known of a published score, with the value where no column shows it.

    >>> row = PublishedScore(name="nnU-Net", metric="dice", value=0.89, n=219, source="Isensee 2021")
    >>> remark(row, shown=True)
    'published, not compared here: n = 219, Isensee 2021'
    >>> remark(row, shown=False)
    'published, not compared here: Dice 0.890, n = 219, Isensee 2021'
    """
    metric = METRICS[row.metric]
    parts = []
    if not shown:
        spread = f" (SD {metric.text(row.sd)})" if row.sd is not None else ""
        parts.append(f"{metric.label} {metric.text(row.value)}{spread}")
    if row.n is not None:
        parts.append(f"n = {row.n}")
    if row.source:
        parts.append(row.source)
    return f"{LABEL}: {', '.join(parts)}" if parts else LABEL
