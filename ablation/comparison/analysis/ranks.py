"""Three designs or more on one metric: who is ahead, by which scheme, and how firmly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ablation.comparison.analysis.planned import tested
from ablation.config.sections import ComparisonConfig
from ablation.metrics.metric import Metric
from ablation.statistics.corrections import CORRECTIONS
from ablation.statistics.paired import differences
from ablation.statistics.ranking import Friedman, Groups, Schemes, friedman, groups, schemes
from ablation.statistics.stability import RankStability, leave_one_out_winner, rank_stability

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Ranks of the designs over the same patients; columns in the order of `designs`."""

    designs: tuple[str, ...]
    friedman: Friedman
    schemes: Schemes
    groups: Groups
    """Designs, by mean rank, that the planned test between all pairs does not separate."""
    stability: RankStability
    changing_patients: tuple[str, ...]
    """Patients without any one of whom another design has the best mean."""


def rank_designs(
    scores: Mapping[str, Array],
    metric: Metric,
    counts: Array,
    settings: ComparisonConfig,
    patients: Sequence[str],
) -> Ranking:
    """Rank three designs or more.

    Args:
        scores: One value per patient of each design.
        metric: Its direction is read.
        counts: Draws of patients, shared with the intervals.
        settings: The planned test, its adjustment and the level.
        patients: Names, to say who changes the winner.
    """
    names = list(scores)
    table = np.stack([scores[name] for name in names], axis=1)
    higher = metric.higher_is_better
    wins = _significant_wins(table, names, metric, settings)
    omnibus = friedman(table, higher_is_better=higher)
    order = sorted(range(len(names)), key=lambda i: (omnibus.mean_ranks[i], names[i]))
    left_out = leave_one_out_winner(table, higher_is_better=higher)
    return Ranking(
        designs=tuple(names),
        friedman=omnibus,
        schemes=schemes(table, wins, higher_is_better=higher),
        groups=groups([names[i] for i in order], [(names[a], names[b]) for a, b in wins]),
        stability=rank_stability(table, counts, settings.level, higher_is_better=higher),
        changing_patients=tuple(patients[i] for i in left_out.changing),
    )


def _significant_wins(
    table: Array, names: Sequence[str], metric: Metric, settings: ComparisonConfig
) -> list[tuple[int, int]]:
    """(better, worse) columns of all pairs, adjusted together, whatever the planned pairs are."""
    two_sided = settings.model_copy(update={"alternative": "two-sided"})
    pairs = list(combinations(range(table.shape[1]), 2))
    found = []
    for a, b in pairs:
        d = metric.sign * differences(table[:, a], table[:, b])
        label = " ".join(["ranks", metric.name, *sorted((names[a], names[b]))])
        answer = tested(d, two_sided, label)
        p = 1.0 if answer.p is None else answer.p
        found.append((p, (a, b) if answer.direction > 0 else (b, a)))
    adjusted = CORRECTIONS[settings.correction].adjust([p for p, _ in found])
    alpha = 1 - settings.level
    return [pair for p, (_, pair) in zip(adjusted, found, strict=True) if p < alpha]
