"""The table a sweep ends with: each design's trials, best validation Dice, threshold, test Dice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ablation.comparison import Design, compare
from ablation.errors import ComparisonError
from ablation.experiment import Experiment
from ablation.metrics.table import read_cases
from ablation.study import finals_of, storage_url
from ablation.training.schedule import input_warning
from sweeps import best_trial, trials_table
from tracking import names


@dataclass(frozen=True, slots=True)
class Row:
    """One design at the end of its study."""

    design: str
    trials: int
    validation_dice: float | None
    threshold: float | None
    """Of the finals, their mean."""
    test_dice: float | None
    interval: tuple[float, float] | None
    """95 % t interval over test patients; none with fewer than two."""
    patients: int


def rows_of(experiments: Sequence[Experiment], workspace: Path) -> list[Row]:
    """Return a row for each design whose study has a finished trial."""
    return [_row(one, workspace) for one in experiments]


def warnings_of(experiments: Sequence[Experiment], workspace: Path) -> list[str]:
    """Return what the finals of a sweep say about the machine: steps that waited for slices."""
    lines = []
    for one in experiments:
        finals = finals_of(workspace, one.name, one.design)
        shares = [final.record.metrics.get("cost/input_share", 0.0) for final in finals]
        if said := input_warning(max(shares, default=0.0)):
            lines.append(f"{one.design}: {said}")
    return lines


def as_text(rows: Sequence[Row]) -> list[str]:
    """Return the table as lines for a terminal."""
    header = (
        "design",
        "trials",
        "validation Dice",
        "threshold",
        "test Dice",
        "95 % CI",
        "patients",
    )
    cells = [header, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(header))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]


def _row(experiment: Experiment, workspace: Path) -> Row:
    trials = trials_table(storage_url(workspace), experiment.study)
    best = best_trial(trials)
    finals = finals_of(workspace, experiment.name, experiment.design)
    done = sum(row.state in ("complete", "pruned") for row in trials)
    test, interval, patients = _test_dice(experiment, [final.path for final in finals])
    thresholds = [final.record.metrics["threshold"] for final in finals]
    return Row(
        design=experiment.design,
        trials=done,
        validation_dice=None if best is None else best.value,
        threshold=sum(thresholds) / len(thresholds) if thresholds else None,
        test_dice=test,
        interval=interval,
        patients=patients,
    )


def _test_dice(
    experiment: Experiment, finals: Sequence[Path]
) -> tuple[float | None, tuple[float, float] | None, int]:
    if not finals:
        return None, None, 0
    tables = tuple(read_cases(path / names.PER_CASE) for path in finals)
    try:
        result = compare([Design(experiment.design, tables, {})], experiment.config.comparison)
    except ComparisonError:
        return None, None, 0  # no test patient has a tumour
    summary = result.primary.summaries[0]
    interval = summary.interval
    bounds = (
        None if interval.low is None or interval.high is None else (interval.low, interval.high)
    )
    return interval.mean, bounds, interval.n


def _cells(row: Row) -> tuple[str, ...]:
    def number(value: float | None) -> str:
        return "-" if value is None else f"{value:.3f}"

    bounds = "-" if row.interval is None else f"{row.interval[0]:.3f} to {row.interval[1]:.3f}"
    return (
        row.design,
        str(row.trials),
        number(row.validation_dice),
        number(row.threshold),
        number(row.test_dice),
        bounds,
        str(row.patients),
    )
