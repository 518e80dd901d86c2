"""Settings of a comparison that name nothing, refused before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ablation.config.sections import ComparisonConfig
from ablation.errors import UsageError, nearest
from ablation.metrics.metric import Metric


def check_settings(
    settings: ComparisonConfig,
    names: Sequence[str],
    metrics: Sequence[Metric],
    known: Mapping[str, Metric],
) -> None:
    """Refuse settings that name nothing, all in one message.

    Raises:
        UsageError: naming every one of them.
    """
    problems = []
    if settings.reference is not None and settings.reference not in names:
        problems.append(
            (
                f"reference {settings.reference!r} is not among the designs",
                nearest(settings.reference, names),
            )
        )
    if settings.alternative == "greater" and settings.reference is None:
        problems.append(
            (
                "--alternative greater needs --reference",
                "Name the design the others are to be better than: --reference NAME",
            )
        )
    problems += [
        (f"margin of an unknown metric {name!r}", nearest(name, known))
        for name in settings.margin
        if name not in known
    ]
    problems += [
        (f"margin {name}={size:g} spans the whole range of {name}", "Two points are 0.02.")
        for name, size in settings.margin.items()
        if name in known and size >= known[name].bounds[1] - known[name].bounds[0]
    ]
    problems += [
        (
            f"--missing worst: {metric.name} has no known worst value",
            "Write --missing intersection.",
        )
        for metric in metrics
        if metric.kind == "declared" and settings.missing == "worst"
    ]
    if problems:
        raise UsageError(
            "; ".join(text for text, _ in problems), hint=" ".join(hint for _, hint in problems)
        )
