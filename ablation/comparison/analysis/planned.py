"""The planned test: the one p-value of a comparison that decides, chosen before the results."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablation.config.sections import ComparisonConfig
from ablation.statistics.paired import PairedT, SignedRank
from ablation.statistics.permutation import sign_flip
from ablation.statistics.power import minimum_attainable_p, patients_needed
from ablation.statistics.resampling import stream

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PlannedTest:
    """A test's answer on one difference per patient."""

    name: str
    """As in "Wilcoxon exact"."""
    p: float
    smallest_p: float
    """What this test could give at best with so many patients."""


def planned_test(
    d: Array, t: PairedT, rank: SignedRank, settings: ComparisonConfig, label: str
) -> PlannedTest:
    """Return the answer of the test that the settings name; 1 where t does not exist.

    Args:
        d: Oriented differences, one per patient.
        t: The paired t test of them.
        rank: The signed-rank test of them.
        settings: primary_test, alternative and seed are read.
        label: Of the stream of random flips; the same for a pair in both directions.
    """
    one_sided = settings.alternative == "greater"
    side = " one-sided" if one_sided else ""
    smallest = minimum_attainable_p(rank.n) / (2 if one_sided and rank.n > 1 else 1)
    if settings.primary_test == "t":
        return PlannedTest(f"paired t{side}", _t(t, one_sided), 0.0 if rank.n > 1 else 1.0)
    if settings.primary_test == "signflip":
        flips = sign_flip(d, stream(settings.seed, label))
        method = "exact" if flips.exact else f"with {flips.flips} draws"
        p = flips.p_greater if one_sided else flips.p_two_sided
        least = smallest if flips.exact else 1 / (flips.flips + 1)
        return PlannedTest(f"sign flips {method}{side}", p, least)
    method = "exact" if rank.exact else "normal"
    p = rank.p_greater if one_sided else rank.p_two_sided
    return PlannedTest(f"Wilcoxon {method}{side}", p, smallest)


def _t(t: PairedT, one_sided: bool) -> float:
    if t.p_two_sided is None or t.t is None:
        return 1.0
    if not one_sided:
        return t.p_two_sided
    return t.p_two_sided / 2 if t.t > 0 else 1 - t.p_two_sided / 2


def fewest_patients(settings: ComparisonConfig, comparisons: int, alpha: float) -> int:
    """Return the patients from which the planned test can fall below alpha at all."""
    if settings.primary_test == "t":
        return 2
    family = comparisons if settings.correction == "holm" else 1
    return patients_needed(family, 2 * alpha if settings.alternative == "greater" else alpha)
