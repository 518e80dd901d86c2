"""A difference against the smallest one that matters, in words."""

from __future__ import annotations

from collections.abc import Iterator

from ablation.comparison.analysis.contrasts import Contrast
from ablation.comparison.analysis.relevance import Relevance
from ablation.comparison.wording.p_values import p_relation
from ablation.metrics.metric import Metric

REGIONS = {"better": "better", "worse": "worse", "rope": "no relevant difference"}


def relevance_sentences(
    contrast: Contrast, metric: Metric, unit: str, planned: bool
) -> Iterator[str]:
    """Put a contrast's size against its margin into words; nothing without a margin.

    Args:
        contrast: Candidate against reference.
        metric: Says how numbers are printed.
        unit: As in "Dice" or "mm HD95".
        planned: Whether the margin was fixed before the results were seen.
    """
    found = contrast.relevance
    if found is None:
        return
    margin = f"{metric.text(found.margin)} {unit}"
    late = "" if planned else " (margin chosen after the results were seen)"
    size = _size(contrast, found.margin, margin)
    for text in (*size, _equivalence(contrast, found, margin), _bayes(contrast, found)):
        yield f"{text}{late}."


def _size(contrast: Contrast, size: float, margin: str) -> Iterator[str]:
    """Where the whole interval lies, if it excludes 0."""
    interval = contrast.t.interval
    if interval.low is None or interval.high is None:
        return
    if not (interval.low > 0 or interval.high < 0):
        return
    near, far = sorted((abs(interval.low), abs(interval.high)))
    if far < size:
        yield f"The difference is detectable but smaller than the relevant one of {margin}"
    elif near > size:
        yield f"The whole interval is larger than the relevant difference of {margin}"


def _equivalence(contrast: Contrast, found: Relevance, margin: str) -> str:
    test = found.equivalence
    pair = f"{contrast.candidate} and {contrast.reference}"
    if test.p is None or test.p_lower is None:
        return (
            f"Equivalence of {pair} within {margin} cannot be tested: the differences do not vary"
        )
    if test.equivalent:
        return (
            f"{pair} are equivalent within {margin} (two one-sided t tests, p {p_relation(test.p)})"
        )
    if test.non_inferior:
        return (
            f"{contrast.candidate} is not worse than {contrast.reference} by {margin} or more "
            f"(one-sided t, p {p_relation(test.p_lower)})"
        )
    return f"Equivalence of {pair} within {margin} is not shown (p {p_relation(test.p)})"


def _bayes(contrast: Contrast, found: Relevance) -> str:
    theta, largest, verdict = found.bayes.theta, found.bayes.largest, found.bayes.verdict
    decision = verdict if verdict == "undecided" else f"decided: {REGIONS[verdict]}"
    return (
        f"Bayesian signed-rank, {contrast.candidate} against {contrast.reference}: probability "
        f"{theta.better:.2f} better, {theta.rope:.2f} no relevant difference, {theta.worse:.2f} "
        f"worse; each is the largest in {100 * largest.better:.0f}, {100 * largest.rope:.0f} and "
        f"{100 * largest.worse:.0f} % of draws ({decision})"
    )
