"""What was done, as a paragraph for a paper, from the settings that were used."""

from __future__ import annotations

from importlib.metadata import version

from ablation.comparison import Comparison

SOFTWARE = ("ablate", "numpy", "scipy", "pandas")


def methods(comparison: Comparison) -> str:
    """Return the methods paragraph of this comparison."""
    sentences = [_scores(comparison), _empties(comparison)]
    if comparison.primary.contrasts:
        sentences += [_tests(comparison), _effects(comparison)]
    return " ".join([*sentences, _software()])


def _scores(comparison: Comparison) -> str:
    counts = sorted(set(comparison.trainings))
    times = " to ".join(str(count) for count in dict.fromkeys((counts[0], counts[-1])))
    trained = (
        "trained once more with the best setting found on validation patients"
        if counts == [1]
        else f"trained {times} times more with the best setting found on validation patients, "
        "its scores averaged patient by patient"
    )
    return (
        f"Each design was {trained} and scored on {_tested(comparison)}. Means over patients carry "
        f"{100 * comparison.level:g} % t intervals."
    )


def _tested(comparison: Comparison) -> str:
    n = len(comparison.primary.patients)
    if not any(comparison.folds):
        return f"the same {n} test patients, which neither training nor tuning had seen"
    if len(set(comparison.folds)) > 1:
        (ways,) = (row.values for row in comparison.ledger if row.fact == "protocol")
        listed = ", ".join(map(": ".join, zip(comparison.designs, ways, strict=True)))
        return f"the same {n} patients in different ways ({listed})"
    return (
        f"{n} patients by nested cross-validation with {comparison.folds[0]} outer folds, the same "
        "for every design: each patient was tested once, by a model neither trained nor tuned on "
        "any patient of that fold, and the out-of-fold scores were pooled"
    )


def _empties(comparison: Comparison) -> str:
    scores = "scored 0"
    if any(analysis.metric.kind == "distance" for analysis in comparison.analyses):
        scores += " and, in distances, the diagonal of its scan"
    return f"Cases whose truth holds a tumour were analysed; a missed tumour {scores}."


def _tests(comparison: Comparison) -> str:
    contrast = comparison.primary.contrasts[0]
    plan = (
        f"every design against {comparison.reference}"
        if comparison.reference
        else "all pairs of designs"
    )
    kind = "exact" if contrast.rank.exact else "normal"
    several = "s" if contrast.family > 1 else ""
    return (
        "Designs were compared by their differences within patients, the patient being the unit: "
        f"the two-sided Wilcoxon signed-rank test ({kind} null distribution given ties, zeros by "
        f"Pratt), adjusted by Holm over {contrast.family} planned comparison{several} ({plan}) of "
        f"{comparison.primary.metric.label}, the primary metric; each secondary metric is a family "
        "of its own. The paired t test stands beside it, unadjusted."
    )


def _effects(comparison: Comparison) -> str:
    return (
        f"Mean differences carry {100 * comparison.level:g} % t intervals; Cohen's d_z is the mean "
        "difference over the standard deviation (n - 1) of the differences, its interval from "
        "the noncentral t distribution."
    )


def _software() -> str:
    return "Computed with " + ", ".join(f"{name} {version(name)}" for name in SOFTWARE) + "."
