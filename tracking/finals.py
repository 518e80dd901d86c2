"""Which finals and imports count: of a design, those of its newest split and setting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tracking import names
from tracking.names import Fold


@dataclass(frozen=True, slots=True)
class FinalRun:
    """A final, or an import, as it stands on a server."""

    run_id: str
    name: str
    experiment: str
    end_ms: int
    tags: Mapping[str, str]
    params: Mapping[str, str]
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class PulledRun:
    """A final, or an import, with its files."""

    run_id: str
    name: str
    tags: dict[str, str]
    params: dict[str, str]
    metrics: dict[str, float]
    folder: Path
    """Holds per_case.csv and, where the run has them, run.json, metrics.jsonl, thresholds.csv and
    figures/overlays.csv."""


@dataclass(frozen=True, slots=True)
class PulledStudy:
    """The study behind a final, with its files."""

    run_id: str
    name: str
    """EXPERIMENT/DESIGN, as its finals are tagged."""
    tags: dict[str, str]
    folder: Path
    """Holds trials.csv, importance.json and split.json where the study has them."""


@dataclass(frozen=True, slots=True)
class Finals:
    """The finals of one experiment that a report compares."""

    experiment: str
    """"" when there is none at all."""
    runs: tuple[PulledRun, ...]
    superseded: tuple[str, ...]
    """Names of older finals of the same designs."""
    other_experiments: tuple[str, ...]
    """Other experiments that have finals."""
    studies: tuple[PulledStudy, ...] = ()
    """Those of the runs, by name, that have arrived."""
    damaged: tuple[tuple[str, str], ...] = ()
    """Runs that count but whose files cannot be read, and why; they are not among `runs`."""


def is_own(run: FinalRun) -> bool:
    """Tell a final scored on test patients of its own split from imports and external test sets."""
    return run.tags.get(names.KIND) == "final" and names.EXTERNAL not in run.tags


def newest(runs: Iterable[FinalRun]) -> tuple[list[FinalRun], list[FinalRun]]:
    """Sort the finals of one experiment into those that count, and those superseded.

    A design's newest final names the way its patients are split: once, or in cross-validation by
    studies of their own for each outer fold. Of each study the newest final names the setting
    that counts; of this setting, the newest final of each seed.
    """
    count: dict[tuple[str, str], FinalRun] = {}
    splits: dict[str, tuple[str, ...]] = {}
    setting: dict[str, str] = {}
    superseded = []
    for run in sorted(runs, key=lambda run: (run.end_ms, run.name, run.run_id), reverse=True):
        study, seed = run.tags.get(names.STUDY, ""), run.tags.get(names.SEED, run.name)
        is_newest = splits.setdefault(run.tags.get(names.MODEL, study), _splits(run)) == _splits(
            run
        ) and setting.setdefault(study, _setting(run)) == _setting(run)
        if is_newest and (study, seed) not in count:
            count[study, seed] = run
        else:
            superseded.append(run)
    return [count[key] for key in sorted(count)], superseded


def _splits(run: FinalRun) -> tuple[str, ...]:
    """Return what the folds of one cross-validation share; nothing where there is one split."""
    if names.FOLD not in run.tags:
        return ()
    fold = Fold.parse(run.tags[names.FOLD])
    return (str(fold.of), run.tags.get(names.DATA, ""), run.params.get("data.split_seed", ""))


def _setting(run: FinalRun) -> str:
    return run.tags.get(names.SETTING, run.name)
