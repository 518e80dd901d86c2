"""Counts and conditions a reader has to know: what was left out or filled in, and how often."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from ablation.comparison.analysis.contrasts import Analysis, cases_by_training, of_target
from ablation.comparison.tables.align import Design, absences, distinct, named
from ablation.comparison.tables.folds import CROSS_VALIDATED, fold_counts, protocol
from ablation.comparison.tables.missing import MISSING_RULES
from ablation.comparison.tables.volumes import SLICES
from ablation.config.sections import ComparisonConfig
from ablation.errors.words import counted
from ablation.fairness.facts import VALIDATION
from ablation.metrics.empty import has_lesion
from ablation.metrics.metric import Metric
from ablation.metrics.table import BACKGROUND, FOREGROUND


def notes(
    rows: pd.DataFrame,
    designs: Sequence[Design],
    analyses: Sequence[Analysis],
    metrics: Sequence[Metric],
    silent: Sequence[str],
    settings: ComparisonConfig,
) -> tuple[str, ...]:
    """Say what was left out or filled in, a sentence each; nothing is left out silently.

    Args:
        rows: Aligned rows of all targets.
        designs: What is compared.
        analyses: What came of it.
        metrics: Those that were asked for, without HD95 where it cannot be compared.
        silent: Designs that do not say how their HD95 was computed, where others do.
        settings: How is compared.
    """
    return (
        *_trainings(designs, analyses),
        *_folds(designs),
        *_gaps(designs, settings),
        *_slices(rows, metrics),
        *_targets(rows, designs, analyses),
        *_metrics(analyses, metrics),
        *(_unscored(rows, one, settings) for one in analyses if one.unscored),
        *_hd95(silent),
    )


def _trainings(designs: Sequence[Design], analyses: Sequence[Analysis]) -> Iterator[str]:
    if max(len(design.cases) for design in designs) > 1:
        counts = ", ".join(f"{d.name} {len(d.cases)}" for d in designs)
        of_recipes = any(c.recipe for one in analyses for c in one.contrasts)
        random = (
            "the test that decides and the intervals of mean differences treat patients and "
            "trainings as random, all others patients alone."
            if of_recipes
            else "intervals and tests treat patients as random, not trainings."
        )
        yield f"Averaged over trainings patient by patient ({counts}); {random}"
    if elsewhere := [d.name for d in designs if d.facts.imported and not d.facts.protocol]:
        yield (
            f"Imported results, training data not known: {', '.join(elsewhere)}. "
            "These scores may be of patients that were trained on."
        )


def _folds(designs: Sequence[Design]) -> tuple[str, ...]:
    """Say where scores are out-of-fold, and where designs were tested in different ways.

    Only our own nested cross-validation tunes each fold on its own patients.
    """
    ways: dict[str, list[Design]] = {}
    for design, count in zip(designs, fold_counts(designs), strict=True):
        way = protocol(count) if count else design.facts.protocol
        elsewhere = design.facts.imported and way not in (None, protocol(0))
        if count or way == CROSS_VALIDATED or elsewhere:
            ways.setdefault(str(way), []).append(design)
    said = []
    for way, own in ways.items():
        if all(design.facts.selected_on == VALIDATION for design in own):
            said.append(
                f"Scores of {way} are out-of-fold: each patient was tested once by a model "
                "neither trained nor tuned on that patient."
            )
        else:
            said.append(
                f"Cross-validated: scores of {way} are out-of-fold. Each patient was tested once, "
                "by a model that was not trained on that patient; nothing says whether settings "
                "were chosen by these scores."
            )
    if len(set(fold_counts(designs))) > 1:
        listed = ", ".join(f"{d.name} {d.facts.protocol or 'not stated'}" for d in designs)
        said.append(f"The designs were trained on different patients: {listed}.")
    return tuple(said)


def _gaps(designs: Sequence[Design], settings: ComparisonConfig) -> Iterator[str]:
    if settings.missing != "error":
        yield from (f"{text}: {MISSING_RULES[settings.missing]}." for text in absences(designs))


def _slices(rows: pd.DataFrame, metrics: Sequence[Metric]) -> Iterator[str]:
    """Say that slices were added up, and which scores are means over slices all the same."""
    if SLICES not in rows:
        return
    once = rows[rows["design"] == rows["design"].iloc[0]]
    once = once[once["training"] == once["training"].iloc[0]].drop_duplicates("patient")
    yield (
        f"Overlap scores are those of the volume, from the voxel counts of {int(once[SLICES].sum()):,} "
        f"slices of {counted(len(once))}, slices without truth included."
    )
    others = [m.label for m in metrics if m.name not in (*FOREGROUND, *BACKGROUND)]
    if others:
        yield (
            f"{', '.join(others)} cannot be rebuilt from slices: the mean over the slices with truth "
            "of each patient."
        )


def _targets(
    rows: pd.DataFrame, designs: Sequence[Design], analyses: Sequence[Analysis]
) -> Iterator[str]:
    once = rows[rows["design"] == designs[0].name].drop_duplicates(["patient", "case", "target"])
    absent = int((~has_lesion(once)).sum())
    if absent:
        yield f"{absent} test cases without a tumour count as detections only."
    judged = {analysis.target for analysis in analyses}
    nowhere = [str(target) for target in sorted(rows["target"].unique()) if target not in judged]
    if nowhere:
        yield f"No test case has {', '.join(nowhere)}: nothing is compared there."


def _metrics(analyses: Sequence[Analysis], metrics: Sequence[Metric]) -> Iterator[str]:
    compared = {one.metric for one in analyses}
    for metric in metrics:
        if metric not in compared:
            yield f"{metric.label} is not compared: no patient has a value under every design."


def _unscored(rows: pd.DataFrame, analysis: Analysis, settings: ComparisonConfig) -> str:
    """Which cases count for no design, and whose value is lacking."""
    own = of_target(rows, analysis.target)
    undefined = cases_by_training(own, analysis.metric, settings.empty).isna()
    cases = named([" ".join(distinct(key)) for key in undefined.index[undefined.any(axis=1)]])
    whose = undefined.T.groupby(level="design", sort=False).any().any(axis=1)
    lacking = ", ".join(str(name) for name in whose.index[whose])
    return (
        f"{analysis.label}: {cases} left out for every design ({analysis.unscored} in all), "
        f"without a value in {lacking}."
    )


def _hd95(silent: Sequence[str]) -> Iterator[str]:
    if silent:
        yield f"HD95 is not compared: not stated how it was computed for {', '.join(silent)}."
