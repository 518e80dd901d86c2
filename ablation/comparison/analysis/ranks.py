"""Three designs or more on one metric: who is ahead, by which scheme, and how firmly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablation.config.sections import ComparisonConfig
from ablation.metrics.metric import Metric
from ablation.statistics.ranking import Friedman, Groups, Schemes, friedman, groups, schemes
from ablation.statistics.stability import RankStability, leave_one_out_winner, rank_stability

Array = NDArray[np.float64]
Tested = tuple[str, str, str]
"""Candidate, reference and the design that is called better; "" for none."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Ranks of the designs over the same patients; columns in the order of `designs`."""

    designs: tuple[str, ...]
    friedman: Friedman
    schemes: Schemes
    groups: Groups
    """Designs, by mean rank, of which the planned comparisons call none better than another."""
    stability: RankStability
    changing_patients: tuple[str, ...]
    """Patients without any one of whom another design has the best mean."""


def rank_designs(
    scores: Mapping[str, Array],
    metric: Metric,
    counts: Array,
    settings: ComparisonConfig,
    patients: Sequence[str],
    tested: Sequence[Tested],
) -> Ranking:
    """Rank three designs or more.

    Args:
        scores: One value per patient of each design.
        metric: Its direction is read.
        counts: Draws of patients, shared with the intervals.
        settings: The level and the reference are read.
        patients: Names, to say who changes the winner.
        tested: The planned comparisons with the design that is called better; "" for none.
    """
    names = list(scores)
    table = np.stack([scores[name] for name in names], axis=1)
    higher = metric.higher_is_better
    wins = [
        (names.index(better), names.index(b if better == a else a))
        for a, b, better in tested
        if better
    ]
    omnibus = friedman(table, higher_is_better=higher)
    order = sorted(range(len(names)), key=lambda i: (omnibus.mean_ranks[i], names[i]))
    left_out = leave_one_out_winner(table, higher_is_better=higher)
    return Ranking(
        designs=tuple(names),
        friedman=omnibus,
        schemes=schemes(table, wins, higher_is_better=higher),
        groups=_groups([names[i] for i in order], tested, settings.reference),
        stability=rank_stability(table, counts, settings.level, higher_is_better=higher),
        changing_patients=tuple(patients[i] for i in left_out.changing),
    )


def _groups(
    in_rank_order: Sequence[str], tested: Sequence[Tested], reference: str | None
) -> Groups:
    """Return the bars; with a reference only those that hold it, as no other pair was tested."""
    apart = [(a, b) for a, b, better in tested if better]
    found = groups(in_rank_order, apart)
    if reference is None:
        return found
    bars = tuple(bar for bar in found.bars if reference in bar)
    joined = {name for bar in bars for name in bar}
    alike = {name for a, b, better in tested if not better for name in (a, b)}
    return Groups(bars, alike <= joined)
