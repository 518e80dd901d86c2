"""The study database made again from the run folders, after it was damaged or lost."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ablation.config.versions import read_definition
from ablation.data.readers.reader import Progress, silent
from ablation.errors import AblateError
from ablation.experiments.experiment import Experiment
from ablation.experiments.stored import disagreements
from ablation.experiments.study import PLAN, TRIALS_DATABASE, read_plan, spec_of
from ablation.fairness import from_tags
from sweeps import (
    Categorical,
    Float,
    Recorded,
    Space,
    StudySpec,
    SweepError,
    rebuild_study,
    study_names,
)
from tracking import names
from tracking.address import sqlite_uri
from tracking.atomic import to_disk
from tracking.errors import TrackingError
from tracking.names import RunName, StudyName
from tracking.record import RunFolder, RunRecord
from tracking.workspace import find_runs

LOST = (
    "Lost: trials without a run folder, how often an attempt was lost, and signs of life of workers. "
    "Not lost: parameters, values, epochs, tables, weights, and what is proposed next."
)


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A study that was made again, or why it could not be."""

    study: str
    complete: int = 0
    pruned: int = 0
    failed: int = 0
    """With those of which nothing is on record; other trials take their place."""
    waiting: int = 0
    """Trials that go on where their last saved epoch left them."""
    finals: int = 0
    unreadable: tuple[str, ...] = ()
    """Run folders whose record is damaged; their trials count as failed and are replaced."""
    fault: str = ""
    """Why nothing was made."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """What became of a workspace's study database."""

    studies: tuple[Rebuilt, ...]
    """Empty: nothing was wrong."""
    aside: Path | None = None
    """Where the damaged file is now; None: there was none."""


def repair_studies(workspace: Path, cache: Path, progress: Progress = silent) -> Repaired:
    """Make the study database again where it is damaged or gone; a sound one is left alone.

    The old file is kept beside the new one. The scans of each study must be in their place: a
    study's definition holds their fingerprint.

    Args:
        workspace: The workspace.
        cache: Folder of prepared slices and facts.
        progress: Told which study is read.

    Raises:
        AblateError: No study has a plan, none can be made again, or a run still goes on.
    """
    database = workspace / TRIALS_DATABASE
    if _is_sound(workspace, database):
        return Repaired(())
    _refuse_running(workspace)
    plans = sorted(workspace.glob(f"*/*/{names.STUDY_FOLDER}/{PLAN}"))
    if not plans:
        raise AblateError(
            f"no study in {workspace} can be made again: none has a {PLAN}",
            hint="Run the ablate sweep command of that time again: finished runs are not trained "
            "again, their results are taken from their folders.",
        )
    beside = workspace / f".repair-{TRIALS_DATABASE}"
    beside.unlink(missing_ok=True)
    made = []
    for plan in plans:
        study = str(StudyName(plan.parts[-4], plan.parts[-3]))
        progress(f"reading the runs of {study}")
        made.append(_rebuild(workspace, study, cache, beside))
    if not beside.exists():
        raise AblateError(
            f"no study could be made again, the first {made[0].study}: {made[0].fault}",
            hint="Correct the cause, then: ablate studies repair",
        )
    aside = _put_aside(database)
    to_disk(beside)
    beside.replace(database)
    to_disk(workspace)
    return Repaired(tuple(made), aside)


def _is_sound(workspace: Path, database: Path) -> bool:
    """Tell whether every study can be read and agrees with its run folders."""
    if not database.exists():
        return not any(workspace.glob(f"*/*/{names.STUDY_FOLDER}/{PLAN}"))
    storage = sqlite_uri(database.absolute())
    try:
        known = study_names(storage)
        return not any(disagreements(workspace, study) for study in known)
    except SweepError as error:
        return "written by" in error.message  # a later version's is sound, but not for us


def _refuse_running(workspace: Path) -> None:
    for folder in find_runs(workspace):
        try:
            record = folder.record
        except TrackingError:
            continue
        if record.status == "RUNNING" and record.owner is not None and not record.owner.gone:
            raise AblateError(
                f"{folder.path} still goes on (process {record.owner.pid} on {record.owner.host})",
                hint="End the sweep first: Ctrl-C in its terminal, or kill its worker.",
            )


def _put_aside(database: Path) -> Path | None:
    if not database.exists():
        return None
    number = 1
    while (aside := database.with_name(f"{database.name}.damaged-{number}")).exists():
        number += 1
    for ending in ("-journal", "-wal", "-shm"):  # they belong to the old bytes
        side = database.with_name(database.name + ending)
        if side.exists():
            side.replace(aside.with_name(aside.name + ending))
    return database.replace(aside)


def _rebuild(workspace: Path, study: str, cache: Path, database: Path) -> Rebuilt:
    try:
        experiment = read_plan(workspace, study, cache)
        spec = replace(spec_of(experiment, workspace), storage=sqlite_uri(database.absolute()))
        found = _Found(workspace, experiment, spec)
        rebuild_study(spec, found.trials, found.finals, read_definition)
    except (AblateError, SweepError, TrackingError) as error:
        return Rebuilt(study, fault=error.message)
    states = [one.state for one in found.trials]
    numbers = 1 + max((one.number for one in found.trials), default=-1)
    return Rebuilt(
        study,
        complete=states.count("complete"),
        pruned=states.count("pruned"),
        failed=states.count("failed") + numbers - len(states),
        waiting=states.count("waiting"),
        finals=sum(one.state == "complete" for one in found.finals),
        unreadable=found.unreadable,
    )


class _Found:
    """The trials and finals of a study in its run folders."""

    def __init__(self, workspace: Path, experiment: Experiment, spec: StudySpec) -> None:
        self._spec = spec
        design = workspace / experiment.name / experiment.label
        last: dict[RunName, tuple[int, RunFolder, RunRecord]] = {}
        unreadable = []
        for folder in find_runs(workspace):
            if folder.path.parent != design or folder.path.name == names.STUDY_FOLDER:
                continue
            try:
                name, record = RunName.parse(folder.path.name), folder.record
                folder.checked(names.METRICS, record)
                folder.epochs()
            except TrackingError:
                unreadable.append(str(folder.path))
                continue
            first = replace(name, attempt=0)
            if record.study == spec.name and name.attempt >= last.get(first, (-1,))[0]:
                last[first] = name.attempt, folder, record
        self.unreadable = tuple(unreadable)
        self.trials = [
            self._recorded(name.number, *last[name])
            for name in sorted(last, key=lambda n: n.order)
            if name.kind == "trial"
        ]
        finals = [last[name] for name in last if name.kind == "final"]
        finals.sort(key=lambda one: one[2].start_ms)
        self.finals = list(self._finals(finals))

    def _recorded(
        self, number: int, attempt: int, folder: RunFolder, record: RunRecord
    ) -> Recorded:
        reports = {
            line.step: line.metrics["validation/dice"]
            for line in folder.epochs()[0]
            if "validation/dice" in line.metrics
        }
        recorded = Recorded(
            number,
            "waiting",
            params=_params(record, self._spec.space),
            reports=reports,
            attempt=attempt,
            facts=from_tags(record.tags).stated,
            started_ms=record.start_ms,
            ended_ms=record.end_ms,
        )
        value = record.metrics.get("validation/objective")
        if record.status == "FINISHED" and record.tags.get("ablate.pruned") == "true":
            last = reports.get(max(reports, default=0))
            facts = {"epochs_used": len(reports)}
            return replace(recorded, state="pruned", value=last, facts=facts)
        if record.status == "FINISHED" and value is not None and math.isfinite(value):
            return replace(recorded, state="complete", value=value)
        if record.status == "FAILED":
            reason = record.reason.partition(":")[0]
            return replace(recorded, state="failed", reason=reason, facts={})
        return replace(recorded, facts={})

    def _finals(self, found: Sequence[tuple[int, RunFolder, RunRecord]]) -> Iterator[Recorded]:
        """Yield the finals that ended, with the trial they retrain; others are queued anew."""
        for number, (attempt, folder, record) in enumerate(found):
            one = self._recorded(number, attempt, folder, record)
            best = self._trial_of(json.loads(record.tags.get(names.SETTING, "{}")))
            if one.state == "complete" and best is not None:
                told = {
                    "seed": int(record.tags[names.SEED]),
                    "best_number": best.number,
                    "best_value": best.value,
                    "trials": self._spec.trials,
                }
                yield replace(one, params=best.params, facts={**told, **one.facts})

    def _trial_of(self, setting: Mapping[str, object]) -> Recorded | None:
        same = (one for one in self.trials if one.state == "complete" and one.params == setting)
        return next(same, None)


def _params(record: RunRecord, space: Space) -> dict[str, object]:
    """Return the values of the searched keys, in the types of their dimensions."""
    found: dict[str, object] = {}
    for key, dimension in space.items():
        text = record.params.get(key)
        if text is None:
            return {}
        if isinstance(dimension, Categorical):
            words = {"none" if one is None else str(one): one for one in dimension.choices}
            found[key] = words.get(text, text)
        else:
            found[key] = float(text) if isinstance(dimension, Float) else int(text)
    return found
