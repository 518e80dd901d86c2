"""The planned test: the one p-value of a comparison that decides, chosen before the results."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablation.config.sections import ComparisonConfig
from ablation.statistics.corrections import CORRECTIONS
from ablation.statistics.paired_tests import TESTS
from ablation.statistics.paired_tests.spec import Alternative, Answer, Estimate, Method
from ablation.statistics.resampling import stream

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class UsedTest:
    """Which test gave a p-value, and how."""

    name: str
    """Of the registry of paired tests, as in `comparison.primary_test`."""
    alternative: Alternative
    method: Method
    """exact, normal, drawn or formula."""
    draws: int | None
    """Random outcomes that were drawn; None for other methods."""


@dataclass(frozen=True, slots=True)
class Planned:
    """The planned test's answer on one difference per patient."""

    printed: str
    """As in "Wilcoxon exact"."""
    used: UsedTest
    p: float
    smallest_p: float
    """What this test could give at best with so many patients."""
    direction: float
    """Above 0 where the test favours the candidate, below 0 where the reference."""
    estimate: Estimate
    """Candidate minus reference, as the scores stand."""


def planned_test(
    d: Array, settings: ComparisonConfig, label: str, *, higher_is_better: bool
) -> Planned:
    """Return the answer of the test that the settings name; p is 1 where it is not defined.

    Args:
        d: Candidate minus reference, as the scores stand, one per patient.
        settings: primary_test, alternative, level and seed are read.
        label: Of the stream of random numbers; the same for a pair in both directions.
        higher_is_better: Direction of the metric; a one-sided test asks for better.
    """
    test, alternative = TESTS[settings.primary_test], settings.alternative
    found = tested(d if higher_is_better else -d, settings, label)
    return Planned(
        printed=test.printed(found, alternative),
        used=UsedTest(test.name, alternative, found.method, found.draws),
        p=1.0 if found.p is None else found.p,
        smallest_p=test.smallest_p(d.size, alternative),
        direction=found.direction,
        estimate=test.estimate(d, interval_level(settings)),
    )


def interval_level(settings: ComparisonConfig) -> float:
    """Return the level of the intervals that belong to the planned test.

    A limit of the 90 % interval excludes 0 where a one-sided test has p < 0.05.
    """
    one_sided = settings.alternative == "greater"
    return round(2 * settings.level - 1, 12) if one_sided else settings.level


def tested(d: Array, settings: ComparisonConfig, label: str) -> Answer:
    """Return what the test that the settings name says of differences, above 0 the first better."""
    test = TESTS[settings.primary_test]
    return test.run(d, settings.alternative, stream(settings.seed, label))


def fewest_patients(settings: ComparisonConfig, comparisons: int, alpha: float) -> int:
    """Return the patients from which the planned test can fall below alpha at all."""
    family = comparisons if CORRECTIONS[settings.correction].multiplies_smallest else 1
    return TESTS[settings.primary_test].fewest_patients(alpha, family, settings.alternative)
