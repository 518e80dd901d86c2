"""What the designs scored on the validation patients that chose their settings, beside the test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from ablation.comparison.analysis.contrasts import Analysis
from ablation.comparison.analysis.empties import Policy, scores_under
from ablation.comparison.tables.align import Design


@dataclass(frozen=True, slots=True)
class Validation:
    """A design's mean on validation patients; settings were chosen there, so it is optimistic."""

    design: str
    target: str
    metric: str
    mean: float
    patients: int
    gap: float
    """Test mean minus validation mean, in the metric's unit."""


def validations(
    designs: Sequence[Design], analyses: Sequence[Analysis], policy: Policy
) -> tuple[Validation, ...]:
    """Return the validation mean of each design under the primary metric and the same rules.

    Scores are averaged as those of the test are: over trainings and cases within a patient, then
    over patients. A design whose tables hold no validation patient with a score has no entry.
    """
    found = []
    for analysis in analyses:
        if analysis.role != "primary":
            continue
        tested = {summary.design: summary.interval.mean for summary in analysis.summaries}
        for design in designs:
            scores = _by_patient(design, analysis, policy)
            if scores.empty or design.name not in tested:
                continue
            mean = float(scores.mean())
            found.append(
                Validation(
                    design=design.name,
                    target=analysis.target,
                    metric=analysis.metric.name,
                    mean=mean,
                    patients=len(scores),
                    gap=tested[design.name] - mean,
                )
            )
    return tuple(found)


def _by_patient(design: Design, analysis: Analysis, policy: Policy) -> pd.Series:
    rows = pd.concat(design.cases, ignore_index=True)
    chosen = rows[(rows["split"] == "validation") & (rows["target"] == analysis.target)]
    if chosen.empty or analysis.metric.name not in chosen:
        return pd.Series(dtype=float)
    scores = scores_under(chosen, analysis.metric, policy).dropna()
    return scores.groupby(chosen.loc[scores.index, "patient"].astype(str)).mean()
