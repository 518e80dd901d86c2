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
from ablation.comparison.wording.late import PLANNED

Colour = Literal["", "red", "amber", "grey"]
Rule = Literal["allowed", "used", "same", "on validation", "shown"]
RATIO = 1.10  # budgets within a tenth count as equal

LEDGER: dict[str, tuple[str, Rule]] = {
    "protocol": ("patients tested by", "same"),
    "trials": ("trials allowed", "allowed"),
    "epochs_allowed": ("epochs allowed in a trial", "allowed"),
    "space_size": ("settings searched over", "allowed"),
    "epochs_used": ("epochs used in the final", "used"),
    "seconds": ("seconds of the final training", "shown"),
    "study_seconds": ("seconds of all trainings", "shown"),
    "device": ("trained on", "same"),
    "seeds": ("final trainings", "same"),
    "selected_on": ("settings chosen on", "on validation"),
    "preset": ("preset", "same"),
    "patients_left_out": ("unusable patients left out", "same"),
    "precision": ("precision", "same"),
    "pretrained": ("pre-trained weights", "same"),
    "pruner": ("pruner", "same"),
    "parameters": ("parameters", "shown"),
    "search": ("inference search", "same"),
    "tta": ("test-time augmentation chosen", "shown"),
    "threshold": ("threshold chosen", "shown"),
    "threshold_at_edge": ("threshold at the edge of the search", "shown"),
    "morphology": ("morphology chosen", "shown"),
    "min_size": ("its component size, pixels of 256x256", "shown"),
    "ms_per_case": ("milliseconds per case", "shown"),
}
"""Facts every comparison shows, in this order; further facts of the designs follow."""

UNSHOWN = frozenset({"run_ids", "generated", "imported"})
UNFAIR = {
    "allowed": "unequal budget: the difference may reflect training or tuning, not the design",
    "on validation": "chosen on test patients: these scores are optimistic",
}


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
    def judges_budget(self) -> bool:
        """Whether the fact decides about fairness, rather than describing a design."""
        return LEDGER.get(self.fact, ("", "shown"))[1] in UNFAIR


def ledger(designs: Sequence[Design]) -> tuple[LedgerRow, ...]:
    """Return the parity table of these designs."""
    facts = {fact for design in designs for fact in design.facts} - UNSHOWN
    stated = {fact for fact in facts if not fact.startswith(PLANNED)}
    rules = dict(LEDGER)
    rules.update(
        {fact: (fact.replace("_", " "), "same") for fact in sorted(stated - LEDGER.keys())}
    )
    return tuple(_row(fact, label, rule, designs) for fact, (label, rule) in rules.items())


def _row(fact: str, label: str, rule: Rule, designs: Sequence[Design]) -> LedgerRow:
    values = [design.facts.get(fact) for design in designs]
    colour, remark = _judged(rule, values)
    texts = tuple(fact_text(value) for value in values)
    return LedgerRow(fact, label, texts, colour, remark, tuple(values))


def _judged(rule: Rule, values: Sequence[object]) -> tuple[Colour, str]:
    known = [value for value in values if value is not None]
    if rule == "on validation" and any(value != "validation" for value in known):
        return "red", UNFAIR[rule]
    if rule == "allowed" and _unequal(known):
        return "red", UNFAIR[rule]
    if len(known) < len(values):
        return "grey", "not stated"
    if rule == "used" and _unequal(known):
        return "amber", "stopped at different points by the same rule"
    if rule == "same" and len({str(value) for value in known}) > 1:
        return "amber", "differs between the designs"
    return "", ""


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
