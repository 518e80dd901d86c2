"""The table that the verdict rests on."""

from __future__ import annotations

from ablation.comparison import Comparison
from ablation.report.figures.drawing import colours
from ablation.report.formats.tables import COLUMNS, Row, named_test, rows
from ablation.report.sections.blocks import Cell, Folded, Section, Table
from ablation.report.sections.blocks import Row as Line
from ablation.report.source import Source

TEXT_COLUMNS = frozenset({"metric", "role", "design", "against", "better", "conclusion", "test"})
SOFT_COLUMNS = frozenset({"metric", "role", "against", "n", "test"})
STRONG_COLUMNS = frozenset({"design", "mean", "p adjusted", "better"})
MOST = 18  # rows that are shown without being opened
AGAINST = COLUMNS.index("against")


def results(comparison: Comparison, source: Source) -> Section:  # noqa: ARG001
    """Return the table of comparison.csv, cell by cell."""
    shown = _table(comparison)
    if len(shown.rows) <= MOST:
        return Section("results", "Results", _reading(comparison), (shown,))
    folded = Folded(f"All {len(shown.rows)} rows", (shown,))
    return Section("results", "Results", _reading(comparison), (folded,))


def _reading(comparison: Comparison) -> str:
    """How to read the table, once, above it."""
    reading = f"Over test patients; CI is the {100 * comparison.level:g} % t interval of the mean."
    if not comparison.primary.contrasts:
        return reading
    first = comparison.primary.contrasts[0]
    tested = f"p: {named_test(first)}; " if first.p is not None else ""
    return (
        f"{reading} In rows with an entry under “against”, every value is a difference within "
        f"patients: the design on the left minus that one, of the scores as they stand; “better” "
        f"names the design that is called better. {tested}d_z: mean difference in "
        "standard deviations of the differences."
    )


def _table(comparison: Comparison) -> Table:
    colour = colours(comparison.designs)
    before = ""
    lines = []
    for row in rows(comparison):
        kinds = ["difference" if row[AGAINST] else "design"]
        kinds += ["group"] if before and row[0] != before else []
        before = row[0]
        cells = tuple(_cell(name, row, colour) for name in COLUMNS)
        lines.append(Line(cells, " ".join(kinds)))
    return Table(COLUMNS, tuple(lines), TEXT_COLUMNS, id="comparison", label="Results table")


def _cell(name: str, row: Row, colour: dict[str, str]) -> Cell:
    text = row[COLUMNS.index(name)]
    kind = "soft" if name in SOFT_COLUMNS else "strong" if name in STRONG_COLUMNS else ""
    of_design = name == "design" and not row[AGAINST]
    return Cell(text, kind=kind, colour=colour[text] if of_design else "")
