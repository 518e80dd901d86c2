"""What is unfair about a comparison: budgets and settings of the designs side by side.

red: an unequal allowed budget, or settings chosen on test patients; confounds the verdict.
amber: differs for a reason to know, such as an earlier stop by the same rule.
grey: not stated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ablation.comparison.tables.align import Design
from ablation.fairness import FACTS, Parity
from ablation.fairness.facts import VALIDATION, Fact

Colour = Literal["", "red", "amber", "grey"]
RATIO = 1.10  # budgets within a tenth count as equal

UNFAIR: dict[Parity, tuple[Colour, str]] = {
    Parity.ALLOWED: (
        "red",
        "unequal budget: the difference may reflect training or tuning, not the design",
    ),
    Parity.ON_VALIDATION: ("red", "chosen on test patients: these scores are optimistic"),
    Parity.USED: ("amber", "stopped at different points by the same rule"),
    Parity.SAME: ("amber", "differs between the designs"),
}
"""Colour and remark of a fact for which does not hold what has to."""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One fact of every design."""

    fact: str
    label: str
    values: tuple[str, ...]
    """As printed, one per design; "not stated" where missing."""
    colour: Colour
    remark: str
    stated: tuple[object, ...]
    """The same as it was stated; None where missing."""

    @property
    def parity(self) -> Parity:
        """What has to hold for this fact."""
        return FACTS[self.fact].parity

    @property
    def confounds(self) -> bool:
        """Whether the fact decides about fairness, rather than describing a design."""
        return self.parity in (Parity.ALLOWED, Parity.ON_VALIDATION)


def ledger(designs: Sequence[Design]) -> tuple[LedgerRow, ...]:
    """Return the parity table of these designs."""
    return tuple(
        row
        for name, fact in FACTS.items()
        if fact.parity is not Parity.HIDDEN
        if (row := _row(name, fact, designs)) and (fact.always or _is_stated(row))
    )


def _row(name: str, fact: Fact, designs: Sequence[Design]) -> LedgerRow:
    values = tuple(getattr(design.facts, name) for design in designs)
    colour, remark = _judged(fact.parity, values)
    return LedgerRow(name, fact.label, tuple(map(fact_text, values)), colour, remark, values)


def _is_stated(row: LedgerRow) -> bool:
    return any(value is not None for value in row.stated)


def _judged(parity: Parity, values: Sequence[object]) -> tuple[Colour, str]:
    known = [value for value in values if value is not None]
    broken = _broken(parity, known)
    if broken and parity in (Parity.ALLOWED, Parity.ON_VALIDATION):
        return UNFAIR[parity]  # whatever a further design does not state
    if len(known) < len(values):
        return "grey", "not stated"
    return UNFAIR[parity] if broken else ("", "")


def _broken(parity: Parity, known: Sequence[object]) -> bool:
    """Whether these values are not as they have to be."""
    if parity is Parity.ON_VALIDATION:
        return any(value != VALIDATION for value in known)
    if parity in (Parity.ALLOWED, Parity.USED):
        return _unequal(known)
    return parity is Parity.SAME and len({str(value) for value in known}) > 1


def _unequal(values: Sequence[object]) -> bool:
    """Whether amounts differ by more than a tenth, or other values at all."""
    amounts = [float(v) for v in values if isinstance(v, int | float)]
    if len(amounts) < len(values):
        return len({str(value) for value in values}) > 1
    return len(amounts) > 1 and max(amounts) > RATIO * min(amounts)


def fact_text(value: object) -> str:
    """Return a fact as printed.

    >>> fact_text(31042369), fact_text(12.3456), fact_text(None), fact_text(True)
    ('31,042,369', '12.3', 'not stated', 'yes')
    """
    if value is None:
        return "not stated"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return f"{int(value):,}"
    if isinstance(value, float):
        return f"{value:,.1f}" if abs(value) >= 1 else f"{value:.3g}"
    return str(value)
