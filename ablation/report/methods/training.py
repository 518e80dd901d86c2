"""How the designs were tuned and trained, and on whom they were tested, as far as it is stated."""

from __future__ import annotations

from collections.abc import Iterator

from ablation.comparison import Comparison, protocol
from ablation.comparison.analysis.ledger import LedgerRow
from ablation.fairness.facts import VALIDATION

SETTINGS = (
    *("layout", "network", "loss", "augmentation"),
    *("preset", "space_size", "pruner", "precision", "pretrained", "device"),
    *("search", "threshold", "tta", "morphology", "patients_left_out"),
)
"""Facts of the ledger that a paper names, beside the budget."""


def training(comparison: Comparison) -> Iterator[str]:
    """Yield sentences on data, tuning, training and the patients of the test."""
    facts = {row.fact: row for row in comparison.ledger}
    if comparison.bands:
        yield f"These are {' with '.join(comparison.bands)}; they say nothing about patients."
    given = zip(comparison.designs, comparison.facts, strict=True)
    unknown = [name for name, one in given if one.selected_on is None]
    if len(unknown) < len(comparison.designs):
        yield _tuning(comparison, facts)
    if _trained_here(comparison):
        yield (
            "Networks were trained with TensorFlow [@abadi2016], "
            "their runs recorded with MLflow [@zaharia2018]."
        )
    if unknown:
        yield f"Training data and tuning of {_listed(unknown)} are not known."
    yield _tested(comparison, bool(unknown))
    if max(comparison.trainings) == 1:
        yield "Each design was trained once: conclusions are about these weights."
    settings = [
        f"{facts[name].label}: {_value(facts[name], comparison)}"
        for name in SETTINGS
        if _stated(facts.get(name))
    ]
    if settings:
        yield f"Settings: {'; '.join(settings)}."


def _tuning(comparison: Comparison, facts: dict[str, LedgerRow]) -> str:
    chosen = facts["selected_on"]
    parts = [f"Settings of each design were chosen on {_value(chosen, comparison)} patients"]
    if len(set(chosen.values)) > 1:
        parts = [f"Settings were chosen on patients of: {_value(chosen, comparison)}"]
    if _trained_here(comparison):
        parts[0] += " with Optuna [@akiba2019]"
    parts += [
        f"{facts[name].label}: {_value(facts[name], comparison)}"
        for name in ("trials", "epochs_allowed")
        if _stated(facts.get(name))
    ]
    return "; ".join(parts) + "."


def _tested(comparison: Comparison, some_unknown: bool) -> str:
    who = (
        "All designs were scored on the same" if len(comparison.designs) > 1 else "It was scored on"
    )
    patients = comparison.primary.counted
    if any(comparison.folds):  # what that means, and whose folds, is among the notes
        same = len(set(comparison.folds)) == 1
        way = f" (by nested {protocol(comparison.folds[0])})" if same else ""
        return f"{who} {patients}{way}."
    known = " (where that is known)" if some_unknown else ""
    unseen = (
        "" if _from_test(comparison) else f", which neither training nor tuning had seen{known}"
    )
    return f"{who} {patients}{unseen}."


def _from_test(comparison: Comparison) -> bool:
    return any(one.selected_on not in (None, VALIDATION) for one in comparison.facts)


def _trained_here(comparison: Comparison) -> bool:
    """Whether some design was: only these state a precision."""
    return any(one.precision is not None for one in comparison.facts)


def _stated(row: LedgerRow | None) -> bool:
    """Whether a design says something; counts of nothing say nothing."""
    return row is not None and any(value not in (None, 0) for value in row.stated)


def _value(row: LedgerRow, comparison: Comparison) -> str:
    """The value all share, or whose is which: "unet 50, resupnet 20"."""
    known = dict.fromkeys(
        text for text, value in zip(row.values, row.stated, strict=True) if value is not None
    )
    if len(known) == 1:
        return next(iter(known))
    pairs = zip(comparison.designs, row.values, row.stated, strict=True)
    return ", ".join(f"{name} {text}" for name, text, value in pairs if value is not None)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
