"""The scores of the per-case table: which direction is better, in which unit, how printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ablation.errors import UsageError, nearest


@dataclass(frozen=True, slots=True)
class Metric:
    """A score of one case."""

    name: str
    """Column of the per-case table."""
    label: str
    higher_is_better: bool
    kind: Literal["overlap", "distance", "background", "loss", "declared"]
    """background: depends on how much healthy tissue is in view; described, never tested first.
    declared: of another tool, with a direction that its user gave; no range, no worst value."""
    digits: int

    @property
    def sign(self) -> int:
        """What a raw difference is multiplied by, so that above 0 means better."""
        return 1 if self.higher_is_better else -1

    def text(self, value: float | None, *, signed: bool = False) -> str:
        """Return a value as printed; nothing for a value that does not exist.

        >>> METRICS["dice"].text(0.51234), METRICS["hd95"].text(-1.5, signed=True)
        ('0.512', '-1.50')
        """
        return number_text(value, self.digits, signed=signed)


def number_text(value: float | None, digits: int, *, signed: bool = False) -> str:
    """Return a number with this many decimals, and no minus before a rounded zero.

    >>> number_text(-0.0004, 3), number_text(0.02, 3, signed=True), number_text(None, 3)
    ('0.000', '+0.020', '')
    """
    if value is None or value != value:
        return ""
    rounded = round(value, digits) + 0.0
    return f"{rounded:{'+' if signed and rounded else ''}.{digits}f}"


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("dice", "Dice", True, "overlap", 3),
        Metric("iou", "IoU", True, "overlap", 3),
        Metric("precision", "precision", True, "overlap", 3),
        Metric("recall", "recall", True, "overlap", 3),
        Metric("nsd", "NSD", True, "overlap", 3),
        Metric("hd95", "HD95", False, "distance", 2),
        Metric("hd", "HD", False, "distance", 2),
        Metric("asd", "ASSD", False, "distance", 2),
        Metric("masd", "MASD", False, "distance", 2),
        Metric("specificity", "specificity", True, "background", 4),
        Metric("accuracy", "accuracy", True, "background", 4),
        Metric("bce", "cross-entropy", False, "loss", 4),
    )
}


def declared(name: str, *, higher_is_better: bool) -> Metric:
    """Return a score of another tool, whose direction cannot be known from its name.

    >>> declared("auc", higher_is_better=True).text(0.91234)
    '0.912'
    """
    return Metric(name, name, higher_is_better, "declared", 3)


def chosen_metrics(
    primary: str, secondary: tuple[str, ...], known: Mapping[str, Metric] = METRICS
) -> tuple[Metric, ...]:
    """Return the metrics of a comparison, primary first, each once; refuse unknown names."""
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
