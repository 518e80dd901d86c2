"""What was measured, and what missed tumours, absent tumours and missing cases count."""

from __future__ import annotations

from collections.abc import Iterator

from ablation.comparison import Comparison
from ablation.comparison.analysis.contrasts import MEAN_OF_TARGETS
from ablation.comparison.analysis.empties import EMPTY_RULES
from ablation.comparison.tables.missing import MISSING_RULES
from ablation.comparison.wording.names import target_name
from ablation.metrics.metric import Metric


def scores(comparison: Comparison) -> Iterator[str]:
    """Yield sentences on metrics, empty masks, missing cases and whatever was left out."""
    yield _metrics(comparison)
    yield from _empties(comparison)
    if any(one.missed for one in comparison.detection):
        counts = ", ".join(
            f"{d.design} {d.missed} of {d.with_tumour}" for d in comparison.detection
        )
        every = ", counted over all trainings" if max(comparison.trainings) > 1 else ""
        yield f"Missed cases (truth, but an empty prediction){every}: {counts}."
    missing = comparison.settings["missing"]
    if missing != "error":
        yield f"Of cases that not every design was scored on: {MISSING_RULES[missing]}."  # type: ignore[index]
    yield from comparison.notes


def _metrics(comparison: Comparison) -> str:
    named = dict.fromkeys(one.target for one in comparison.analyses if one.target)
    targets = [target_name(target) for target in named if target != MEAN_OF_TARGETS]
    labels = list(dict.fromkeys(analysis.label for analysis in comparison.analyses))
    words = f"The primary metric was {labels[0]}"
    if labels[1:]:
        words += f", secondary {', '.join(labels[1:])}"
    if targets:  # a bare table need not name any
        words += (
            f", of {'target' if len(targets) == 1 else 'each of the targets'} {', '.join(targets)}"
        )
    metrics = dict.fromkeys(analysis.metric for analysis in comparison.analyses)
    defined = ((metric.label, _definition(metric, comparison)) for metric in metrics)
    words += "".join(f"; {label} is {text}" for label, text in defined if text)
    return f"{words} [@maierhein2024]."


def _definition(metric: Metric, comparison: Comparison) -> str:
    """How a metric was computed; designs that state another method are never compared."""
    if not metric.definitions:
        return metric.definition
    stated = (
        str(value)
        for row in comparison.ledger
        if row.fact == f"{metric.name}_method"
        for value in row.stated
        if value is not None
    )
    name = next(stated, "")
    return dict(metric.definitions).get(name, name)


def _empties(comparison: Comparison) -> Iterator[str]:
    """What empty masks count; nothing of scores that need not come from masks.

    A table of another program does not say that its cases are tumours: without an empty mask in it
    the rule decided nothing.
    """
    metrics = [analysis.metric for analysis in comparison.analyses]
    kinds = {metric.kind for metric in metrics}
    trained = any(one.selected_on is not None for one in comparison.facts)
    empty = any(one.missed or one.without_tumour for one in comparison.detection)
    if kinds <= {"declared"} or not (trained or empty):
        return
    ratios = [metric for metric in metrics if metric.kind == "ratio"]
    worst = "0" if all(one.higher_is_better for one in ratios) else "the worst value"
    distance = " and, in distances, the diagonal of its scan" if "distance" in kinds else ""
    dropped = ", and its distance was left out for every design" if "distance" in kinds else ""
    rule = EMPTY_RULES[comparison.settings["empty"]]  # type: ignore[index]
    yield rule.sentence.format(worst=worst, distance=distance, dropped=dropped)
