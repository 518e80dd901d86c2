"""The result of a comparison in words that claim no more than the numbers carry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ablation.comparison.analysis.contrasts import Analysis, Contrast, Summary
from ablation.comparison.analysis.ledger import LedgerRow
from ablation.comparison.wording.margin_words import relevance_sentences
from ablation.comparison.wording.p_values import p_relation, p_text
from ablation.fairness import Parity
from ablation.statistics.corrections import CORRECTIONS
from ablation.statistics.power import minimum_detectable_effect

Standing = Literal["settled", "open", "too few", "single"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result in words."""

    standing: Standing
    headline: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lead:
    """The first sentence of a verdict, and those that follow it."""

    text: str
    details: tuple[str, ...] = ()
    starts_with_article: bool = False
    """Whether its first word is "The", which is written small inside a sentence; else it is a
    number, a symbol or the name of a design."""

    @property
    def inside(self) -> str:
        """The sentence after an opening and a comma."""
        return f"{self.text[:1].lower()}{self.text[1:]}" if self.starts_with_article else self.text


def verdict(
    primary: Sequence[Analysis],
    ledger: Sequence[LedgerRow],
    level: float,
    margin_planned: bool = True,
) -> Verdict:
    """Put the primary analyses into words.

    Args:
        primary: The primary metric, one analysis per target.
        ledger: The parity table; a red row opens the headline with what is unfair.
        level: Confidence level of intervals; 1 - level is what p has to fall below.
        margin_planned: Whether the smallest difference that matters was fixed before the results.
    """
    alpha = round(1 - level, 12)
    primary = _naming_targets(primary)
    contrasts = [(analysis, c) for analysis in primary for c in analysis.contrasts]
    if not contrasts:
        return _single(primary, level)
    if primary[0].unit_of_analysis == "case":
        return _not_independent(primary)
    standings = [standing(c, alpha) for _, c in contrasts]
    texts = [_sentence(a, c, level) for a, c in contrasts]
    lead = _lead(contrasts, standings, texts, level)
    details = list(lead.details)
    for analysis, contrast in contrasts:
        details += relevance_sentences(contrast, analysis.metric, _named(analysis), margin_planned)
    return Verdict(
        standing=_overall(standings),
        headline=_with_confounding(lead, ledger),
        sentences=tuple(details),
    )


def _naming_targets(primary: Sequence[Analysis]) -> list[Analysis]:
    """Let each metric's words name its target, where there are several."""
    if len({analysis.target for analysis in primary}) < 2:
        return list(primary)
    return [
        replace(a, metric=replace(a.metric, label=f"{a.target} {a.metric.label}")) for a in primary
    ]


def standing(contrast: Contrast, alpha: float) -> Standing:
    """Tell whether a comparison is settled, open, or beyond this number of patients."""
    if not contrast.can_be_settled(alpha):
        return "too few"
    interval = contrast.t.interval
    significant = contrast.p_adjusted is not None and contrast.p_adjusted < alpha
    if interval.low is None or interval.high is None:
        # All differences are equal: t says nothing, the ranks still do.
        return "settled" if significant else "open"
    excludes_zero = interval.low > 0 or interval.high < 0
    return "settled" if excludes_zero and significant else "open"


def _overall(standings: Sequence[Standing]) -> Standing:
    if "settled" in standings:
        return "settled"
    return "open" if "open" in standings else "too few"


def _lead(
    contrasts: Sequence[tuple[Analysis, Contrast]],
    standings: Sequence[Standing],
    texts: Sequence[str],
    level: float,
) -> Lead:
    alpha = round(1 - level, 12)
    analysis, contrast = contrasts[0]
    if _overall(standings) == "too few":
        seen = [f"Observed: {_observed(a, c, level)}." for a, c in contrasts]
        return Lead(_too_few(contrast, alpha), (*seen, *_so_few(contrast, alpha)))
    if len(contrasts) == 1:
        return (
            Lead(texts[0], tuple(_left_open(analysis, contrast, alpha)), starts_with_article=True)
            if standings[0] == "open"
            else Lead(texts[0])
        )
    settled = standings.count("settled")
    counted = (
        f"{settled} of {len(contrasts)} comparisons "
        f"{'is' if settled == 1 else 'are'} settled ({CORRECTIONS[contrast.correction].p_label} < {alpha:.2g})."
    )
    return Lead(counted, tuple(texts))


def _sentence(analysis: Analysis, contrast: Contrast, level: float) -> str:
    state = standing(contrast, round(1 - level, 12))
    if state == "too few":
        return f"{_too_few(contrast, round(1 - level, 12))} Observed: {_observed(analysis, contrast, level)}."
    if state == "open":
        return f"The data do not settle which is better: {_observed(analysis, contrast, level)}."
    return _settled(analysis, contrast, level)


def _settled(analysis: Analysis, contrast: Contrast, level: float) -> str:
    """'A scored higher than B by ...'; who is better is read from the sign."""
    mean = contrast.t.interval.mean
    first, second = contrast.candidate, contrast.reference
    count, sign = contrast.better.better, 1
    if mean < 0:
        first, second, sign = second, first, -1
        count = contrast.n - contrast.better.better - contrast.better.ties
    metric, size = analysis.metric, analysis.metric.text(abs(mean))
    claim = (
        f"{first} scored higher than {second} by {size} {metric.label}"
        if metric.higher_is_better
        else f"{first} had a lower {metric.label} than {second} by {f'{size} {analysis.unit}'.strip()}"
    )
    return f"{claim} ({_evidence(analysis, contrast, level, sign)}; {first} better in {count})."


def _observed(analysis: Analysis, contrast: Contrast, level: float) -> str:
    """The difference as seen, candidate against reference, without a claim."""
    mean = analysis.metric.text(contrast.t.interval.mean, signed=True)
    names = f"{contrast.candidate} against {contrast.reference}"
    return (
        f"{names}, {mean} {_named(analysis)} "
        f"({_evidence(analysis, contrast, level, 1)}; "
        f"{contrast.candidate} better in {contrast.better.better})"
    )


def _evidence(analysis: Analysis, contrast: Contrast, level: float, sign: int) -> str:
    """Interval, test, adjusted p and n, as they stand in brackets behind a difference."""
    interval = contrast.t.interval
    parts = []
    if interval.low is not None and interval.high is not None:
        low, high = sorted((sign * interval.low, sign * interval.high))
        text = analysis.metric.text
        parts.append(f"{100 * level:g} % CI {text(low)} to {text(high)}")
    adjusted = CORRECTIONS[contrast.correction].p_label
    parts.append(f"{contrast.test}, {adjusted} {p_relation(contrast.p_adjusted)}")
    parts.append(_patients(contrast.n))
    return "; ".join(parts)


def _left_open(analysis: Analysis, contrast: Contrast, alpha: float) -> list[str]:
    """What an open comparison leaves possible, and what it could have found."""
    return [*_possible(analysis, contrast), *_detectable(analysis, contrast, alpha)]


def _so_few(contrast: Contrast, alpha: float) -> list[str]:
    """What so few patients can and cannot show."""
    one = contrast.n == 1
    these = "this patient" if one else f"these {contrast.n} patients"
    family = f" with {contrast.family} comparisons" if contrast.family > 1 else ""
    can = (
        f"What {these} can show: how far apart the designs are in {'it' if one else 'each of them'}, "
        "and that every design gives scores."
    )
    cannot = (
        f"What {'it' if one else 'they'} cannot show: which design is better on other patients. "
        f"With {_patients(contrast.n)} no exact paired test can fall below "
        f"p = {p_text(contrast.smallest_p)}, however large the difference; "
        f"p < {alpha:.2g} needs at least {contrast.fewest_patients} test patients{family}."
    )
    return [can, cannot]


def _too_few(contrast: Contrast, alpha: float) -> str:
    noun = "patient" if contrast.n == 1 else "patients"
    family = f" for {contrast.family} comparisons" if contrast.family > 1 else ""
    return f"n = {contrast.n} {noun} cannot give p < {alpha:.2g} with this test{family}."


def _possible(analysis: Analysis, contrast: Contrast) -> list[str]:
    low, high = contrast.t.interval.low, contrast.t.interval.high
    text, unit = analysis.metric.text, _named(analysis)
    if low is None or high is None:
        return [
            f"The difference is the same in every patient: {text(contrast.d[0], signed=True)} {unit}."
        ]
    if low < 0 < high:
        in_favour = f"{text(high)} {unit} in favour of {contrast.candidate}"
        against = f"up to {text(-low)} in favour of {contrast.reference}"
        return [f"Effects up to {in_favour} and {against} remain possible."]
    favoured = contrast.candidate if low >= 0 else contrast.reference
    near, far = sorted((abs(low), abs(high)))
    span = f"{text(near)} to {text(far)} {unit}"
    return [f"The interval alone would speak for {favoured} ({span}); the planned test does not."]


def _detectable(analysis: Analysis, contrast: Contrast, alpha: float) -> list[str]:
    sd = contrast.t.interval.sd
    if not sd or contrast.n < 3:
        return []
    smallest = sd * minimum_detectable_effect(contrast.n, alpha / contrast.family)
    size = f"{analysis.metric.text(smallest)} {_named(analysis)}"
    given = f"With {_patients(contrast.n)} and this spread"
    return [f"{given}, a true difference of {size} would be found 8 times in 10."]


def _single(primary: Sequence[Analysis], level: float) -> Verdict:
    design = primary[0].summaries[0].design
    return Verdict(
        standing="single",
        headline=f"One design, {design}: there is nothing to compare it with, so nothing was tested.",
        sentences=tuple(
            f"{design}: mean {_mean_text(analysis, summary, level)}, "
            f"median {analysis.metric.text(summary.median)}."
            for analysis in primary
            for summary in analysis.summaries
        ),
    )


def _not_independent(primary: Sequence[Analysis]) -> Verdict:
    """Cases were counted as independent: what is left of their number, and no test."""
    alike = primary[0].contrasts[0].clustering
    information = ""
    if alike is not None:
        information = (
            f" {alike.cases} cases of {_patients(alike.patients)} (ICC {alike.icc:.2f}, design effect "
            f"{alike.design_effect:.1f}) tell as much as {alike.n_effective:.0f} independent ones."
        )
    return Verdict(
        standing="open",
        headline=f"Cases of one patient are not independent, so nothing is tested.{information}",
        sentences=tuple(
            f"{c.candidate} against {c.reference}: {analysis.metric.text(c.t.interval.mean, signed=True)} "
            f"{_named(analysis)} over {c.n} cases."
            for analysis in primary
            for c in analysis.contrasts
        ),
    )


def _mean_text(analysis: Analysis, summary: Summary, level: float) -> str:
    interval, text = summary.interval, analysis.metric.text
    ci = ""
    if interval.low is not None:
        ci = f"{100 * level:g} % CI {text(interval.low)} to {text(interval.high)}; "
    return f"{_named(analysis)} {text(interval.mean)} ({ci}{_patients(interval.n)})"


def _with_confounding(lead: Lead, ledger: Sequence[LedgerRow]) -> str:
    red = {row.parity for row in ledger if row.colour == "red"}
    opening = []
    if Parity.ALLOWED in red:
        opening.append("With unequal training budgets")
    if Parity.ON_VALIDATION in red:
        opening.append(f"{'with' if opening else 'With'} settings chosen on test patients")
    return f"{' and '.join(opening)}, {lead.inside}" if opening else lead.text


def _named(analysis: Analysis) -> str:
    """The unit a difference is in: "mm HD95", "Dice"."""
    return f"{analysis.unit} {analysis.metric.label}".strip()


def _patients(n: int) -> str:
    return f"{n} patient" if n == 1 else f"{n} patients"
