"""What a comparison concludes: one decision, which every sentence, table and figure reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

NOISE = 1e-12  # of the largest difference: a mean this close to 0 is 0

RULE = (
    "A design was called better only where the deciding test was significant after adjustment and "
    "its own estimate, the mean difference and the number of missed cases did not point the other "
    "way. Where the t interval of the mean difference included 0, the mean was called uncertain. "
    "Where the test was significant but the mean or the missed cases pointed the other way, the "
    "result was called contradictory and no design better. Where the test was not significant, the "
    "result was called inconclusive, which is no evidence that designs are alike. Where no test "
    "could be significant with so few patients, nothing was decided."
)
"""The rule of the verdict in words, of STATISTICS.md 8.3."""


class Form(StrEnum):
    """What a comparison can conclude."""

    SUPERIOR = "superior"
    """The planned test is significant, and estimate, mean and missed cases agree with it."""
    MEAN_UNCERTAIN = "superior for most patients, mean uncertain"
    """The same, but the interval of the mean difference includes 0."""
    CONTRADICTORY = "contradictory"
    """The planned test is significant, but mean or missed cases point the other way."""
    INCONCLUSIVE = "inconclusive"
    """The planned test is not significant."""
    TOO_FEW = "too few"
    """The planned test cannot be significant with so few patients."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """Whom each summary favours: above 0 the candidate, below 0 the reference, 0 neither."""

    test: float
    estimate: float
    mean: float
    missed: float
    """Above 0 where the candidate misses a smaller share of the tumours."""

    @property
    def opposing(self) -> tuple[str, ...]:
        """What points away from the test: "estimate", "mean", "missed"."""
        others = {"estimate": self.estimate, "mean": self.mean, "missed": self.missed}
        return tuple(name for name, value in others.items() if value * self.test < 0)


@dataclass(frozen=True, slots=True)
class Decision:
    """The conclusion of one comparison."""

    form: Form
    better: str
    """The design that is called better; "" where none is."""
    favoured: str
    """The design that the planned test points to, significant or not; "" for neither."""
    opposing: tuple[str, ...]
    """What points away from the test: "estimate", "mean", "missed"."""

    @property
    def names_one(self) -> bool:
        """Whether a design is called better."""
        return bool(self.better)


def decide(
    pair: tuple[str, str],
    ahead: Ahead,
    p: float,
    best_p: float,
    mean_interval: tuple[float | None, float | None],
    alpha: float,
) -> Decision:
    """Return what a comparison concludes; see `RULE`.

    Args:
        pair: Candidate and reference.
        ahead: Whom test, estimate, mean and missed cases favour.
        p: Adjusted, of the planned test.
        best_p: The smallest adjusted p that so many patients can give, beside the p at hand of the
            other comparisons.
        mean_interval: t interval of the mean difference; None where there is none.
        alpha: What p has to fall below.

    >>> ahead = Ahead(test=2.5, estimate=0.005, mean=-0.046, missed=0)
    >>> decide(("new", "base"), ahead, 0.011, 1e-20, (-0.09, 0.0), 0.05).form.value
    'contradictory'
    """
    favoured = "" if ahead.test == 0 else pair[0] if ahead.test > 0 else pair[1]
    form = _form(ahead, p, best_p, mean_interval, alpha)
    named = form in (Form.SUPERIOR, Form.MEAN_UNCERTAIN)
    return Decision(form, favoured if named else "", favoured, ahead.opposing)


def _form(
    ahead: Ahead,
    p: float,
    best_p: float,
    mean_interval: tuple[float | None, float | None],
    alpha: float,
) -> Form:
    if best_p >= alpha:
        return Form.TOO_FEW
    if p >= alpha or ahead.test == 0:
        return Form.INCONCLUSIVE
    if ahead.opposing:
        return Form.CONTRADICTORY
    low, high = mean_interval
    includes_zero = low is not None and high is not None and low <= 0 <= high
    return Form.MEAN_UNCERTAIN if includes_zero else Form.SUPERIOR


def side(value: float, d: Sequence[float]) -> float:
    """Return a summary of differences, 0 where it differs from 0 by rounding alone.

    >>> side(5e-18, [0.05, -0.05]), side(0.01, [0.05, -0.03])
    (0.0, 0.01)
    """
    reach = float(np.max(np.abs(d), initial=0.0))
    return 0.0 if abs(value) <= NOISE * max(reach, NOISE) else value
