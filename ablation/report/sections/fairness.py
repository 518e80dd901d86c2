"""What the designs were given: budgets, sizes, settings that make a comparison fair or not."""

from __future__ import annotations

from collections.abc import Sequence

from ablation.comparison import Comparison, LedgerRow
from ablation.report.sections.blocks import Block, Cell, Paragraph, Row, Section, Table
from ablation.report.source import Source

HINT = (
    "What the designs were given. Unequal budgets weaken a verdict; they are named here even "
    "where they do not matter."
)


def fairness(comparison: Comparison, source: Source) -> Section:  # noqa: ARG001
    """Return the fairness ledger."""
    stated = [row for row in comparison.ledger if any(value is not None for value in row.stated)]
    silent = [row.label for row in comparison.ledger if row not in stated]
    blocks: list[Block] = [_ledger(comparison, stated)] if stated else []
    if silent:
        blocks.append(Paragraph(f"Stated for no design: {', '.join(silent)}."))
    return Section("fairness", "Fairness", HINT, tuple(blocks))


def _ledger(comparison: Comparison, stated: Sequence[LedgerRow]) -> Table:
    return Table(
        ("", *comparison.designs, "remark"),
        tuple(
            Row(
                (
                    row.label,
                    *(Cell(text, kind="value") for text in row.values),
                    Cell(row.remark, kind="remark", mark=row.colour),
                )
            )
            for row in stated
        ),
        texts={"", "remark"},
        label="Fairness ledger",
    )
