"""What the designs were given: budgets, sizes, settings that make a comparison fair or not."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ablation.comparison import Comparison, LedgerRow
from ablation.report.page.html import head
from ablation.report.sections.blocks import Section
from ablation.report.source import Source

HINT = (
    "What the designs were given. Unequal budgets weaken a verdict; they are named here even "
    "where they do not matter."
)


def fairness(comparison: Comparison, source: Source) -> Section:  # noqa: ARG001
    """Return the fairness ledger."""
    stated = [row for row in comparison.ledger if any(value is not None for value in row.stated)]
    silent = [row.label for row in comparison.ledger if row not in stated]
    table = f'<div class="scroll" tabindex="0" role="region" aria-label="Fairness ledger">{_ledger(comparison, stated)}</div>'
    body = table if stated else ""
    if silent:
        body += f"<p>Stated for no design: {escape(', '.join(silent))}.</p>"
    return Section("fairness", "Fairness", hint=HINT, body=body)


def _ledger(comparison: Comparison, stated: Sequence[LedgerRow]) -> str:
    columns = head(("", *comparison.designs, "remark"), {"", "remark"})
    return f"<table>{columns}<tbody>{''.join(map(_ledger_row, stated))}</tbody></table>"


def _ledger_row(row: LedgerRow) -> str:
    cells = "".join(f"<td>{escape(value)}</td>" for value in row.values)
    mark = f'<span class="mark {row.colour}">{row.colour}</span> ' if row.colour else ""
    remark = f'<td class="text remark">{mark}{escape(row.remark)}</td>'
    return f'<tr><td class="text">{escape(row.label)}</td>{cells}{remark}</tr>'
