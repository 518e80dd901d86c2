"""What is said before hours are spent: data, space, cost, and what the data can show."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ablation.cli.options import say

if TYPE_CHECKING:
    from ablation.data import Slices
    from ablation.experiments.cost import Cost
    from ablation.experiments.experiment import Experiment

A_DAY_S = 86400.0


def show_plan(
    experiments: Sequence[Experiment], slices: Slices, cache: Path, *, quiet: bool
) -> list[Cost]:
    """Print data, space, cost and what the data can show; return the cost of each study."""
    from ablation.experiments.cost import cost_of
    from ablation.inference.tta import uncovered
    from ablation.training.augmentations import AUGMENTATIONS
    from sweeps import describe

    first = experiments[0]
    for finding in first.dataset.findings:
        say(f"{finding.severity}: {finding.where}: {finding.fault}", quiet=quiet)
    if left_out := len(first.dataset.places) - len(first.dataset.patients):
        say(
            f"left out: {left_out} of {len(first.dataset.places)} {first.dataset.noun}s, see above",
            quiet=quiet,
        )
    designs = [list(folds) for _, folds in groupby(experiments, key=lambda one: one.design)]
    say(
        f"data: {first.dataset.name}, {first.dataset.count([f.id for f in first.dataset.patients])} "
        f"({_parts(designs[0])})",
        quiet=quiet,
    )
    trained = AUGMENTATIONS[first.config.data.augmentation]
    if warning := uncovered(first.config.inference.tta, trained.name, trained.views):
        say(f"warning: {warning}", quiet=quiet)
    for key, text in describe(first.space):
        say(f"space: {key} {text}", quiet=quiet)
    costs = [
        cost_of(one, slices, cache, lambda line: say(line, quiet=quiet)) for one in experiments
    ]
    for line in _cost_lines(designs, costs):
        say(line, quiet=quiet)
    say("; ".join(_can_show(designs)), quiet=quiet)
    return costs


def _cost_lines(designs: Sequence[Sequence[Experiment]], costs: Sequence[Cost]) -> Iterator[str]:
    """Yield the cost of each design over its folds, then of all designs together."""
    from ablation.cli.progress import duration, size
    from ablation.experiments.cost import summed

    left = iter(costs)
    for folds in designs:
        own = [next(left) for _ in folds]
        cost = summed(own)
        times = "" if folds[0].fold is None else f"{len(own)} folds x "
        yield (
            f"cost: {folds[0].name}/{folds[0].design}: {times}{own[0].trainings} trainings x "
            f"{cost.epochs} epochs x {cost.steps} steps, {cost.parameters:,} parameters, "
            f"about {duration(cost.seconds)}, {size(cost.disk_bytes)} disk"
        )
    if len(designs) > 1:
        total = summed(costs)
        yield f"cost: together about {duration(total.seconds)}, {size(total.disk_bytes)} disk"


def _can_show(designs: Sequence[Sequence[Experiment]]) -> list[str]:
    """Return what the test patients can show, and what folds would where patients are few."""
    from ablation.experiments.cost import what_data_can_show, what_folds_would_show

    first = designs[0][0]
    shown = [what_data_can_show(sum(_size(one, "test") for one in designs[0]), len(designs))]
    if first.fold is None and not first.dataset.generated:  # generated patients cost nothing
        labelled = len({facts.person for facts in first.dataset.patients if facts.labelled})
        shown += what_folds_would_show(labelled, len(designs))
    return shown


def _size(experiment: Experiment, part: str) -> int:
    """Return how many persons a part of the split has."""
    return len(experiment.dataset.persons(getattr(experiment.split, part)))


def _parts(folds: Sequence[Experiment]) -> str:
    """Return the numbers of patients in the parts, over folds as a range."""
    sizes = {}
    for part in ("train", "validation", "test"):
        counts = sorted({_size(fold, part) for fold in folds})
        sizes[part] = " to ".join(str(count) for count in dict.fromkeys((counts[0], counts[-1])))
    listed = ", ".join(f"{part} {count}" for part, count in sizes.items())
    return listed if len(folds) == 1 else f"{len(folds)} folds, each {listed}"


def confirm(costs: Sequence[Cost], workspace: Path, *, yes: bool) -> None:
    """Ask before a sweep that takes over a day or more disk than is free."""
    from ablation.cli.progress import duration, size
    from ablation.errors import UsageError
    from ablation.experiments.cost import summed

    total = summed(costs)
    free = shutil.disk_usage(workspace).free
    reasons = []
    if total.seconds > A_DAY_S:
        reasons.append(f"takes up to {duration(total.seconds)}")
    if total.disk_bytes > free:
        reasons.append(f"needs {size(total.disk_bytes)} of {size(free)} free disk")
    if not reasons or yes:
        return
    question = f"This sweep {' and '.join(reasons)}."
    if not sys.stdin.isatty():
        raise UsageError(
            question, hint="Add --yes, or lower --trials, training.epochs or data.image_size."
        )
    typer.confirm(f"{question} Go on?", abort=True, err=True)
