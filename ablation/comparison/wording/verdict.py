"""The result of a comparison in words that claim no more than the numbers carry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ablation.comparison.analysis.contrasts import MEAN_OF_TARGETS, Analysis, Contrast, Summary
from ablation.comparison.analysis.decision import Form
from ablation.comparison.analysis.ledger import LedgerRow
from ablation.comparison.analysis.sensitivity import CheckRow
from ablation.comparison.analysis.two_parts import TwoParts
from ablation.comparison.wording.forms import (
    claim,
    observed,
    place_name,
    sentence,
    too_few,
    worse_patients,
)
from ablation.comparison.wording.margin_words import When, relevance_sentences
from ablation.comparison.wording.names import listed, unit_name
from ablation.comparison.wording.recipe_words import about, beside, beside_many
from ablation.comparison.wording.two_part_words import in_two_parts
from ablation.errors.words import counted
from ablation.fairness import Parity
from ablation.statistics.corrections import CORRECTIONS

Standing = Literal[
    "superior", "mean uncertain", "contradictory", "inconclusive", "too few", "single", "untested"
]
STANDINGS: Mapping[Form, Standing] = {
    Form.SUPERIOR: "superior",
    Form.MEAN_UNCERTAIN: "mean uncertain",
    Form.CONTRADICTORY: "contradictory",
    Form.INCONCLUSIVE: "inconclusive",
    Form.TOO_FEW: "too few",
}
"""In the order in which the first that some comparison has stands for all."""
MOST_SENTENCES = 5  # comparisons with a sentence each; more are a table

Pair = tuple[Analysis, Contrast]


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
    starts_with_name: bool = False
    """Whether its first word is a design's name, which keeps its letters inside a sentence."""

    @property
    def inside(self) -> str:
        """The sentence after an opening and a comma."""
        return self.text if self.starts_with_name else f"{self.text[:1].lower()}{self.text[1:]}"


def verdict(
    analyses: Sequence[Analysis],
    ledger: Sequence[LedgerRow],
    level: float,
    margins: Mapping[str, float],
    margin_set: When = "unknown",
    checks: Sequence[CheckRow] = (),
    parts: Sequence[TwoParts] = (),
) -> Verdict:
    """Put the primary analyses into words.

    Args:
        analyses: All of them; the primary ones decide, the mean over targets is described.
        ledger: The parity table; a red row opens the headline with what is unfair.
        level: Confidence level of intervals; 1 - level is what p has to fall below.
        margins: The smallest differences that matter, by metric.
        margin_set: Whether these were fixed before the results.
        checks: Under other choices; those over folds stand beside the result.
        parts: The comparisons in which a tumour was missed, in two parts.
    """
    alpha = round(1 - level, 12)
    primary = [one for one in analyses if one.role == "primary"]
    contrasts = [(one, c) for one in primary for c in one.contrasts]
    if not contrasts:
        return _single(primary, level)
    if primary[0].unit_of_analysis == "case":
        return _not_independent(primary)
    lead = _lead(contrasts, analyses, alpha)
    margin = margins.get(primary[0].metric.name)
    details = [*_mean_of_targets(analyses, level), *lead.details]
    if len(contrasts) > MOST_SENTENCES:
        details += beside_many(contrasts)
    else:
        for a, c in contrasts:
            details += beside(a, c, checks, _where(contrasts, a))
            details += in_two_parts(a, c, parts, _where(contrasts, a))
        details += [text for a, c in contrasts if (text := worse_patients(a, c))]
    if margin is not None:
        for one, contrast in contrasts:
            details += relevance_sentences(
                one, contrast, margin, margin_set, _where(contrasts, one)
            )
    return Verdict(
        standing=_overall(contrasts),
        headline=" ".join(
            filter(None, [_with_confounding(lead, ledger), about(contrasts, checks)])
        ),
        sentences=tuple(dict.fromkeys(details)),
    )


def _overall(contrasts: Sequence[Pair]) -> Standing:
    forms = {c.decision.form for _, c in contrasts if c.decision}
    return next(standing for form, standing in STANDINGS.items() if form in forms)


def _where(contrasts: Sequence[Pair], analysis: Analysis) -> str:
    several = len({one.target for one, _ in contrasts}) > 1
    return place_name(analysis) if several or analysis.target == MEAN_OF_TARGETS else ""


def _lead(contrasts: Sequence[Pair], analyses: Sequence[Analysis], alpha: float) -> Lead:
    if _overall(contrasts) == "too few":
        _, fewest = min(contrasts, key=lambda pair: pair[1].n)
        details = []
        if len(contrasts) <= MOST_SENTENCES:
            details = [observed(a, c, _where(contrasts, a)) for a, c in contrasts]
        return Lead(too_few(fewest, alpha), tuple(details))
    if len(contrasts) == 1:
        analysis, contrast = contrasts[0]
        named = contrast.called_better or not any(contrast.d)
        text = sentence(analysis, contrast, alpha, where=_where(contrasts, analysis))
        return Lead(text, starts_with_name=bool(named))
    if len(contrasts) > MOST_SENTENCES:
        return Lead(" ".join(_of_many(contrasts, analyses, alpha)))
    texts = [sentence(a, c, alpha, where=_where(contrasts, a)) for a, c in contrasts]
    return Lead(" ".join([_count(contrasts, alpha), *_found(contrasts)]), tuple(texts))


def _count(contrasts: Sequence[Pair], alpha: float) -> str:
    """How many comparisons show a better design."""
    shown = sum(bool(c.called_better) for _, c in contrasts)
    first = contrasts[0][1]
    correction = CORRECTIONS[first.correction]
    after = f"{correction.label} over {first.family}" if correction.adjusts else correction.label
    return (
        f"{shown} of {len(contrasts)} comparisons "
        f"{'shows' if shown == 1 else 'show'} a better design (p < {alpha:.2g}, {after})."
    )


def _found(contrasts: Sequence[Pair]) -> Iterator[str]:
    """Who is better than whom, and which comparisons show nothing."""
    winners = dict.fromkeys(c.called_better for _, c in contrasts if c.called_better)
    for name in winners:
        yield f"{_wins(name, contrasts)}."
    yield from _open(contrasts)


def _wins(name: str, contrasts: Sequence[Pair]) -> str:
    """As in "c scored higher than a and b", with the targets where there are several."""
    analysis = contrasts[0][0]
    won = [(a, c) for a, c in contrasts if c.called_better == name]
    beaten: dict[str, list[Analysis]] = {}
    for one, c in won:
        other = c.reference if c.candidate == name else c.candidate
        beaten.setdefault(other, []).append(one)
    if len({one.target for one, _ in contrasts}) == 1:
        return claim(analysis, name, listed(list(beaten)))
    words = [f"{other}{_places(found)}" for other, found in beaten.items()]
    return claim(analysis, name, "; than ".join(words))


def _places(found: Sequence[Analysis]) -> str:
    return f" in {listed([place_name(one).removeprefix(' in ') for one in found])}"


def _open(contrasts: Sequence[Pair]) -> Iterator[str]:
    for form, words in (
        (Form.CONTRADICTORY, "Contradictory"),
        (Form.INCONCLUSIVE, "Inconclusive"),
        (Form.TOO_FEW, "Too few patients"),
    ):
        pairs = [
            f"{c.candidate} against {c.reference}{_where(contrasts, a)}"
            for a, c in contrasts
            if c.decision and c.decision.form is form
        ]
        if pairs:
            yield f"{words}: {', '.join(pairs)}."


def _of_many(
    contrasts: Sequence[Pair], analyses: Sequence[Analysis], alpha: float
) -> Iterator[str]:
    """One sentence on the best design and which it exceeds; the table has the rest."""
    yield _count(contrasts, alpha)
    on = next((one for one in analyses if one.target == MEAN_OF_TARGETS), contrasts[0][0])
    best = max(on.summaries, key=lambda one: on.metric.sign * one.interval.mean)
    over = " over targets" if on.target == MEAN_OF_TARGETS else ""
    mean = f"{on.metric.text(best.interval.mean)} {on.unit}".strip()
    yield f"{best.design} has the best mean {on.metric.label}{over} ({mean})."
    own = [(a, c) for a, c in contrasts if best.design in (c.candidate, c.reference)]
    if any(c.called_better == best.design for _, c in own):
        yield f"{_wins(best.design, contrasts)}."
    else:
        yield "The data do not show that it is better than another design."
    lost = [c.called_better for _, c in own if c.called_better not in ("", best.design)]
    for name in dict.fromkeys(lost):
        yield f"{_wins(name, own)}."
    yield "The table has every comparison."


def _mean_of_targets(analyses: Sequence[Analysis], level: float) -> Iterator[str]:
    """The mean over targets where it was not planned to decide: described, not tested."""
    on = next((one for one in analyses if one.role == "described"), None)
    if on is None:
        return
    text = on.metric.texts
    means = ", ".join(f"{s.design} {text(s.interval.mean)[0]}" for s in on.summaries)
    difference = ""
    if len(on.contrasts) == 1:
        c = on.contrasts[0]
        i = c.shown
        mean, low, high = text(i.mean, i.low, i.high)
        ci = f" ({100 * level:g} % CI {low} to {high})" if low else ""
        difference = f"; mean difference {c.candidate} minus {c.reference} {mean}{ci}"
    yield (
        f"Mean over targets of each case, described and not tested ({counted(len(on.patients))}): "
        f"{unit_name(on)} {means}{difference}."
    )


def _single(primary: Sequence[Analysis], level: float) -> Verdict:
    design = primary[0].summaries[0].design
    several = len(primary) > 1
    return Verdict(
        standing="single",
        headline=f"One design, {design}: there is nothing to compare it with, so nothing was tested.",
        sentences=tuple(
            f"{design}{place_name(one) if several else ''}: mean {_mean_text(one, summary, level)}, "
            f"median {one.metric.text(summary.median)}."
            for one in primary
            for summary in one.summaries
        ),
    )


def _not_independent(primary: Sequence[Analysis]) -> Verdict:
    """Cases were counted as independent: what is left of their number, and no test."""
    alike = primary[0].contrasts[0].clustering
    information = ""
    if alike is not None:
        information = (
            f" {alike.cases} cases of {counted(alike.patients)} (ICC {alike.icc:.2f}, design effect "
            f"{alike.design_effect:.1f}) tell as much as {alike.n_effective:.0f} independent ones."
        )
    several = len(primary) > 1
    return Verdict(
        standing="untested",
        headline=f"Cases of one patient are not independent, so nothing is tested.{information}",
        sentences=tuple(
            f"{c.candidate} minus {c.reference}{place_name(one) if several else ''}: "
            f"{one.metric.texts(c.t.interval.mean)[0]} {unit_name(one)} over {c.n} cases."
            for one in primary
            for c in one.contrasts
        ),
    )


def _mean_text(analysis: Analysis, summary: Summary, level: float) -> str:
    interval, text = summary.interval, analysis.metric.text
    ci = ""
    if interval.low is not None:
        ci = f"{100 * level:g} % CI {text(interval.low)} to {text(interval.high)}; "
    return f"{unit_name(analysis)} {text(interval.mean)} ({ci}{counted(interval.n)})"


def _with_confounding(lead: Lead, ledger: Sequence[LedgerRow]) -> str:
    red = {row.parity for row in ledger if row.colour == "red"}
    opening = []
    if Parity.ALLOWED in red:
        opening.append("With unequal training budgets")
    if Parity.ON_VALIDATION in red:
        opening.append(f"{'with' if opening else 'With'} settings chosen on test patients")
    return f"{' and '.join(opening)}, {lead.inside}" if opening else lead.text
