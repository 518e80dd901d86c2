"""Where tumours were missed: who finds them, then the scores of those that both designs found.

A missed tumour scores 0 (or the penalty), so that one test answers two questions at once. Beside
it stand the two parts, and sign flips of the mean, in which the misses weigh as much as they cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ablation.comparison.analysis.contrasts import (
    MEAN_OF_TARGETS,
    Analysis,
    Contrast,
    complete_cases,
    of_target,
)
from ablation.comparison.analysis.empties import Missed, detection_contrasts
from ablation.config.sections import ComparisonConfig
from ablation.statistics.effects import HodgesLehmann, hodges_lehmann
from ablation.statistics.paired import MeanInterval, SignedRank, differences, mean_interval
from ablation.statistics.paired import signed_rank as ranked
from ablation.statistics.permutation import sign_flip
from ablation.statistics.resampling import stream


@dataclass(frozen=True, slots=True)
class Found:
    """The differences of the patients whose tumours both designs found, candidate minus reference."""

    mean: MeanInterval
    shift: HodgesLehmann
    rank: SignedRank


@dataclass(frozen=True, slots=True)
class TwoParts:
    """A primary comparison with missed tumours in its two parts; nothing here is adjusted."""

    target: str
    candidate: str
    reference: str
    missed: tuple[Missed, Missed]
    """Of candidate and reference."""
    p_missed: float | None
    """Exact McNemar; None where a patient has several tumours or a design several trainings."""
    found: Found | None
    """None where no tumour was found by both designs in all trainings."""
    p_flips: float
    """Studentised sign flips of the mean difference, missed tumours included; two-sided."""


def two_parts(
    rows: pd.DataFrame, analyses: Sequence[Analysis], settings: ComparisonConfig
) -> tuple[TwoParts, ...]:
    """Return the parts of each primary comparison in which a design missed a tumour.

    Args:
        rows: Aligned rows of all targets.
        analyses: Their primary ones are taken, those of single targets and of patients.
        settings: Level, empty-mask rule and seed are read.
    """
    return tuple(
        _parts(of_target(rows, one.target), one, contrast, settings)
        for one in analyses
        if one.role == "primary" and one.unit_of_analysis == "patient"
        if one.target != MEAN_OF_TARGETS and one.metric.kind in ("ratio", "distance")
        for contrast in one.contrasts
        if any(missed.count for missed in contrast.missed)
    )


def _parts(
    rows: pd.DataFrame, analysis: Analysis, contrast: Contrast, settings: ComparisonConfig
) -> TwoParts:
    pair = (contrast.candidate, contrast.reference)
    own = rows[rows["design"].isin(pair)]
    scored = own[~own["filled"].astype(bool)] if "filled" in own else own
    label = " ".join(["flips", analysis.target, *sorted(pair)])
    mcnemar = next(iter(detection_contrasts(scored, [pair])), None)
    d = list(_of_found(own, analysis, pair, settings))
    return TwoParts(
        target=analysis.target,
        candidate=pair[0],
        reference=pair[1],
        missed=contrast.missed,
        p_missed=mcnemar.p if mcnemar else None,
        found=Found(mean_interval(d, settings.level), hodges_lehmann(d, settings.level), ranked(d))
        if d
        else None,
        p_flips=sign_flip(np.array(contrast.d), stream(settings.seed, label)).p_two_sided,
    )


def _of_found(
    rows: pd.DataFrame, analysis: Analysis, pair: tuple[str, str], settings: ComparisonConfig
) -> Iterator[float]:
    """One difference per patient, over the cases that both designs found in every training."""
    unseen = rows[rows["status"] != "scored"]
    missed = set(unseen[["patient", "case"]].itertuples(index=False, name=None))
    cases = complete_cases(rows, analysis.metric, settings.empty)
    both = cases[[key not in missed for key in cases.index]]
    if both.empty:
        return
    by_patient = both.groupby(level="patient").mean()
    a, b = (pd.DataFrame(by_patient[name]).mean(axis=1).to_numpy() for name in pair)
    yield from differences(a, b).tolist()
