"""Scores that do not exist: cases left out for every design, and missed ones without a distance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ablation.comparison.analysis.contrasts import Analysis, cases_by_training, of_target
from ablation.comparison.analysis.empties import scores_under, without_size
from ablation.config.sections import ComparisonConfig


@dataclass(frozen=True, slots=True)
class Lacking:
    """Cases of one analysis that lack a score."""

    analysis: Analysis
    count: Mapping[str, int]
    """Of each design, over all its trainings."""
    of: int
    """Cases of the analysis."""
    differs: bool
    """Other cases lack a score under one design than under another."""
    counted_as: float | None
    """The distance that a missed case counts; None: the cases are left out for every design."""


def lacking(
    rows: pd.DataFrame, analyses: Sequence[Analysis], settings: ComparisonConfig
) -> tuple[Lacking, ...]:
    """Return what lacks a score in each analysis; nothing where all cases have one.

    Args:
        rows: Aligned rows of all targets.
        analyses: What came of them.
        settings: The rules of the comparison.
    """
    found = []
    for one in analyses:
        own = of_target(rows, one.target)
        undefined = cases_by_training(own, one.metric, settings.empty).isna()
        found.append(_lacking(one, undefined, None))
        if (
            one.role != "described"
            and one.metric.kind == "distance"
            and settings.empty != "exclude"
        ):
            scores = scores_under(own, one.metric, settings.empty)
            last = without_size(own.loc[scores.index], one.metric) & scores.notna()
            if last.any():
                cases = _by_training(own.loc[scores.index], last)
                found.append(_lacking(one, cases, float(scores[last].max())))
    return tuple(one for one in found if any(one.count.values()))


def _by_training(rows: pd.DataFrame, values: pd.Series) -> pd.DataFrame:
    table = rows.assign(value=values).pivot(
        index=["patient", "case"], columns=["design", "training"], values="value"
    )
    return table.fillna(value=False).astype(bool)


def _lacking(analysis: Analysis, cases: pd.DataFrame, counted_as: float | None) -> Lacking:
    """Count what is true in a table with a row per case and a column per (design, training)."""
    any_training = cases.T.groupby(level="design", sort=False).any().T
    return Lacking(
        analysis=analysis,
        count={name: int(cases[name].to_numpy().sum()) for name in analysis.scores},
        of=len(cases),
        differs=bool((any_training.nunique(axis=1) > 1).any()),
        counted_as=counted_as,
    )
