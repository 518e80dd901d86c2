"""What was estimated and tested, how p-values were adjusted, what else was tried."""

from __future__ import annotations

from collections.abc import Iterator

from ablation.comparison import Check, Comparison, Contrast
from ablation.comparison.analysis.decision import RULE
from ablation.comparison.analysis.relevance import SKEWED
from ablation.comparison.wording.names import listed, target_name
from ablation.statistics.bayes import DRAWS as POSTERIOR_DRAWS
from ablation.statistics.corrections import CORRECTIONS
from ablation.statistics.equivalence import FEWEST_FOR_EQUIVALENCE
from ablation.statistics.paired_tests import TESTS
from ablation.statistics.resampling import DRAWS

RECIPE_TESTS = {
    "trainings": "t test of the mean difference with patients and trainings as random "
    "[@satterthwaite1946]",
    "folds": "t test of the mean over folds, corrected for the overlap of their training patients "
    "[@nadeau2003]",
}
"""Tests of the recipes in the methods text."""


def testing(comparison: Comparison) -> Iterator[str]:
    """Yield sentences on intervals, the planned test, its family, effects, margins, ranks, checks."""
    level = f"{100 * comparison.level:g} %"
    yield from _means(comparison, level)
    contrasts = comparison.primary.contrasts
    if not contrasts:
        return
    if comparison.primary.unit_of_analysis == "case":
        yield (
            "Cases of one patient were counted as if they were independent, so nothing was tested; "
            "intervals are too narrow."
        )
        return
    yield _planned(comparison, contrasts[0])
    yield from _of_recipes(contrasts[0])
    yield RULE
    yield from comparison.late
    yield from _effects(comparison, level)
    if any(c.detectable is not None for one in comparison.primaries for c in one.contrasts):
        yield (
            "The detectable difference was simulated: the centred differences were resampled, and one "
            "difference was added in every patient, until this rule found it in 80 % of the data sets."
        )
    yield from _margins(comparison)
    if comparison.primary.ranking is not None:
        yield (
            "Designs were ranked within patients (Friedman test in the form of Iman and Davenport "
            f"[@friedman1937; @iman1980]); the stability of ranks was judged by {DRAWS:,} bootstrap "
            "draws of patients and by leaving out each patient."
        )
    yield from _checks(comparison)
    yield f"Random draws were seeded with {comparison.settings['seed']}."


def _means(comparison: Comparison, level: str) -> Iterator[str]:
    """How the intervals of means and mean differences were computed, on which scale."""
    yield f"Means over {comparison.primary.unit_of_analysis}s carry {level} t intervals."
    scales = {"logit": "the logit of the mean", "log": "the logarithm of the mean"}
    for method, words in scales.items():
        whose = [
            f"{analysis.label} of {summary.design}"
            for analysis in comparison.analyses
            for summary in analysis.summaries
            if summary.interval.method == method
        ]
        if whose:
            yield f"They were computed for {words} where they would leave the scale: {', '.join(whose)}."
    if any(c.t.interval.method == "cut" for a in comparison.analyses for c in a.contrasts):
        yield "Intervals of differences end at the bounds of the scale."


def _resampled(comparison: Comparison) -> Iterator[str]:
    """Which intervals rest on draws of patients, and by which method."""
    words = {
        "BCa": "BCa [@efron1987]",
        "percentile": "percentile intervals where BCa [@efron1987] does not exist",
    }
    for method, named in words.items():
        found = dict.fromkeys(
            name
            for analysis in comparison.analyses
            for contrast in analysis.contrasts
            for name, used in contrast.resampled.items()
            if used == method
        )
        if found:
            yield (
                f"Intervals of {', '.join(found)} are {named}, from {DRAWS:,} draws of patients "
                "shared by all designs."
            )


def _planned(comparison: Comparison, contrast: Contrast) -> str:
    one_sided = comparison.settings["alternative"] == "greater"
    side = "one-sided" if one_sided else "two-sided"
    better = f", for designs better than {comparison.reference}" if one_sided else ""
    plan = (
        f"every design against {comparison.reference}"
        if comparison.reference
        else "all pairs of designs"
    )
    alpha = round(1 - comparison.level, 12)
    named = f" ({plan})" if len(comparison.designs) > 2 or comparison.reference else ""
    adjusted = "not adjusted (one planned comparison)"
    if contrast.family > 1:
        correction = CORRECTIONS[contrast.correction].sentence
        adjusted = (
            f"{correction} over {contrast.family} planned comparisons{named} of the primary metric"
        )
    return (
        "Designs were compared by their differences within patients, the patient being the unit: "
        f"the {side} {_test(contrast)}{better}, {adjusted}, "
        f"p < {alpha:.2g} taken as significant; {_families(comparison)}."
    )


def _families(comparison: Comparison) -> str:
    targets = [target_name(one.target) for one in comparison.primaries]
    every = len({analysis.target for analysis in comparison.analyses}) > 1
    over = f"the targets {listed(targets)} are one family; " if len(targets) > 1 else ""
    if every and len(targets) == 1:
        over = f"the primary target was {targets[0]}; "
    of_all = " over all targets" if every else ""
    return f"{over}each secondary metric{of_all} is a family of its own"


def _of_recipes(contrast: Contrast) -> Iterator[str]:
    """What stands beside the test of the recipes."""
    if contrast.recipe is not None:
        yield (
            "It concerns the recipes (training procedures), and so do the intervals of mean "
            f"differences. The {_test(contrast.of_weights)} of these weights, with patients alone "
            "as random, stands beside it."
        )


def _test(contrast: Contrast) -> str:
    if contrast.recipe is not None:
        return RECIPE_TESTS[contrast.recipe.kind]
    used = contrast.used
    return TESTS[used.name].sentence(used.method, used.draws)


def _effects(comparison: Comparison, level: str) -> Iterator[str]:
    kind = "intervals of that test" if comparison.primary.contrasts[0].recipe else "t intervals"
    yield (
        f"Mean differences carry {level} {kind}, shifts (Hodges-Lehmann [@hodges1963]) exact "
        "ones; Cohen's d_z is the mean difference over the standard deviation (n - 1) of the "
        "differences, its interval from the noncentral t distribution [@cumming2001]."
    )
    yield from _resampled(comparison)
    yield (
        "The probability of a false claim is half the p of the paired t test, as Claims Reloaded "
        "computes it [@christodoulou2025]."
    )
    if not any(one.missed for one in comparison.detection):
        return
    if any(one.missed_interval for one in comparison.detection):
        yield "Shares of missed tumours carry exact binomial limits [@clopper1934]."
    if any(one.p is not None for one in comparison.detection_contrasts):
        yield "Which tumours two designs find was compared by McNemar's exact test [@mcnemar1947]."
    if comparison.two_parts:
        yield (
            "Where a tumour was missed, two parts stand beside the planned test, unadjusted: how many "
            "tumours each design misses, and the Hodges-Lehmann shift with the Wilcoxon signed-rank "
            "test over the patients whose tumours both designs found. Sign flips of the mean "
            "difference, studentised, keep the missed tumours."
        )


def _margins(comparison: Comparison) -> Iterator[str]:
    tested = [a for a in comparison.analyses if a.contrasts and a.contrasts[0].relevance]
    if not tested:
        return
    sizes = {a.label: a.contrasts[0].relevance.margin for a in tested if a.contrasts[0].relevance}
    listed = ", ".join(f"{label} {size:g}" for label, size in sizes.items())
    yield (
        f"Differences smaller than the margin ({listed}) count as irrelevant: equivalence was tested "
        "by two one-sided tests [@schuirmann1987], by t and by sign flips, the larger p adjusted like "
        "the others; nothing is decided below "
        f"{FEWEST_FOR_EQUIVALENCE} patients. The probability of a relevant difference was "
        f"estimated by the Bayesian signed-rank test [@benavoli2014; @benavoli2017] with "
        f"{POSTERIOR_DRAWS:,} draws and the margin as its region of practical equivalence."
    )
    if any(c.relevance and c.relevance.is_skewed for one in tested for c in one.contrasts):
        yield (
            f"Differences with a skewness beyond {SKEWED:g} are named: tests against the margin then "
            "succeed too often."
        )


def _checks(comparison: Comparison) -> Iterator[str]:
    words = {
        Check.TEST: "by other tests",
        Check.LEFT_OUT: "without each patient in turn",
        Check.CASE_WEIGHTED: "with every case weighing alike",
        Check.TRAININGS: "with training runs as random [@satterthwaite1946]",
        Check.FOLDS: "with the training patients of the folds as random [@nadeau2003]",
        Check.GAPS: "under both rules for missing cases",
    }
    kinds = dict.fromkeys(row.kind for row in comparison.checks)
    tried = [words[kind] for kind in kinds]
    if comparison.sensitivity:
        tried.append("under the other rules for empty masks")
    if tried:
        yield f"Each primary comparison was repeated, unadjusted, {', '.join(tried)}."
