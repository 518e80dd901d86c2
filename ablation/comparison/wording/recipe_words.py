"""Whether a verdict is about recipes (training procedures) or about the weights at hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ablation.comparison.analysis.contrasts import Analysis, Contrast
from ablation.comparison.analysis.sensitivity import Check, CheckRow
from ablation.comparison.wording.forms import of_weights
from ablation.comparison.wording.names import unit_name
from ablation.comparison.wording.p_values import p_relation
from ablation.statistics.repeats import FEWEST_FOLDS

Pair = tuple[Analysis, Contrast]


def about(contrasts: Sequence[Pair], checks: Sequence[CheckRow]) -> str:
    """Return what a headline is about where there are several trainings or folds; else nothing."""
    recipe = next((c.recipe for _, c in contrasts if c.recipe), None)
    if recipe is None:
        if any(row.kind is Check.FOLDS and row.p is None for row in checks):
            return (
                "This is about the trained models: a test of the recipes (training procedures) "
                f"needs {FEWEST_FOLDS} folds."
            )
        return ""
    if recipe.kind == "folds":
        random = f"the training patients of the {recipe.runs[0]} folds count as random"
    else:
        random = "patients and trainings count as random"
    return f"This is about the recipes (training procedures): {random}."


def beside(
    analysis: Analysis, contrast: Contrast, checks: Sequence[CheckRow], where: str
) -> Iterator[str]:
    """Return what these weights alone say, and what the folds say where others decide."""
    if contrast.recipe is not None:
        yield of_weights(analysis, contrast, where)
    if contrast.recipe is not None and contrast.recipe.kind == "folds":
        return
    place = (analysis.target, contrast.candidate, contrast.reference)
    for row in checks:
        if row.kind is Check.FOLDS and row.place == place:
            mean, low, high = analysis.metric.texts(row.estimate, row.low, row.high)
            p = f"; p {p_relation(row.p)}, unadjusted" if row.p is not None else ""
            ci = f" ({100 * contrast.level:g} % CI {low} to {high}{p})" if low else ""
            yield (
                f"Over the folds (their training patients random, Nadeau-Bengio), {row.candidate} "
                f"minus {row.reference}{where}: mean difference {mean} {unit_name(analysis)}{ci}."
            )


def beside_many(contrasts: Sequence[Pair]) -> Iterator[str]:
    """Return in one sentence what these weights alone say of many comparisons."""
    if any(c.recipe for _, c in contrasts):
        shown = sum(bool(c.of_weights.called_better) for _, c in contrasts)
        yield (
            f"These weights alone (patients random, trainings fixed): {shown} of {len(contrasts)} "
            f"comparisons {'shows' if shown == 1 else 'show'} a better design."
        )
