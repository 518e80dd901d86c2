"""The comparison in a terminal."""

from __future__ import annotations

from ablation.comparison import Comparison
from ablation.report.source import Source
from ablation.report.tables import COLUMNS, rows

SHOWN = ("metric", "design", "n", "mean", "SD", "CI low", "CI high", "p Wilcoxon", "p Holm", "d_z")
TEXTS = ("metric", "design")


def summary(comparison: Comparison, source: Source) -> str:
    """Return verdict, what weakens it, table and notes, as plain text."""
    parts = [
        _title(comparison, source),
        "\n".join([comparison.verdict.headline, *comparison.verdict.sentences]),
        _quote(comparison, source),
        table(comparison),
        "\n".join(comparison.notes),
        f"Next: {source.next_command}" if source.next_command else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _title(comparison: Comparison, source: Source) -> str:
    n = len(comparison.primary.patients)
    patients = "1 test patient" if n == 1 else f"{n} test patients"
    bands = f" ({', '.join(comparison.bands)})" if comparison.bands else ""
    return f"experiment {source.experiment}: {', '.join(comparison.designs)} on {patients}{bands}"


def _quote(comparison: Comparison, source: Source) -> str:
    found = (*comparison.cautions, *source.cautions)
    lines = [f"  {one.colour:<5}  {one.text}" for one in found]
    return "\n".join(["Before you quote this:", *lines]) if found else ""


def table(comparison: Comparison) -> str:
    """Return the main columns of the table, aligned."""
    lines = [list(SHOWN)]
    for row in rows(comparison):
        cells = dict(zip(COLUMNS, row, strict=True))
        if cells["against"]:
            cells["design"] += f" vs {cells['against']}"
        lines.append([cells[column] for column in SHOWN])
    widths = [max(len(line[i]) for line in lines) for i in range(len(SHOWN))]
    return "\n".join(_line(line, widths) for line in lines)


def _line(cells: list[str], widths: list[int]) -> str:
    padded = [
        cell.ljust(width) if name in TEXTS else cell.rjust(width)
        for name, cell, width in zip(SHOWN, cells, widths, strict=True)
    ]
    return "  ".join(padded).rstrip()
