"""How many patients a comparison needs: the rule of the verdict on the differences of a pilot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from ablation.comparison.analysis.contrasts import Analysis, Contrast
from ablation.comparison.result import Comparison
from ablation.errors import ComparisonError
from ablation.statistics.corrections import CORRECTIONS
from ablation.statistics.paired import differences
from ablation.statistics.paired_tests.spec import Alternative
from ablation.statistics.resampling import stream
from ablation.statistics.simulation import (
    FEWEST,
    MOST_PATIENTS,
    POWER,
    Population,
    Rule,
    calls,
    equivalent,
    non_inferior,
    patients_for,
    tilted,
    tilted_to,
)

Goal = Literal["superiority", "non-inferiority", "equivalence"]
Succeeds = Callable[[NDArray[np.float64]], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Need:
    """The patients that one goal of one comparison needs."""

    target: str
    metric: str
    candidate: str
    reference: str
    goal: Goal
    difference: float
    """True mean difference that is assumed, in the unit of the metric; 0 for the goals with a margin."""
    margin: float | None
    """None for superiority."""
    power: float
    patients: int | None
    """None where more than 10,000 are needed, or so large a difference is not in the pilot."""

    @property
    def patients_text(self) -> str:
        """The patients as printed.

        >>> Need("", "dice", "a", "b", "superiority", 0.02, None, 0.8, 1240).patients_text
        '1,240'
        """
        return f"over {MOST_PATIENTS:,}" if self.patients is None else f"{self.patients:,}"


def patients_needed(
    pilot: Comparison, difference: float | None = None, power: float = POWER
) -> tuple[Need, ...]:
    """Return how many patients each comparison of the primary metric needs.

    The differences of the pilot are resampled, and the rule of the verdict is applied to each data
    set: the planned test with the adjustment for so many comparisons, and the mean on the same side.

    Args:
        pilot: A comparison of at least ten patients.
        difference: True mean difference to be found, above 0; None: that of the pilot.
        power: How often the rule has to succeed.

    Non-inferiority and equivalence are planned where the pilot has a margin for the metric, for
    designs without a true difference.

    Raises:
        ComparisonError: for a pilot of one design, or of fewer than ten patients.
    """
    primary = [(a, c) for a in pilot.analyses if a.role == "primary" for c in a.contrasts]
    if not primary:
        raise ComparisonError(
            "a pilot needs two designs", hint="Give a table of each, or one with a column model."
        )
    fewest = min(c.n for _, c in primary)
    if fewest < FEWEST:
        raise ComparisonError(
            f"the pilot has {fewest} patients; at least {FEWEST} are needed",
            hint="Score more patients: the spread of fewer says too little of further ones.",
        )
    return tuple(
        need
        for analysis, contrast in primary
        for need in _needs(pilot, analysis, contrast, difference, power)
    )


def _needs(
    pilot: Comparison,
    analysis: Analysis,
    contrast: Contrast,
    difference: float | None,
    power: float,
) -> Iterator[Need]:
    a, b = contrast.candidate, contrast.reference
    d = differences(analysis.scores[a], analysis.scores[b])
    family = contrast.family if CORRECTIONS[contrast.correction].multiplies_smallest else 1
    alpha = round(1 - pilot.level, 12) / family
    rule = Rule(contrast.used.name, cast("Alternative", pilot.settings["alternative"]), alpha)
    assumed = abs(float(d.mean())) if difference is None else difference
    margins = cast("dict[str, float]", pilot.settings["margin"])
    margin = margins.get(analysis.metric.name)
    label = f"plan {analysis.target} {analysis.metric.name} {a} {b}"

    def need(goal: Goal, population: Population | None, true: float, succeeds: Succeeds) -> Need:
        rng = stream(cast("int", pilot.settings["seed"]), f"{label} {goal}")
        found = None if population is None else patients_for(succeeds, population, rng, power)
        limit = None if goal == "superiority" else margin
        name = analysis.metric.name
        return Need(analysis.target, name, a, b, goal, true, limit, power, found)

    yield need("superiority", tilted_to(d, assumed), assumed, lambda x: calls(x, rule) > 0)
    if margin is not None:
        same = tilted(d, 0.0)
        yield need("non-inferiority", same, 0.0, lambda x: non_inferior(x, margin, alpha / 2))
        yield need("equivalence", same, 0.0, lambda x: equivalent(x, margin, alpha))
