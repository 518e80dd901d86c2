"""One comparison in a sentence, made from the numbers of its decision alone."""

from __future__ import annotations

from dataclasses import dataclass

from ablation.comparison.analysis.contrasts import MEAN_OF_TARGETS, Analysis, Contrast
from ablation.comparison.analysis.decision import Form
from ablation.comparison.analysis.families import MOST_WITH_POWER
from ablation.comparison.wording.names import target_name, unit_name
from ablation.comparison.wording.p_values import p_relation, p_text
from ablation.errors.words import counted
from ablation.statistics.corrections import CORRECTIONS
from ablation.statistics.paired_tests import TESTS
from ablation.statistics.paired_tests.spec import Method
from ablation.statistics.simulation import FEWEST_STATED

MOST_NAMED = 20  # patients in a sentence
SHORT = {"wilcoxon": "Hodges-Lehmann"}
"""How an estimate that is no mean is named."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A comparison from the side of one of its designs: first minus second."""

    analysis: Analysis
    contrast: Contrast
    first: str
    second: str
    sign: int
    """-1 where the first is the reference of the comparison."""

    def turned(self, *values: float | None) -> tuple[float | None, ...]:
        """Return a difference and its limits, first minus second."""
        signed = [None if value is None else self.sign * value + 0.0 for value in values]
        return (signed[0], *signed[1:][:: self.sign])

    @property
    def better(self) -> int:
        """Patients in whom the first is better."""
        count = self.contrast.better
        return count.better if self.sign > 0 else count.n - count.better - count.ties

    @property
    def worse(self) -> int:
        """Patients in whom the second is better."""
        return self.contrast.n - self.better - self.contrast.better.ties


def from_side(analysis: Analysis, contrast: Contrast, first: str = "") -> Seen:
    """Return a comparison as seen from one design; from the candidate where none is named."""
    if first == contrast.reference:
        return Seen(analysis, contrast, contrast.reference, contrast.candidate, -1)
    return Seen(analysis, contrast, contrast.candidate, contrast.reference, 1)


def sentence(analysis: Analysis, contrast: Contrast, alpha: float, *, where: str = "") -> str:
    """Return what a comparison concludes, in the words of its form.

    Args:
        analysis: Metric and target.
        contrast: Its decision is put into words.
        alpha: What p had to fall below.
        where: As in " in WT", where there are several targets.
    """
    decision = contrast.decision
    assert decision is not None
    if decision.form is Form.TOO_FEW:
        return f"{too_few(contrast, alpha)} {observed(analysis, contrast, where)}"
    if not any(contrast.d):
        return _identical(analysis, contrast, where)
    if decision.form is Form.INCONCLUSIVE:
        return _inconclusive(analysis, contrast, where)
    seen = from_side(analysis, contrast, decision.favoured)
    if decision.form is Form.CONTRADICTORY:
        return _contradictory(seen, where)
    return (
        f"{claim(analysis, seen.first, seen.second)}{where}: {_evidence(seen)}{_uncertain(seen)}."
    )


def place_name(analysis: Analysis) -> str:
    """Return where a comparison was made, as it stands behind the designs.

    The mean over targets is no place, so it is said otherwise.
    """
    if analysis.target == MEAN_OF_TARGETS:
        return " in the mean over targets"
    return f" in {target_name(analysis.target)}"


def claim(analysis: Analysis, first: str, second: str) -> str:
    """Return who is better, in the direction of the metric."""
    if analysis.metric.higher_is_better:
        return f"{first} scored higher than {second}"
    return f"{first} had a lower {analysis.metric.label} than {second}"


def too_few(contrast: Contrast, alpha: float) -> str:
    """Return what so few patients cannot show."""
    n, needed = contrast.n, contrast.fewest_patients
    side = "one-sided " if contrast.used.alternative == "greater" else ""
    kinds = "paired t test" if contrast.used.name == "t" else "rank or sign-flip test"
    cannot = f"No {side}{kinds} can fall below p = {p_text(contrast.smallest_p)} with {counted(n)}"
    of = f" with {contrast.family} comparisons" if contrast.family > 1 else ""
    return f"{cannot}; p < {alpha:.2g} needs at least {needed} patients{of}. Nothing is decided."


def observed(analysis: Analysis, contrast: Contrast, where: str = "") -> str:
    """Return the difference as seen, without a claim."""
    if not any(contrast.d):
        return _identical(analysis, contrast, where)
    i, text = contrast.shown, analysis.metric.texts
    mean, low, high = text(i.mean, i.low, i.high)
    ci = f", {_ci(low, high, contrast.level)}" if low else ""
    return (
        f"Observed{where}: mean difference {contrast.candidate} minus {contrast.reference} "
        f"{mean} {unit_name(analysis)} ({counted(contrast.n)}{ci}; "
        f"{contrast.candidate} better in {contrast.better.better})."
    )


def p_words(contrast: Contrast) -> str:
    """Return the planned test with its p, and what p was adjusted for.

    As in "exact Wilcoxon signed-rank p = 0.004, Holm over 3".
    """
    used, correction = contrast.used, CORRECTIONS[contrast.correction]
    side = "one-sided " if used.alternative == "greater" else ""
    exact = "exact " if used.method is Method.EXACT else ""
    name = contrast.recipe.test if contrast.recipe else f"{exact}{TESTS[used.name].label}"
    test = f"{side}{name} p {p_relation(contrast.p_adjusted)}"
    if contrast.family == 1:
        return test
    adjusted = f"{correction.label} over {contrast.family}"
    return f"{test}, {adjusted if correction.adjusts else correction.label}"


def _identical(analysis: Analysis, contrast: Contrast, where: str) -> str:
    patients = counted(contrast.n) if contrast.n == 1 else f"all {counted(contrast.n)}"
    return (
        f"{contrast.candidate} and {contrast.reference} have the same {analysis.metric.label}"
        f"{where} in {patients}."
    )


def _inconclusive(analysis: Analysis, contrast: Contrast, where: str) -> str:
    first, second = contrast.candidate, contrast.reference
    low, high = contrast.shown.low, contrast.shown.high
    texts = analysis.metric.texts(low, high)
    if low is None:
        same = analysis.metric.texts(contrast.d[0])[0]
        possible = f"The difference is {same} {unit_name(analysis)} in every patient"
    else:
        possible = (
            f"Mean differences from {texts[0]} to {texts[1]} {unit_name(analysis)} are "
            "compatible with these data"
        )
    asked = ""
    if contrast.used.alternative == "greater":
        asked = f" The test asks only whether {first} is better than {second}."
    return (
        f"Inconclusive{where}: the data do not show which of {first} and {second} is better; "
        f"{first} minus {second}: {_evidence(from_side(analysis, contrast))}. {possible}.{asked}{_power(analysis, contrast)}"
    )


def _power(analysis: Analysis, contrast: Contrast) -> str:
    """Which difference the rule would have found, or why no steady number exists."""
    if contrast.detectable is not None:
        size = analysis.metric.texts(contrast.detectable)[0]
        return (
            f" About 80 % power for a difference of {size} {unit_name(analysis)} in every patient with "
            "this rule."
        )
    if contrast.recipe is not None or contrast.family > MOST_WITH_POWER:
        return ""
    if contrast.missed_by_one:
        return (
            " No detectable difference is stated: one design missed tumours that the other found, so "
            "the difference is not alike in all patients."
        )
    if contrast.n < FEWEST_STATED:
        return (
            f" No detectable difference is stated: {counted(contrast.n)} show too little of how "
            f"differences are spread ({FEWEST_STATED} are needed)."
        )
    return ""


def _contradictory(seen: Seen, where: str) -> str:
    contrast, metric = seen.contrast, seen.analysis.metric
    assert contrast.decision is not None
    opposing = contrast.decision.opposing
    by_rank = _by_rank(contrast)
    what = {"estimate": "estimate", "mean": "mean", "missed": "missed cases"}
    mine = "Ranks" if by_rank else "Scores"
    others = " and ".join(what[one] for one in opposing)
    typical = metric.texts(abs(contrast.estimate.value))[0]
    size = f"a typical {typical}" if by_rank else f"{typical} on average"
    buts = []
    if "mean" in opposing:
        mean = metric.texts(abs(contrast.mean.mean))[0]
        buts.append(f"worse on average by {mean} because of {counted(seen.worse)}")
    if "missed" in opposing:
        mine_missed, other = contrast.missed[:: seen.sign]
        buts.append(
            f"it missed {mine_missed.count} of {mine_missed.of} tumours, {seen.second} "
            f"{other.count} of {other.of}"
        )
    return (
        f"{mine} and {others} contradict each other{where}: {seen.first} was better than "
        f"{seen.second} in {seen.better} of {counted(contrast.n)} by {size} "
        f"{unit_name(seen.analysis)}, but {' and '.join(buts)}. No design is called better "
        f"({p_words(contrast)})."
    )


def worse_patients(analysis: Analysis, contrast: Contrast) -> str:
    """Return the patients who speak against the test where mean and ranks contradict each other."""
    decision = contrast.decision
    if decision is None or decision.form is not Form.CONTRADICTORY:
        return ""
    seen = from_side(analysis, contrast, decision.favoured)
    oriented = [seen.sign * analysis.metric.sign * d for d in contrast.d]
    worst = sorted(
        (d, name, raw)
        for d, name, raw in zip(oriented, analysis.patients, contrast.d, strict=True)
        if d < 0
    )
    if not worst:
        return ""
    named = [f"{name} ({analysis.metric.texts(seen.sign * raw)[0]})" for _, name, raw in worst]
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    return (
        f"Patients in whom {seen.first} is worse than {seen.second}, the largest difference first "
        f"({seen.first} minus {seen.second}): {', '.join(named[:MOST_NAMED])}{more}."
    )


def _by_rank(contrast: Contrast) -> bool:
    return contrast.recipe is None and contrast.used.name in SHORT


def of_weights(analysis: Analysis, contrast: Contrast, where: str = "") -> str:
    """Return what the planned test says of these weights, beside the recipes."""
    seen = from_side(analysis, contrast.of_weights)
    return (
        f"These weights alone (patients random, trainings fixed), {seen.first} minus "
        f"{seen.second}{where}: {_evidence(seen)}."
    )


def _evidence(seen: Seen) -> str:
    """Estimate with its interval, the test's p, the count, and the mean where that is another."""
    contrast, metric, unit = seen.contrast, seen.analysis.metric, unit_name(seen.analysis)
    by_rank = _by_rank(contrast)
    estimate = contrast.estimate
    value, low, high = metric.texts(*seen.turned(estimate.value, estimate.low, estimate.high))
    kind = "typical" if by_rank else "mean"
    within = [SHORT[contrast.used.name]] if by_rank else []
    if low:
        unadjusted = ", unadjusted" if contrast.family > 1 else ""
        within.append(_ci(low, high, contrast.estimate_level) + unadjusted)
    before = f"{kind} difference {value} {unit} ("
    parts = [
        *([", ".join(within)] if within else []),
        p_words(contrast),
        f"{seen.first} better in {seen.better} of {counted(contrast.n)}",
    ]
    if by_rank:
        i = contrast.mean
        mean, low, high = metric.texts(*seen.turned(i.mean, i.low, i.high))
        ci = f", {_ci(low, high, contrast.estimate_level)}" if low else ""
        parts.append(f"mean difference {mean}{ci}")
    return f"{before}{'; '.join(parts)})"


def _uncertain(seen: Seen) -> str:
    contrast = seen.contrast
    if contrast.decision is None or contrast.decision.form is not Form.MEAN_UNCERTAIN:
        return ""
    i = contrast.mean
    _, low, high = seen.analysis.metric.texts(*seen.turned(i.mean, i.low, i.high))
    ci = _ci(low, high, contrast.estimate_level)
    return f"; the mean difference is uncertain ({ci}) because of patient {contrast.furthest}"


def _ci(low: str, high: str, level: float) -> str:
    return f"{100 * level:g} % CI {low} to {high}"
