"""What weakens a comparison, a line each, the most severe first: read before a result is quoted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ablation.comparison.analysis.contrasts import Analysis, Contrast
from ablation.comparison.analysis.decision import Decision, Form
from ablation.comparison.analysis.empties import Detection
from ablation.comparison.analysis.lacking import Lacking
from ablation.comparison.analysis.ledger import LedgerRow
from ablation.comparison.analysis.sensitivity import (
    Check,
    CheckRow,
    PolicyRow,
    changed_by_empties,
    changed_by_gaps,
    conclusion_of,
)
from ablation.comparison.tables.align import Design
from ablation.comparison.tables.folds import fold_counts
from ablation.comparison.wording.late import differing_plans, late_words
from ablation.comparison.wording.names import target_name
from ablation.comparison.wording.p_values import p_label, p_relation, p_text
from ablation.config.sections import ComparisonConfig
from ablation.fairness import FACTS
from ablation.metrics.metric import Metric, number_text

SMALL = 10  # patients below which a test set is called very small
MOST_NAMED = 3  # comparisons in a line; more are counted
RANDOM_TOO = {
    Check.TRAININGS: "The difference is one of these weights: with training runs random too",
    Check.FOLDS: "With the training patients of the folds random too",
}
"""Checks that treat more than the test patients as random."""

SEVERITY = ("red", "amber", "grey", "note")
MARKS = {"red": "Serious", "amber": "Caution", "grey": "Not known", "note": "Note"}
"""How a reader is told what a colour means."""

FEW_PATIENTS = 30
"""Below so many, a missed case more moves a mean by more than 2 points of Dice."""


Colour = Literal["red", "amber", "grey", "note"]


@dataclass(frozen=True, slots=True)
class Caution:
    """One thing to know before a result is quoted."""

    colour: Colour
    """red: the result may be wrong; amber: it holds for less; grey: something is not known; note:
    what was assumed or left out."""
    text: str

    @property
    def mark(self) -> str:
        """The colour in words, as in "Serious".

        >>> Caution("grey", "Not stated for a: trials allowed.").mark
        'Not known'
        """
        return MARKS[self.colour]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What cautions are read from."""

    designs: Sequence[Design]
    settings: ComparisonConfig
    analyses: Sequence[Analysis]
    ledger: Sequence[LedgerRow]
    detection: Sequence[Detection]
    sensitivity: Sequence[PolicyRow]
    checks: Sequence[CheckRow]
    lacking: Sequence[Lacking]

    @property
    def names(self) -> tuple[str, ...]:
        """Of the designs."""
        return tuple(design.name for design in self.designs)

    @property
    def primary(self) -> Analysis:
        """The first analysis that the verdict rests on."""
        return next(one for one in self.analyses if one.role == "primary")

    def where(self, target: str) -> str:
        """The target in brackets where there are several."""
        return f" ({target_name(target)})" if len({one.target for one in self.analyses}) > 1 else ""


def cautions(evidence: Evidence) -> tuple[Caution, ...]:
    """Return what weakens a comparison, the most severe first; nothing where nothing does."""
    found = [
        *_unfair(evidence),
        *_missed(evidence),
        *_one_more_missed(evidence),
        *_lacking(evidence),
        *_late(evidence),
        *_rules(evidence),
        *_patients(evidence),
        *_metrics(evidence),
        *_tests(evidence),
        *_margins(evidence),
        *_trainings(evidence),
        *_differing(evidence),
    ]
    return most_severe_first(found)


def most_severe_first(found: Sequence[Caution]) -> tuple[Caution, ...]:
    """Return them once each, red before amber before grey before notes, else in their order."""
    return tuple(sorted(dict.fromkeys(found), key=lambda one: SEVERITY.index(one.colour)))


def _unfair(evidence: Evidence) -> Iterator[Caution]:
    """What opens the verdict: unequal budgets, settings chosen on test patients."""
    for row in evidence.ledger:
        if row.colour == "red":
            values = _values(row, evidence.names)
            yield Caution("red", f"{_capital(row.label)}: {values}; {row.remark}.")


def _missed(evidence: Evidence) -> Iterator[Caution]:
    if any(d.missed for d in evidence.detection):
        counts = ", ".join(f"{d.design} {d.missed} of {d.with_tumour}" for d in evidence.detection)
        every = " over all trainings" if max(len(d.cases) for d in evidence.designs) > 1 else ""
        yield Caution("amber", f"Missed tumours{every}: {counts}.")


def _one_more_missed(evidence: Evidence) -> Iterator[Caution]:
    """How much the mean of a few patients depends on a single missed case."""
    analysis = evidence.primary
    metric, n = analysis.metric, len(analysis.patients)
    if metric.kind != "ratio" or not metric.higher_is_better or n >= FEW_PATIENTS:
        return
    moved = []
    for name, scores in analysis.scores.items():
        found = [score for score in scores if score > 0]
        if found and len(found) < n:
            moved.append(f"{name} by {metric.texts(sum(found) / len(found) / n)[0]}")
    if moved:
        yield Caution(
            "amber",
            f"One more missed case would lower the mean {metric.label}{evidence.where(analysis.target)}"
            f" of {', of '.join(moved)} ({n} patients).",
        )


def _lacking(evidence: Evidence) -> Iterator[Caution]:
    """Scores that do not exist; they weigh most where only one design lacks them."""
    for one in evidence.lacking:
        analysis = one.analysis
        decides = analysis.role == "primary" and one.differs and len(evidence.designs) > 1
        counts = ", ".join(f"{name} {number} of {one.of}" for name, number in one.count.items())
        label = f"{analysis.metric.label}{evidence.where(analysis.target)}"
        if one.counted_as is None:
            text = (
                f"{label} is not defined in some cases ({counts}), which were left out for every "
                "design: if a design missed them, the result favours it."
            )
        else:
            text = (
                f"{label} of missed cases ({counts}): the size of the scan is not known, so each "
                f"counts as {analysis.metric.text(one.counted_as)}, behind all others. Ranks hold; "
                "the mean depends on this number."
            )
        yield Caution("red" if decides else "amber", text)


def _late(evidence: Evidence) -> Iterator[Caution]:
    """What was chosen after the results were seen."""
    for text in late_words(evidence.designs, evidence.settings):
        yield Caution("red", text)
    for text in differing_plans(evidence.designs):
        yield Caution("amber", text)


def _rules(evidence: Evidence) -> Iterator[Caution]:
    """Rules for masks, cases and units under which the conclusion would be another."""
    if changed := changed_by_empties(evidence.sensitivity):
        yield Caution(
            "red",
            f"The conclusion changes with the rule for empty masks ({_places(evidence, changed)}): "
            "see the table of rules.",
        )
    if changed := changed_by_gaps(evidence.checks):
        yield Caution(
            "red",
            f"The conclusion changes with the rule for missing cases ({_places(evidence, changed)}).",
        )
    if evidence.primary.unit_of_analysis == "case":
        level = 100 * evidence.settings.level
        yield Caution(
            "red", f"The unit is the case: {level:g} % intervals are too narrow; compare patients."
        )
    if evidence.settings.correction == "none" and len(evidence.designs) > 2:
        yield Caution("amber", "p-values are not adjusted for the number of comparisons.")


def _places(evidence: Evidence, places: Sequence[tuple[str, str, str]]) -> str:
    return _some([f"{a} against {b}{evidence.where(target)}" for target, a, b in places])


def _patients(evidence: Evidence) -> Iterator[Caution]:
    """How few patients there are, and what one of them decides."""
    n = len(evidence.primary.patients)
    # With one or two patients to compare, the verdict itself is about their number.
    if n < SMALL and (n > 2 or not _primary(evidence)):
        yield Caution("amber", f"Very small test set: {n} patient{'s' if n > 1 else ''}.")
    if n == 2 and _primary(evidence):
        yield Caution(
            "amber",
            "An interval from 2 patients rests on one degree of freedom: read it as 'unknown'.",
        )
    concluded = {
        (analysis.target, contrast.candidate, contrast.reference)
        for analysis, contrast in _primary(evidence)
        if contrast.decision and contrast.decision.form not in (Form.INCONCLUSIVE, Form.TOO_FEW)
    }
    turning = [  # the side of a mean that nothing is concluded from may turn
        f"{_pair(row)}{evidence.where(row.target)} without {row.choice}"
        for row in evidence.checks
        if row.kind is Check.LEFT_OUT
        and _turns(row)
        and (row.target, row.candidate, row.reference) in concluded
    ]
    if turning:
        yield Caution("amber", f"One patient decides who has the better mean: {_some(turning)}.")


def _turns(row: CheckRow) -> bool:
    """Whether the means without one patient lie on both sides of 0."""
    return row.low is not None and row.high is not None and row.low < 0 < row.high


def _tests(evidence: Evidence) -> Iterator[Caution]:
    """Where the data are odd enough that the choice of a test matters."""
    alpha = round(1 - evidence.settings.level, 12)
    primary = _primary(evidence)
    same = [_pair(c) + evidence.where(a.target) for a, c in primary if not any(c.d)]
    if same:
        label = evidence.primary.metric.label
        yield Caution("amber", f"Identical {label} in every patient: {_some(same)}.")
    odd = [(a, c) for a, c in primary if any(c.d) and c.disagrees(alpha) and not _says_so(c)]
    torn = [_torn(a.metric, c, evidence.where(a.target)) for a, c in odd if _opposed(c)]
    if torn:
        yield Caution(
            "amber",
            f"Mean and ranks favour different designs, a few patients differ strongly: {_some(torn)}.",
        )
    between = [
        f"{_pair(c)}{evidence.where(a.target)} (p {p_text(c.t.p_two_sided)} by t, "
        f"{p_text(c.rank.p_two_sided)} by signed ranks)"
        for a, c in odd
        if not _opposed(c)
    ]
    if between:
        yield Caution("amber", f"Tests disagree at p < {alpha:.2g}, unadjusted: {_some(between)}.")


def _margins(evidence: Evidence) -> Iterator[Caution]:
    """Where a few patients differ so far that tests against a margin promise too much."""
    skewed = [
        f"{_pair(c)}{evidence.where(a.target)} (skewness {c.relevance.skewness:.1f}, "
        f"{c.furthest} {a.metric.text(c.d[a.patients.index(c.furthest)], signed=True)})"
        for a, c in _primary(evidence)
        if c.relevance and c.relevance.is_skewed
    ]
    if skewed:
        yield Caution(
            "amber",
            "A few patients differ strongly, and tests against the margin (equivalence, "
            f"non-inferiority) then succeed too often: {_some(skewed)}.",
        )


def _metrics(evidence: Evidence) -> Iterator[Caution]:
    """Comparisons in which two metrics are significant for different designs."""
    alpha = round(1 - evidence.settings.level, 12)
    significant: dict[tuple[str, str, str], list[tuple[Analysis, Contrast]]] = {}
    for analysis in evidence.analyses:
        for c in analysis.contrasts:
            if c.p_adjusted is not None and c.p_adjusted < alpha:
                key = (analysis.target, c.candidate, c.reference)
                significant.setdefault(key, []).append((analysis, c))
    torn = [
        f"{_pair(found[0][1])}{evidence.where(found[0][0].target)} ("
        + ", ".join(
            f"{a.metric.label} favours {c.decision.favoured}, {p_label(c)} {p_relation(c.p_adjusted)}"
            for a, c in found
            if c.decision
        )
        + ")"
        for found in significant.values()
        if len({c.decision.favoured for _, c in found if c.decision}) > 1
    ]
    if torn:
        yield Caution("red", f"Metrics contradict each other: {_some(torn)}.")


def _says_so(contrast: Contrast) -> bool:
    """Whether the verdict itself says that mean and ranks differ."""
    decision = contrast.decision
    return decision is not None and decision.form in (Form.MEAN_UNCERTAIN, Form.CONTRADICTORY)


def _opposed(contrast: Contrast) -> bool:
    return contrast.t.interval.mean * contrast.shift.estimate < 0


def _torn(metric: Metric, contrast: Contrast, where: str) -> str:
    mean, shift = contrast.t.interval.mean, contrast.shift.estimate
    values = (
        f"mean {metric.text(mean, signed=True)}, Hodges-Lehmann {metric.text(shift, signed=True)}"
    )
    return f"{_pair(contrast)}{where} ({values})"


def _trainings(evidence: Evidence) -> Iterator[Caution]:
    """Whether the result is one of designs or of the weights at hand."""
    once = [design.name for design in evidence.designs if len(design.cases) == 1]
    if any(c.recipe for _, c in _primary(evidence)):
        yield from _only_these_weights(evidence)
    elif len(once) == len(evidence.designs):
        per = "design and fold" if any(fold_counts(evidence.designs)) else "design"
        yield Caution("amber", f"One training run per {per}: conclusions are about these weights.")
    elif once:
        yield Caution(
            "amber",
            f"Trained once: {', '.join(once)}; conclusions are about "
            f"{'its' if len(once) == 1 else 'their'} weights.",
        )
    settled = {
        (a.target, c.candidate, c.reference) for a, c in _primary(evidence) if c.called_better
    }
    for kind, words in RANDOM_TOO.items():
        rows = [
            row for row in evidence.checks if row.kind is kind and row.open and row.place in settled
        ]
        if rows:
            opened = [_pair(row) + evidence.where(row.target) for row in rows]
            # Too few folds have wide intervals, and no test.
            colour: Colour = "amber" if kind is Check.FOLDS else "red"
            yield Caution(colour, f"{words}, the interval includes 0: {_some(opened)}.")
    spread = list(dict.fromkeys(_spread(evidence)))
    if spread:
        yield Caution(
            "amber",
            f"Trainings of one design differ by more than the designs do: {_some(spread)}.",
        )


def _only_these_weights(evidence: Evidence) -> Iterator[Caution]:
    """Where the recipes decide: comparisons in which these weights alone say something else."""
    only: list[str] = []
    others: list[str] = []
    for analysis, c in _primary(evidence):
        found, fixed = conclusion_of(c), conclusion_of(c.of_weights)
        if found != fixed:
            weights, recipes = c.of_weights.decision, c.decision
            assert weights is not None
            assert recipes is not None
            text = (
                f"{_pair(c)}{evidence.where(analysis.target)} (these weights: "
                f"{_concluded(weights)}; recipes: {_concluded(recipes)})"
            )
            (only if fixed else others).append(text)
    if only:
        yield Caution("red", f"A conclusion holds only for these weights: {_some(only)}.")
    if others:
        yield Caution(
            "amber", f"Recipes and these weights lead to different conclusions: {_some(others)}."
        )


def _concluded(decision: Decision) -> str:
    return f"{decision.better} better" if decision.better else decision.form.value


def _spread(evidence: Evidence) -> Iterator[str]:
    for analysis, contrast in _primary(evidence):
        for one in analysis.summaries:
            compared = one.design in (contrast.candidate, contrast.reference)
            sd = one.training_sd
            if compared and sd is not None and sd > abs(contrast.t.interval.mean):
                yield f"{one.design} (SD {number_text(sd, analysis.metric.digits)})"


def _differing(evidence: Evidence) -> Iterator[Caution]:
    """What else differs between the designs, or is not stated by one."""
    differing = [
        f"{row.label} ({_values(row, evidence.names)})"
        for row in evidence.ledger
        if row.colour == "amber" and not FACTS[row.fact].has_own_caution
    ]
    if differing:
        yield Caution("amber", f"Not the same for all designs: {'; '.join(differing)}.")
    unknown: dict[str, list[str]] = {}
    for row in evidence.ledger:
        if row.colour == "grey" and row.confounds:
            silent = [
                name for name, fact in zip(evidence.names, row.stated, strict=True) if fact is None
            ]
            unknown.setdefault(", ".join(silent), []).append(row.label)
    for names, labels in unknown.items():
        yield Caution("grey", f"Not stated for {names}: {', '.join(labels)}.")


def _primary(evidence: Evidence) -> list[tuple[Analysis, Contrast]]:
    """The comparisons a verdict rests on; none where cases were counted as independent."""
    return [
        (analysis, contrast)
        for analysis in evidence.analyses
        if analysis.role == "primary" and analysis.unit_of_analysis == "patient"
        for contrast in analysis.contrasts
    ]


def _pair(one: Contrast | CheckRow) -> str:
    return f"{one.candidate} against {one.reference}"


def _some(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - MOST_NAMED} more" if len(texts) > MOST_NAMED else ""
    return ", ".join(texts[:MOST_NAMED]) + more


def _values(row: LedgerRow, designs: Sequence[str]) -> str:
    """Whose value is which, equal ones together: "a and b 20, c 50"."""
    by_value: dict[str, list[str]] = {}
    for name, value in zip(designs, row.values, strict=True):
        by_value.setdefault(value, []).append(name)
    return ", ".join(f"{' and '.join(names)} {value}" for value, names in by_value.items())


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
