"""The table a sweep ends with: each design's trials, best validation Dice, threshold, test Dice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from statistics import fmean

from ablation.comparison import Design, compare
from ablation.errors import ComparisonError
from ablation.errors.words import counted
from ablation.experiments.experiment import Experiment
from ablation.experiments.study import finals_of, storage_url
from ablation.fairness import from_tags
from ablation.files.aligned import aligned
from ablation.inference.thresholds import GRID
from ablation.scores.finals import trainings
from ablation.training.schedule import input_warning
from sweeps import best_trial, trials_table
from tracking import names
from tracking.record import RunFolder


@dataclass(frozen=True, slots=True)
class DesignResult:
    """One design at the end of its study, or of those of its outer folds."""

    design: str
    folds: int | None
    """Outer folds of cross-validation, whose test patients are pooled; none: one split."""
    trials: int
    """Finished, over all folds."""
    validation_dice: float | None
    """Of the best trial; over folds their mean."""
    threshold: float | None
    """Of the finals, their mean; of several targets None."""
    test_dice: float | None
    interval: tuple[float, float] | None
    """95 % t interval over test patients; none with fewer than two."""
    patients: int
    at_edge: int = 0
    """Final runs whose threshold is the first or last of those searched."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """Of several targets the mean threshold of the finals, by target."""


def rows_of(experiments: Sequence[Experiment], workspace: Path) -> list[DesignResult]:
    """Return a row for each design; the folds of one stand beside each other."""
    designs = groupby(experiments, key=lambda one: one.design)
    return [_row(name, tuple(folds), workspace) for name, folds in designs]


def warnings_of(experiments: Sequence[Experiment], workspace: Path) -> list[str]:
    """Return what to know of the final runs: thresholds at the edge, steps that waited for slices."""
    lines = []
    for one in experiments:
        finals = finals_of(one, workspace)
        at_edge = sum(bool(from_tags(final.record.tags).threshold_at_edge) for final in finals)
        if at_edge:
            lines.append(
                f"{one.study}: the best threshold is at the edge of the search ({GRID[0]} to "
                f"{GRID[-1]}) in {at_edge} of {counted(len(finals), 'final run')}: the "
                "probabilities are not calibrated; train longer, or try another loss"
            )
        shares = [final.record.metrics.get("cost/input_share", 0.0) for final in finals]
        if said := input_warning(max(shares, default=0.0)):
            lines.append(f"{one.study}: {said}")
    return lines


def as_text(rows: Sequence[DesignResult]) -> list[str]:
    """Return the table as lines for a terminal."""
    header = (
        "design",
        "trials",
        "validation Dice",
        "threshold",
        "out-of-fold Dice" if any(row.folds for row in rows) else "test Dice",
        "95 % CI",
        "patients",
    )
    return aligned([header, *(_cells(row) for row in rows)])


def _row(design: str, folds: Sequence[Experiment], workspace: Path) -> DesignResult:
    tables = [trials_table(storage_url(workspace), one.study) for one in folds]
    best = [best_trial(trials) for trials in tables]
    values = [one.value for one in best if one is not None and one.value is not None]
    finals = [final for one in folds for final in finals_of(one, workspace)]
    test, interval, patients = _test_dice(folds[0], finals)
    metrics = [final.record.metrics for final in finals]
    thresholds = {
        target: fmean(one[f"threshold/{target}"] for one in metrics)
        for target in (folds[0].targets if metrics and len(folds[0].targets) > 1 else ())
    }
    return DesignResult(
        design=design,
        folds=folds[0].config.data.folds,
        trials=sum(row.state in ("complete", "pruned") for trials in tables for row in trials),
        validation_dice=fmean(values) if values else None,
        threshold=None if thresholds or not metrics else fmean(one["threshold"] for one in metrics),
        thresholds=thresholds,
        test_dice=test,
        interval=interval,
        patients=patients,
        at_edge=sum(bool(from_tags(one.record.tags).threshold_at_edge) for one in finals),
    )


def _test_dice(
    experiment: Experiment, finals: Sequence[RunFolder]
) -> tuple[float | None, tuple[float, float] | None, int]:
    if not finals:
        return None, None, 0
    for final in finals:
        final.checked(names.PER_CASE)
    tables = trainings((final.record.tags, final.path, None) for final in finals)
    try:
        result = compare([Design(experiment.design, tables)], experiment.config.comparison)
    except ComparisonError:
        return None, None, 0  # no test patient has a tumour
    # Of several targets the mean over them, or the one that was planned to decide.
    summary = result.analyses[0].summaries[0]
    interval = summary.interval
    bounds = (
        None if interval.low is None or interval.high is None else (interval.low, interval.high)
    )
    return interval.mean, bounds, interval.n


def _cells(row: DesignResult) -> tuple[str, ...]:
    def number(value: float | None) -> str:
        return "-" if value is None else f"{value:.3f}"

    bounds = "-" if row.interval is None else f"{row.interval[0]:.3f} to {row.interval[1]:.3f}"
    return (
        row.design,
        str(row.trials),
        number(row.validation_dice),
        (
            ", ".join(f"{name} {value:.3f}" for name, value in row.thresholds.items())
            or number(row.threshold)
        )
        + (" (edge)" if row.at_edge else ""),
        number(row.test_dice),
        bounds,
        str(row.patients),
    )
