"""What is said before hours are spent: data, space, cost, and what the data can show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from ablation.data.findings import Finding
from ablation.data.readers.reader import Progress
from ablation.experiments.cost import Cost, summed, what_data_can_show, what_folds_would_show
from ablation.experiments.experiment import Experiment
from ablation.inference.tta import uncovered
from ablation.training.augmentations import augmentation_of
from sweeps import describe

NAMED = 3
"""So many patients of one warning are named."""


def announce_data(experiments: Sequence[Experiment], say: Progress) -> None:
    """Say what the data are, what is left out, and what is searched."""
    first = experiments[0]
    for line in first.dataset.reader.said:
        say(line)
    for line in findings_text(first.dataset.findings, first.config.data.modalities):
        say(line)
    if left_out := len(first.dataset.places) - len(first.dataset.patients):
        say(f"left out: {left_out} of {len(first.dataset.places)} {first.dataset.noun}s, see above")
    say(
        f"data: {first.dataset.name}, {first.dataset.count([f.id for f in first.dataset.patients])} "
        f"({parts_text(by_design(experiments)[0])})"
    )
    trained = augmentation_of(first.config.data.augmentation)
    if warning := uncovered(first.config.inference.tta, trained.name, trained.views):
        say(f"warning: {warning}")
    for key, text in describe(first.space):
        say(f"space: {key} {text}")


def findings_text(findings: Sequence[Finding], used: Sequence[str]) -> list[str]:
    """Return the findings of a data set as lines, each fault once with all it concerns.

    Args:
        findings: Errors and warnings.
        used: Sequences the networks see; a warning about another one is left to `ablate data check`.
    """
    places: dict[tuple[str, str], list[str]] = {}
    for one in findings:
        if one.severity == "error" or one.sequence is None or one.sequence in used:
            places.setdefault((one.severity, one.fault), []).append(one.where)
    return [
        f"{severity}: {_several(where)}: {fault}" for (severity, fault), where in places.items()
    ]


def _several(names: Sequence[str]) -> str:
    """Return up to three names, and how many more there are.

    >>> _several(["a", "b"]), _several(list("abcde"))
    ('a, b', 'a, b, c and 2 more')
    """
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def announce_costs(experiments: Sequence[Experiment], costs: Sequence[Cost], say: Progress) -> None:
    """Say what each design costs and what the test patients can show."""
    for line in _cost_lines(by_design(experiments), costs):
        say(line)
    say("; ".join(what_can_be_shown(by_design(experiments))))


def by_design(experiments: Sequence[Experiment]) -> list[list[Experiment]]:
    """Return the experiments of each design: one, or one for each outer fold."""
    return [list(folds) for _, folds in groupby(experiments, key=lambda one: one.design)]


def _cost_lines(designs: Sequence[Sequence[Experiment]], costs: Sequence[Cost]) -> Iterator[str]:
    """Yield the cost of each design over its folds, then of all designs together."""
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


def what_can_be_shown(designs: Sequence[Sequence[Experiment]]) -> list[str]:
    """Return what the test patients can show, and what folds would where patients are few."""
    first = designs[0][0]
    shown = [what_data_can_show(sum(_size(one, "test") for one in designs[0]), len(designs))]
    if first.fold is None and not first.dataset.generated:  # generated patients cost nothing
        labelled = len({facts.person for facts in first.dataset.patients if facts.labelled})
        shown += what_folds_would_show(labelled, len(designs))
    return shown


def _size(experiment: Experiment, part: str) -> int:
    """Return how many persons a part of the split has."""
    return len(experiment.dataset.persons(getattr(experiment.split, part)))


def parts_text(folds: Sequence[Experiment]) -> str:
    """Return the numbers of patients in the parts, over folds as a range."""
    sizes = {}
    for part in ("train", "validation", "test"):
        counts = sorted({_size(fold, part) for fold in folds})
        sizes[part] = " to ".join(str(count) for count in dict.fromkeys((counts[0], counts[-1])))
    listed = ", ".join(f"{part} {count}" for part, count in sizes.items())
    return listed if len(folds) == 1 else f"{len(folds)} folds, each {listed}"


def duration(seconds: float) -> str:
    """Return a time as people say it.

    >>> duration(42), duration(600), duration(9000), duration(200000)
    ('42 s', '10 min', '2.5 h', '2.3 days')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 36 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} days"


def size(byte_count: float) -> str:
    """Return an amount of disk as people say it.

    >>> size(2_000), size(3_400_000), size(12_000_000_000)
    ('2 kB', '3 MB', '12.0 GB')
    """
    if byte_count < 1e6:
        return f"{byte_count / 1e3:.0f} kB"
    if byte_count < 1e9:
        return f"{byte_count / 1e6:.0f} MB"
    return f"{byte_count / 1e9:.1f} GB"
