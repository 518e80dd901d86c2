"""A difference against the smallest one that matters, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from ablation.comparison.analysis.contrasts import Analysis, Contrast
from ablation.comparison.analysis.decision import Form
from ablation.comparison.analysis.relevance import Relevance
from ablation.comparison.wording.names import unit_name
from ablation.comparison.wording.p_values import p_label, p_relation
from ablation.errors.words import counted
from ablation.statistics.equivalence import FEWEST_FOR_EQUIVALENCE

When = Literal["before", "after", "unknown"]
"""Whether a margin was fixed before the results were seen, as far as the designs say."""
SET: dict[When, str] = {
    "before": " set before the results",
    "after": " (margin chosen after the results were seen)",
    "unknown": "",
}
REGIONS = {"better": "better", "worse": "worse", "rope": "no relevant difference"}


def relevance_sentences(
    analysis: Analysis, contrast: Contrast, margin: float, when: When, where: str = ""
) -> Iterator[str]:
    """Put a contrast's size against its margin into words.

    Args:
        analysis: Says how numbers are printed.
        contrast: Candidate against reference.
        margin: Smallest difference that matters, in the metric's unit.
        when: Whether it was fixed before the results were seen.
        where: As in " in WT", where there are several targets.
    """
    named = f"margin of {margin:g} {unit_name(analysis)}{SET[when]}"
    pair = f"{contrast.candidate} and {contrast.reference}{where}"
    found = contrast.relevance
    if found is None:
        yield f"{_too_few(contrast, named)}."
        return
    if contrast.recipe is not None:
        yield "The margin is tested for these weights alone (patients random, trainings fixed)."
    for text in (
        *_size(contrast, margin, named, pair),
        *_non_inferior(analysis, contrast, found, f"{named}{where}"),
        *_equivalence(contrast, found, named, pair),
        _bayes(contrast, found, where),
    ):
        yield f"{text}."


def _too_few(contrast: Contrast, named: str) -> str:
    return (
        f"Neither equivalence nor non-inferiority is tested against the {named} below "
        f"{FEWEST_FOR_EQUIVALENCE} patients (here {contrast.n}): a design that fails in a few "
        "patients of many may fail in none of so few"
    )


def _size(contrast: Contrast, margin: float, named: str, pair: str) -> Iterator[str]:
    """Where the intervals of estimate and mean lie, if a design is called better."""
    estimate, mean = contrast.estimate, contrast.mean
    limits = [estimate.low, estimate.high, mean.low, mean.high]
    known = [limit for limit in limits if limit is not None]
    if not contrast.called_better or not known:
        return
    if max(map(abs, known)) < margin:
        yield f"The difference between {pair} is detectable, but smaller than the {named}"
    elif min(map(abs, known)) > margin and (min(known) > 0 or max(known) < 0):
        yield f"The intervals of the difference between {pair} lie wholly beyond the {named}"


def _non_inferior(
    analysis: Analysis, contrast: Contrast, found: Relevance, named: str
) -> Iterator[str]:
    """Only where superiority is not shown and nothing contradicts itself."""
    decision, interval, metric = contrast.decision, contrast.t.interval, analysis.metric
    open_ = decision is not None and decision.form is Form.INCONCLUSIVE
    limit = interval.low if metric.higher_is_better else interval.high
    if not open_ or limit is None or not found.non_inferior:
        return
    if metric.sign * limit <= -found.margin:
        return
    level = 100 * (1 + contrast.level) / 2
    yield (
        f"{contrast.candidate} is non-inferior to {contrast.reference} ({named}; one-sided "
        f"{level:g} % limit of the mean difference {metric.texts(limit)[0]})"
    )


def _equivalence(contrast: Contrast, found: Relevance, named: str, pair: str) -> Iterator[str]:
    """Nothing is said of equivalence where ranks and mean contradict each other."""
    test = found.equivalence
    p_words = f"{p_label(contrast)} {p_relation(found.p_equivalent)}"
    if not found.decided:
        yield _too_few(contrast, named)
    elif contrast.decision is not None and contrast.decision.form is Form.CONTRADICTORY:
        yield f"Equivalence of {pair} within the {named} is not shown"
    elif test.p is None:
        yield (
            f"Equivalence of {pair} within the {named} cannot be tested: the differences do not vary"
        )
    elif found.equivalent:
        yield (
            f"{pair} are equivalent within the {named} (two one-sided tests, by t and by sign "
            f"flips, the larger {p_words}; {counted(contrast.n)})"
        )
    else:
        yield f"Equivalence of {pair} within the {named} is not shown ({p_words})"


def _bayes(contrast: Contrast, found: Relevance, where: str) -> str:
    theta, largest, verdict = found.bayes.theta, found.bayes.largest, found.bayes.verdict
    shown = found.decided and verdict != "undecided"
    decision = f"decided: {REGIONS[verdict]}" if shown else "undecided"
    return (
        f"Bayesian signed-rank, {contrast.candidate} against {contrast.reference}{where}: probability "
        f"{theta.better:.2f} better, {theta.rope:.2f} no relevant difference, {theta.worse:.2f} "
        f"worse; each is the largest in {100 * largest.better:.0f}, {100 * largest.rope:.0f} and "
        f"{100 * largest.worse:.0f} % of draws ({decision})"
    )
