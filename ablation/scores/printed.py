"""A per-case table for people and for programs: its rows, and the means of each target."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ablation.metrics.cases import summarise
from ablation.metrics.metric import Metric
from ablation.metrics.registry import METRICS

SHOWN = ("dice", "hd95", "asd", "precision", "recall")
"""Scores of the printed table; the file has all of them."""
RATIO_DIGITS = 4
"""Decimals of everything but distances: one more than of a mean, to tell cases apart."""

Row = Mapping[str, object]


def as_lines(rows: Sequence[Row]) -> list[str]:
    """Return a line for each case and target, then one with the means of each target.

    The means are those of the report: patients with a tumour, the worst value for a missed one.
    """
    means = means_of(rows)
    shown = [
        name
        for name in SHOWN
        if any(_number(row[name]) is not None for row in rows)
        or any(name in of_target for of_target in means.values())
    ]
    cells = [("case", "target", "status", *shown)]
    cells += [
        (
            *(str(row[name]) for name in ("case", "target", "status")),
            *(_text(name, _number(row[name])) for name in shown),
        )
        for row in rows
    ]
    for target, own in means.items():
        counts = f"{own.get('missed', 0):.0f} missed"
        texts = (_text(name, own.get(name)) for name in shown)
        cells.append(("mean", target, counts, *texts))
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]


def as_values(rows: Sequence[Row]) -> dict[str, object]:
    """Return rows and means for JSON; what is undefined is null."""
    cases = [
        {name: None if _undefined(value) else value for name, value in row.items()} for row in rows
    ]
    return {"cases": cases, "means": means_of(rows)}


def means_of(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Return the means of each target's test cases."""
    targets = dict.fromkeys(str(row["target"]) for row in rows)
    return {
        target: {
            name.removeprefix("test/"): value
            for name, value in summarise([r for r in rows if r["target"] == target]).items()
        }
        for target in targets
    }


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not math.isnan(value) else None


def _text(name: str, value: float | None) -> str:
    return "-" if value is None else f"{value:.{_digits(METRICS[name])}f}"


def _digits(metric: Metric) -> int:
    return metric.digits if metric.kind == "distance" else RATIO_DIGITS


def _undefined(value: object) -> bool:
    return value == "" or (isinstance(value, float) and math.isnan(value))
