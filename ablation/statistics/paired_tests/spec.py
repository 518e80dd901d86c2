"""What a paired test declares, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Array: TypeAlias = "NDArray[np.float64]"
Rng: TypeAlias = "np.random.Generator"
Alternative = Literal["two-sided", "greater"]


class Method(StrEnum):
    """How a p-value was computed."""

    EXACT = "exact"
    """Over all outcomes that the null hypothesis allows."""
    NORMAL = "normal"
    """By a normal approximation."""
    DRAWN = "drawn"
    """Over outcomes drawn at random."""
    FORMULA = "formula"
    """By the distribution of the test statistic, as for t."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A test's answer."""

    p: float | None
    """None where the test is not defined, as t where all differences are equal."""
    direction: float
    """Above 0 where the test favours the candidate, below 0 where the reference."""
    method: Method
    draws: int | None = None
    """Of method drawn: how many."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The size of the difference that belongs to a test, in the unit of the differences."""

    value: float
    low: float | None
    """None where the test has no interval, or so few patients allow none."""
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedTest:
    """A test of one difference per patient.

    Differences have shape (patients,), candidate minus reference, oriented so that above 0 the
    candidate is better; at least one, all finite.

    Example:
        >>> from ablation.statistics.paired_tests import TESTS
        >>> TESTS["t"].label, TESTS["t"].estimate_label
        ('paired t', 'mean')
    """

    name: str
    """As written in the configuration and behind --primary-test."""
    short: str
    """As printed in tables, before the method: "Wilcoxon" of "Wilcoxon exact"."""
    label: str
    """Its full name, as in "Wilcoxon signed-rank"."""
    run: Callable[[Array, Alternative, Rng], Answer]
    """Differences, alternative and a source of random numbers -> answer."""
    smallest_p: Callable[[int, Alternative], float]
    """Patients -> the p that no data can undercut."""
    fewest_patients: Callable[[float, int, Alternative], int]
    """alpha and the number of comparisons that p is multiplied by -> the fewest patients with
    which p can fall below alpha."""
    estimate: Callable[[Array, float], Estimate]
    """Differences and confidence level -> the estimate that belongs to the test."""
    estimate_label: str
    """What is estimated, as in "Hodges-Lehmann shift"."""
    sentences: Mapping[Method, str]
    """For each method it uses, the test in the methods text, with its sources as [@key];
    {draws:,} stands for the number of draws."""
    bibtex: str = ""
    """Entries of the sources that references.bib lacks."""

    def printed(self, tested: Answer, alternative: Alternative) -> str:
        """Return the test as tables name it.

        >>> from ablation.statistics.paired_tests import TESTS
        >>> TESTS["wilcoxon"].printed(Answer(0.04, 2.1, Method.EXACT), "greater")
        'Wilcoxon exact one-sided'
        """
        by = {
            Method.EXACT: " exact",
            Method.NORMAL: " normal",
            Method.DRAWN: f" with {tested.draws} draws",
            Method.FORMULA: "",
        }
        side = " one-sided" if alternative == "greater" else ""
        return f"{self.short}{by[tested.method]}{side}"

    def sentence(self, method: Method, draws: int | None) -> str:
        """Return the test as the methods text names it."""
        return self.sentences[method].format(draws=draws)


def smallest_exact_p(n: int, alternative: Alternative) -> float:
    """Return the smallest p of a test over the 2^n sign flips of n patients.

    >>> smallest_exact_p(6, "two-sided"), smallest_exact_p(6, "greater")
    (0.03125, 0.015625)
    """
    from ablation.statistics.power import minimum_attainable_p

    return minimum_attainable_p(n if alternative == "two-sided" else n + 1)


def fewest_for_exact(alpha: float, comparisons: int, alternative: Alternative) -> int:
    """Return the fewest patients with which such a test can fall below alpha.

    >>> fewest_for_exact(0.05, 1, "two-sided"), fewest_for_exact(0.05, 3, "two-sided")
    (6, 7)
    """
    from ablation.statistics.power import patients_needed

    return patients_needed(comparisons, alpha if alternative == "two-sided" else 2 * alpha)
