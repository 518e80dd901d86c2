"""The table that the verdict rests on."""

from __future__ import annotations

from html import escape

from ablation.comparison import Comparison
from ablation.report.figures.drawing import colours
from ablation.report.formats.tables import COLUMNS, Row, named_test, rows
from ablation.report.page.html import head
from ablation.report.sections.blocks import Section
from ablation.report.source import Source

TEXT_COLUMNS = frozenset({"metric", "role", "design", "against", "test"})
SOFT_COLUMNS = frozenset({"metric", "role", "against", "n", "test"})
STRONG_COLUMNS = frozenset({"design", "mean", "p adjusted"})


def results(comparison: Comparison, source: Source) -> Section:  # noqa: ARG001
    """Return the table of comparison.csv, cell by cell."""
    table = f'<div class="scroll" tabindex="0" role="region" aria-label="Results table">{_results(comparison)}</div>'
    return Section("results", "Results", hint=_reading(comparison), body=table)


def _reading(comparison: Comparison) -> str:
    """How to read the table, once, above it."""
    reading = f"Over test patients; CI is the {100 * comparison.level:g} % t interval of the mean."
    if not comparison.primary.contrasts:
        return reading
    first = comparison.primary.contrasts[0]
    tested = f"p: {named_test(first)}; " if first.p is not None else ""
    return (
        f"{reading} In rows with an entry under “against”, every value is a difference within "
        f"patients, above 0 when the design on the left is better. {tested}d_z: mean difference in "
        "standard deviations of the differences."
    )


def _results(comparison: Comparison) -> str:
    colour = colours(comparison.designs)
    before = ""
    lines = []
    for row in rows(comparison):
        kinds = ["difference" if row[COLUMNS.index("against")] else "design"]
        kinds += ["group"] if before and row[0] != before else []
        before = row[0]
        lines.append(f'<tr class="{" ".join(kinds)}">{_cells(row, colour)}</tr>')
    return f'<table id="comparison">{head(COLUMNS, TEXT_COLUMNS)}<tbody>{"".join(lines)}</tbody></table>'


def _cells(row: Row, colour: dict[str, str]) -> str:
    return "".join(_cell(name, text, row, colour) for name, text in zip(COLUMNS, row, strict=True))


def _cell(name: str, text: str, row: Row, colour: dict[str, str]) -> str:
    kinds = ["text"] if name in TEXT_COLUMNS else []
    kinds += ["soft"] if name in SOFT_COLUMNS else []
    kinds += ["strong"] if name in STRONG_COLUMNS else []
    swatch = ""
    if name == "design" and not row[COLUMNS.index("against")]:
        swatch = f'<span class="swatch" style="background:{colour[text]}"></span>'
    return f'<td class="{" ".join(kinds)}">{swatch}{escape(text)}</td>'
