"""How the designs were tuned and trained, and on whom they were tested, as far as it is stated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ablation.comparison import Comparison, protocol
from ablation.comparison.analysis.ledger import LedgerRow
from ablation.fairness.facts import VALIDATION, FairnessFacts
from ablation.report.methods.recipe import sentences
from ablation.report.source import Source

SETTINGS = (
    *("layout", "network", "loss", "augmentation"),
    *("preset", "space_size", "pruner", "precision", "pretrained", "device"),
    *("search", "threshold", "tta", "morphology", "patients_left_out"),
)
"""Facts of the ledger that a paper names, beside the budget."""

OF_RECIPES = frozenset({"layout", "space_size", "pruner", "precision"})
"""Facts that the sentences about a recipe say already."""

NOT_STATED = "training and tuning data not stated"
RUNS_NOT_STATED = f"{NOT_STATED}, number of training runs not stated"


def training(comparison: Comparison, source: Source) -> Iterator[str]:
    """Yield sentences on data, tuning, training and the patients of the test."""
    facts = {row.fact: row for row in comparison.ledger}
    recipes = [one for one in source.material.recipes if one.design in comparison.designs]
    if comparison.bands:
        yield f"These are {' with '.join(comparison.bands)}; they say nothing about patients."
    known = [name for name, one in _given(comparison) if one.selected_on is not None]
    if known:
        yield _tuning(comparison, facts)
    if _trained_here(comparison):
        yield (
            "Networks were trained with TensorFlow [@abadi2016], "
            "their runs recorded with MLflow [@zaharia2018]."
        )
    yield from sentences(recipes)
    yield from _of_others(comparison)
    yield _tested(comparison, known)
    of_recipes = any(c.recipe for c in comparison.primary.contrasts)
    once = max(comparison.trainings) == 1 and not of_recipes
    if once and len(known) == len(comparison.designs):
        yield "Each design was trained once: conclusions are about these weights."
    elif once and known:
        yield f"Trained once: {_listed(known)}; conclusions are about these weights."
    settings = [
        f"{facts[name].label}: {_value(facts[name], comparison)}"
        for name in SETTINGS
        if _stated(facts.get(name)) and not (recipes and name in OF_RECIPES)
    ]
    if settings:
        yield f"Settings: {'; '.join(settings)}."


def _given(comparison: Comparison) -> list[tuple[str, FairnessFacts]]:
    return list(zip(comparison.designs, comparison.facts, strict=True))


def _of_others(comparison: Comparison) -> Iterator[str]:
    """Say of designs that other programs trained what is known of them."""
    several = max(comparison.trainings) > 1
    unknown = NOT_STATED if several else RUNS_NOT_STATED
    silent = [(name, one.imported) for name, one in _given(comparison) if one.selected_on is None]
    masks = [name for name, imported in silent if imported == "masks"]
    tables = [name for name, imported in silent if imported != "masks"]
    if masks:
        yield f"Masks of {_listed(masks)} come from other programs and were scored here; {unknown}."
    if tables:
        yield f"Scores of {_listed(tables)} are as given in the tables; {unknown}."


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


def _tested(comparison: Comparison, known: Sequence[str]) -> str:
    who = (
        "All designs were scored on the same" if len(comparison.designs) > 1 else "It was scored on"
    )
    if not known:  # a table does not say that these patients are a test set
        n, unit = len(comparison.primary.patients), comparison.primary.unit_of_analysis
        way = " by cross-validation" if any(comparison.folds) else ""
        return f"{who} {n} {unit}{'' if n == 1 else 's'}{way}."
    patients = comparison.primary.counted
    if any(comparison.folds):  # what that means, and whose folds, is among the notes
        same = len(set(comparison.folds)) == 1
        way = f" (by nested {protocol(comparison.folds[0])})" if same else ""
        return f"{who} {patients}{way}."
    whose = "" if len(known) == len(comparison.designs) else f" of {_listed(known)}"
    unseen = (
        "" if _from_test(comparison) else f", which neither training nor tuning{whose} had seen"
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


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
