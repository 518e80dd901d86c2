"""Targets, units and counts as sentences name them."""

from __future__ import annotations

from ablation.comparison.analysis.contrasts import Analysis


def target_name(target: str) -> str:
    """Return a target as a sentence names it; a bare number is a label.

    >>> target_name("WT"), target_name("1")
    ('WT', 'label 1')
    """
    return f"label {target}" if target.replace(".", "", 1).isdigit() else target


def unit_name(analysis: Analysis) -> str:
    """Return the unit a difference is in: "mm HD95", "Dice"."""
    return f"{analysis.unit} {analysis.metric.label}".strip()


def listed(names: list[str]) -> str:
    """Return names as a sentence lists them.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
