"""Which finals and imports count: of a study, those of its present best setting."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tracking import names
from tracking.errors import TrackingError
from tracking.names import Fold, RunName


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
class Incomplete:
    """A study of whose present best setting finals are missing.

    >>> str(Incomplete("phantom/unet", 1, 2))
    'phantom/unet: 1 of 2 final runs'
    """

    study: str
    have: int
    planned: int

    def __str__(self) -> str:
        return f"{self.study}: {self.have} of {self.planned} final runs"


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
    incomplete: tuple[Incomplete, ...] = ()
    """Studies with fewer finals than planned."""
    other_patients: tuple[str, ...] = ()
    """Names of finals left out because they were scored on other patients or another split."""


def is_own(run: FinalRun) -> bool:
    """Tell a final scored on test patients of its own split from imports and external test sets."""
    return run.tags.get(names.KIND) == "final" and names.EXTERNAL not in run.tags


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """What a study says of its finals."""

    setting: str = ""
    """Its present best setting, as its finals are tagged; "" where it does not say."""
    planned: int = 0
    """How many finals of this setting are planned, one a seed; 0 where it does not say."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The finals of an experiment, sorted into those that count and those that do not."""

    runs: list[FinalRun]
    superseded: list[FinalRun]
    incomplete: list[Incomplete]


def newest(
    runs: Iterable[FinalRun],
    studies: Mapping[str, StudyFacts] | None = None,
    own: Collection[str] = (),
) -> Counted:
    """Sort the finals of one experiment into those that count, and those superseded.

    A study names its present best setting: its finals count, of each seed the last attempt. Where
    a store has several studies of one name, that of the own workspace counts, else the one with
    the newest final. Times decide only between runs that no fact of a study tells apart.

    Args:
        runs: Finals and imports.
        studies: What is known of the studies, by their run_key.
        own: run_keys of the runs in the workspace of who asks.

    Raises:
        TrackingError: Finals of one design were scored on different patients or splits.
    """
    runs = sorted(runs, key=_age, reverse=True)
    _refuse_mixture(runs)
    by_study: dict[str, list[FinalRun]] = {}
    for run in runs:
        by_study.setdefault(run.tags.get(names.STUDY, ""), []).append(run)
    count: list[FinalRun] = []
    incomplete = []
    for name, finals in sorted(by_study.items()):
        key = _study_key(finals, own)
        facts = (studies or {}).get(key, StudyFacts())
        counted = _of_one_setting([run for run in finals if _key(run) in ("", key)], facts, own)
        count += counted
        have = sum(_setting(run) == facts.setting for run in counted)
        if have < facts.planned:
            incomplete.append(Incomplete(name, have, facts.planned))
    chosen = {run.run_id for run in count}
    return Counted(count, [run for run in runs if run.run_id not in chosen], incomplete)


def of_run(runs: Sequence[FinalRun], run_id: str) -> tuple[list[FinalRun], list[FinalRun]]:
    """Part the finals of a run's experiment into those of its patients and split, and the others."""
    (chosen,) = (run for run in runs if run.run_id == run_id)
    same = _population(chosen)
    beside = [run for run in runs if run.experiment == chosen.experiment]
    kept = [run for run in beside if _population(run) in (same, UNKNOWN)]
    return kept, [run for run in beside if run not in kept]


def _study_key(finals: Sequence[FinalRun], own: Collection[str]) -> str:
    """Return the key of the study whose finals count; "" where none says which it belongs to."""
    stated = [run for run in finals if _key(run)]
    first = next((run for run in stated if run.tags.get(names.RUN_KEY) in own), None)
    return _key(first or stated[0]) if stated else ""


def _of_one_setting(
    finals: Sequence[FinalRun], facts: StudyFacts, own: Collection[str]
) -> list[FinalRun]:
    """Return the final of each seed that counts, by seed."""

    def rank(run: FinalRun) -> tuple[bool, int, bool]:
        is_own = run.tags.get(names.RUN_KEY) in own
        return _setting(run) == facts.setting, _attempt(run), is_own

    found: dict[str, FinalRun] = {}
    setting = None
    for run in sorted(finals, key=rank, reverse=True):  # stable: of equals the newest comes first
        setting = _setting(run) if setting is None else setting
        if _setting(run) == setting:
            found.setdefault(run.tags.get(names.SEED, ""), run)
    return [found[seed] for seed in sorted(found)]


def _age(run: FinalRun) -> tuple[int, str, str]:
    return run.end_ms, run.name, run.run_id


def _key(run: FinalRun) -> str:
    return run.tags.get(names.PARENT_KEY, "")


def _setting(run: FinalRun) -> str:
    """Return what was retrained; imports have none, so that their last attempt counts."""
    return run.tags.get(names.SETTING, "")


def _attempt(run: FinalRun) -> int:
    try:
        return RunName.parse(run.tags.get(names.NAME, "")).attempt
    except TrackingError:
        return 0  # a run that another program tagged


def _refuse_mixture(runs: Sequence[FinalRun]) -> None:
    """Refuse finals of one design that say they were scored on different patients or splits."""
    by_design: dict[str, dict[tuple[str, ...], FinalRun]] = {}
    for run in runs:
        if _population(run) != UNKNOWN:
            same = by_design.setdefault(run.tags.get(names.MODEL, ""), {})
            same.setdefault(_population(run), run)
    for design, found in by_design.items():
        if len(found) > 1:
            told = "; ".join(f"{_told(run)}, as in run {run.run_id}" for run in found.values())
            raise TrackingError(
                f"experiment {runs[0].experiment} holds final runs of {design} on different "
                f"patients or splits: {told}",
                hint="Name the results by one of these runs, as in --experiment "
                f"{next(iter(found.values())).run_id}, or give one sweep another --experiment.",
            )


UNKNOWN: tuple[str, ...] = ()
"""The population of a run that does not say what it was scored on, such as an import."""


def _population(run: FinalRun) -> tuple[str, ...]:
    """Return what finals share that were scored on the same patients, split in the same way."""
    data, split = run.tags.get(names.DATA, ""), run.tags.get(names.SPLIT, "")
    if names.FOLD in run.tags:
        fold = Fold.parse(run.tags[names.FOLD])
        return (data, "folds", str(fold.of), run.params.get("data.split_seed", ""))
    if names.EXTERNAL in run.tags:
        return (data, "external")  # without the patients that each run was trained on
    return (data, split) if data or split else UNKNOWN


def _told(run: FinalRun) -> str:
    data = run.tags.get(names.DATA, "")[:12] or "unknown"
    if names.FOLD in run.tags:
        return f"data {data} in {Fold.parse(run.tags[names.FOLD]).of} folds"
    return f"data {data} with split {run.tags.get(names.SPLIT, '')[:12] or 'unknown'}"
