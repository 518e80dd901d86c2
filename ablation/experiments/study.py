"""A design's study on this machine: its files in the workspace, its spec, its worker.

<workspace>/optuna.db                              the trials of all studies
<workspace>/<experiment>/<design>/study/           what the study is about, its table
<workspace>/<experiment>/<design>/<number>.<attempt>/   one run
In cross-validation each outer fold has a study, and <design> is "unet.fold1of4".
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from ablation.config import Config, with_values
from ablation.config.versions import SCHEMA, read_config, read_definition
from ablation.data import prepare, write_splits
from ablation.errors import AblateError
from ablation.experiments.experiment import Experiment, open_experiment, params_of
from ablation.experiments.objective import (
    WEIGHTS,
    Objective,
    close_lost,
    data_tags,
    setting_of,
)
from ablation.fairness import FairnessFacts, to_tags
from ablation.files.csv_rows import csv_text
from sweeps import (
    Assignment,
    Complete,
    Outcome,
    StudySpec,
    TrialRow,
    WorkerEnd,
    best_trial,
    differences,
    final_name,
    load_spec,
    read_progress,
    to_json,
    trials_table,
    tuning_importance,
    work,
)
from tracking import fields, names
from tracking.address import sqlite_uri
from tracking.errors import TrackingError
from tracking.names import RunName, Status, StudyName
from tracking.owner import Owner, this_process
from tracking.provenance import collect
from tracking.record import RunFolder, RunRecord
from tracking.sealed import read_sound, sealed
from tracking.workspace import attempts, design_folder, readable

TRIALS_DATABASE = "optuna.db"
PLAN = ".plan.json"
"""Hidden, so that it is not published: it holds the path of the scans."""
PLAN_AGAIN = (
    "Run the ablate sweep command of this study again: it writes the file anew, and trains no "
    "finished run again."
)
SCRATCH = ".tmp-"
"""Begins the name of a worker's folder of temporary files; its process follows."""
FIRST_FINAL_SEED = 101
"""Finals get seeds of their own, so that the luck of the winning trial is not theirs."""
MOST_WARM_UP = 5
"""Epochs no trial is pruned in, for long trainings; short ones have 30 %."""
STATUS: dict[str, Status] = {"done": "FINISHED", "interrupted": "KILLED", "hopeless": "FAILED"}
"""How a study's own run stands when its worker has ended."""


def storage_url(workspace: Path) -> str:
    """Return the address of the workspace's trial database."""
    return sqlite_uri(workspace.absolute() / TRIALS_DATABASE)


def spec_of(experiment: Experiment, workspace: Path) -> StudySpec:
    """Return the study's spec: what is fixed from its start, and its budget."""
    sweep, training = experiment.config.sweep, experiment.config.training
    first = training.seed + FIRST_FINAL_SEED
    return StudySpec(
        name=experiment.study,
        storage=storage_url(workspace),
        space=experiment.space,
        definition=experiment.definition(),
        trials=sweep.trials,
        sampler=sweep.sampler,
        seed=sweep.seed,
        pruner=sweep.pruner,
        min_epochs=max(MOST_WARM_UP, round(0.3 * training.epochs)),
        final_seeds=tuple(range(first, first + (sweep.seeds or 1))),
        retries=sweep.retries,
        max_consecutive_failures=sweep.max_consecutive_failures,
    )


def write_plan(experiment: Experiment, workspace: Path) -> None:
    """Write what a worker needs to open the same experiment."""
    folder = study_folder(workspace, experiment.name, experiment.label)
    folder.path.mkdir(parents=True, exist_ok=True)
    data = experiment.config.data
    paths = {"data.path": data.path, "data.split": data.split}
    # Absolute: a worker may start in another folder. The address may hold a password.
    here = {key: str(Path(path).absolute()) for key, path in paths.items() if path is not None}
    config = with_values(experiment.config, {**here, "tracking.uri": None})
    plan = {
        "schema": SCHEMA,
        "version": version("ablate"),
        "name": experiment.name,
        "design": experiment.design,
        "fold": experiment.fold,
        "preset": experiment.preset,
        "config": config.model_dump(mode="json"),
    }
    folder.write_text(PLAN, json.dumps(sealed(plan), indent=1) + "\n")


def read_plan(workspace: Path, study: str, cache: Path) -> Experiment:
    """Open the experiment of a study that `write_plan` has written.

    Raises:
        AblateError: No such plan, or the scans are not those the study was created with.
    """
    named = StudyName.parse(study)
    folder = study_folder(workspace, named.experiment, named.label)
    config, preset, design, fold = planned(folder, study)
    return open_experiment(
        config, preset=preset, cache=cache, name=named.experiment, design=design, fold=fold
    )


class Planned(NamedTuple):
    """What `write_plan` has written about a study."""

    config: Config
    preset: str
    design: str
    fold: int | None


def planned(folder: RunFolder, study: str) -> Planned:
    """Return the plan in the folder of a study; its scans are not looked at.

    Raises:
        AblateError: No such plan, or a damaged one.
    """
    path = folder.path / PLAN
    try:
        plan = read_sound(path)
        stored, preset, design = (plan[key] for key in ("config", "preset", "design"))
        fields.mapping("config", stored)
        fold = plan.get("fold")
        if fold is not None:
            fields.whole("fold", fold)
    except FileNotFoundError as error:
        if (path.parent / names.RUN).exists():
            raise AblateError(f"{path} is gone", hint=PLAN_AGAIN) from error
        raise AblateError(
            f"no study {study} in {path.parents[3]}", hint="ablate studies list names them."
        ) from error
    except (OSError, LookupError, TypeError, ValueError) as error:
        raise AblateError(
            f"{path} is damaged: {error}",
            hint=PLAN_AGAIN,
        ) from error
    config = read_config(stored, plan.get("schema", 1), plan.get("version", ""))
    return Planned(config, preset, design, fold)


def study_folder(workspace: Path, name: str, label: str) -> RunFolder:
    """Return the run folder that stands for the study itself."""
    return RunFolder(design_folder(workspace, name, label) / names.STUDY_FOLDER)


def run_worker(
    experiment: Experiment, workspace: Path, cache: Path, stop: threading.Event
) -> WorkerEnd:
    """Train trials and finals of a study in this process until none is left.

    Raises:
        AblateError: The data or the recipe changed since the study was created.
    """
    storage, study = storage_url(workspace), experiment.study
    _refuse_changed(load_spec(storage, study, read_definition), experiment)
    folder = _begin(experiment, workspace)
    write_splits([experiment.split], folder.path / names.SPLIT_FILE, "json")
    slices = prepare(experiment.dataset, experiment.config.data, cache)
    objective = Objective(experiment, workspace, slices, folder.run_key)

    design = design_folder(workspace, experiment.name, experiment.label)

    def objective_and_table(assignment: Assignment) -> Outcome:
        rows = trials_table(storage, study)
        folder.write_text(names.TRIALS, trials_csv(rows))
        outcome = objective(assignment)
        if experiment.config.sweep.keep_checkpoints == "best":
            _drop_weights(design, rows, assignment, outcome)
        return outcome

    try:
        with _scratch(folder.path):
            if not read_progress(storage, study).is_finished:
                objective.warm_up()
            end = work(
                storage,
                study,
                objective_and_table,
                lambda lost: close_lost(design, lost),
                stop=stop,
            )
    except BaseException as error:
        folder.finish("FAILED", reason=f"{type(error).__name__}: {error}")
        raise
    _finish(folder, experiment, workspace, end)
    return end


def trials_csv(rows: Sequence[TrialRow]) -> str:
    """Return the table of trials as CSV: number, state, value, epochs, reason, one column a parameter."""
    parameters = sorted({name for row in rows for name in row.params})
    header = ["number", "state", "value", "epochs", "reason", *parameters]
    cells = [
        (
            *(row.number, row.state, "" if row.value is None else repr(row.value)),
            *(row.epochs, row.reason),
            *(row.params.get(name, "") for name in parameters),
        )
        for row in rows
    ]
    return csv_text(header, cells)


def importance_json(storage: str, experiment: Experiment, design: Path) -> str:
    """Return how a study was tuned, as JSON: which parameters mattered, the space, the best trial."""
    content = asdict(tuning_importance(storage, experiment.study))
    content["space"] = json.loads(to_json(experiment.space))
    best = best_trial(trials_table(storage, experiment.study))
    tries = [] if best is None else readable(attempts(design, RunName("trial", best.number)))
    if best is not None and tries:
        content["best_trial"] = {"number": best.number, "epochs": _curve_of(tries[-1])}
    return json.dumps(content, indent=1) + "\n"


def _curve_of(run: RunFolder) -> list[dict[str, float]]:
    """Return the metrics of each epoch of a run, without its times; none where they are damaged."""
    try:
        lines = run.epochs()[0]
    except TrackingError:
        return []
    return [
        {"epoch": float(line.step)}
        | {name: value for name, value in line.metrics.items() if name != "train/seconds"}
        for line in lines
    ]


def finals_of(experiment: Experiment, workspace: Path) -> tuple[RunFolder, ...]:
    """Return the finished finals of a study's best trial, by seed."""
    storage = storage_url(workspace)
    best = best_trial(trials_table(storage, experiment.study))
    rows = trials_table(storage, final_name(experiment.study))
    seeds = [
        int(str(row.facts["seed"]))
        for row in rows
        if best is not None and row.state == "complete" and row.facts["best_number"] == best.number
    ]
    folder = design_folder(workspace, experiment.name, experiment.label)
    found = (attempts(folder, RunName("final", seed)) for seed in sorted(seeds))
    return tuple(tries[-1] for tries in found if tries)


def lost_finals(experiment: Experiment, workspace: Path) -> dict[int, int]:
    """Return the finals of the best trial that count as complete but have no results any more.

    Their run folder was moved away or is damaged: the number in the storage -> the seed.
    """
    storage = storage_url(workspace)
    best = best_trial(trials_table(storage, experiment.study))
    folder = design_folder(workspace, experiment.name, experiment.label)
    return {
        row.number: int(str(row.facts["seed"]))
        for row in trials_table(storage, final_name(experiment.study))
        if best is not None
        and row.state == "complete"
        and row.facts["best_number"] == best.number
        and not _has_results(folder, int(str(row.facts["seed"])), setting_of(best.params))
    }


def _has_results(design: Path, seed: int, setting: str) -> bool:
    """Tell whether a final of the setting with the seed ended and left its table."""
    return any(
        folder.record.status == "FINISHED"
        and folder.record.tags.get(names.SETTING) == setting
        and _has_table(folder)
        for folder in readable(attempts(design, RunName("final", seed)))
    )


def _has_table(final: RunFolder) -> bool:
    """Tell whether a final has the table it ended with."""
    try:
        return final.checked(names.PER_CASE).is_file()
    except TrackingError:
        return False


def worker_command(study: str, workspace: Path, cache: Path) -> list[str]:
    """Return the command line of a process that works on the study."""
    here = ["--workspace", str(workspace.absolute()), "--cache", str(cache.absolute())]
    return [sys.executable, "-m", "ablation", "worker", "--study", study, *here]


def _drop_weights(
    design: Path, rows: Sequence[TrialRow], assignment: Assignment, outcome: Outcome
) -> None:
    """Delete the weights of every finished trial but the best, this one included."""
    if assignment.kind == "final" or not isinstance(outcome, Complete):
        return
    values = {row.number: row.value for row in rows if row.state == "complete"}
    values[assignment.number] = outcome.value
    best = min(values, key=lambda number: (-(values[number] or 0.0), number))
    for number in values.keys() - {best}:
        for folder in attempts(design, RunName("trial", number)):
            (folder.path / WEIGHTS).unlink(missing_ok=True)


@contextmanager
def _scratch(study: Path) -> Iterator[None]:
    """Keep this process's temporary files, such as TensorFlow's generated code, below its study.

    What a killed worker left there the next one removes.
    """
    me = this_process()
    for left in study.glob(f"{SCRATCH}*"):
        pid, _, started = left.name.removeprefix(SCRATCH).partition("-")
        if Owner(me.host, int(pid), started).gone:
            shutil.rmtree(left, ignore_errors=True)
    place = study / f"{SCRATCH}{me.pid}-{me.started}"
    place.mkdir()
    before, tempfile.tempdir = tempfile.tempdir, str(place)
    try:
        yield
    finally:
        tempfile.tempdir = before
        shutil.rmtree(place, ignore_errors=True)


def _refuse_changed(spec: StudySpec, experiment: Experiment) -> None:
    if changed := differences(spec.definition, experiment.definition()):
        raise AblateError(
            f"study {spec.name} was created with other settings ({'; '.join(changed)})",
            hint="Use the data and settings of that time, or start anew with --experiment NEWNAME.",
        )


def _begin(experiment: Experiment, workspace: Path) -> RunFolder:
    """Make or reopen the study's own run; its children name it as their parent."""
    folder = study_folder(workspace, experiment.name, experiment.label)
    if (folder.path / names.RUN).exists():
        folder.reopen()
        return folder
    record = RunRecord(
        kind="study",
        experiment=experiment.name,
        model=experiment.design,
        name=names.STUDY_FOLDER,
        study=experiment.study,
        params=params_of(experiment.config),
        tags=data_tags(experiment),
        provenance=collect(),
    )
    return RunFolder.create(folder.path.parent, record)


def spent_seconds(design: Path) -> float:
    """Return the time on the clock of all trainings of a study, also of those that came to nothing."""
    spent = 0.0
    for file in design.glob(f"*/{names.RUN}"):
        with suppress(TrackingError):  # a damaged record says nothing
            record = RunFolder(file.parent).record
            if record.kind != "study" and record.end_ms is not None:
                spent += (record.end_ms - record.start_ms) / 1000
    return spent


def _finish(folder: RunFolder, experiment: Experiment, workspace: Path, end: WorkerEnd) -> None:
    storage = storage_url(workspace)
    rows = trials_table(storage, experiment.study)
    folder.write_text(names.TRIALS, trials_csv(rows))
    folder.write_text(names.IMPORTANCE, importance_json(storage, experiment, folder.path.parent))
    best = best_trial(rows)
    metrics = {"trials": float(sum(row.state in ("complete", "pruned") for row in rows))}
    tags = {names.PLANNED: str(experiment.config.sweep.seeds or 1)}
    if best is not None and best.value is not None:
        tags[names.SETTING] = setting_of(best.params)
        metrics |= {"best/validation_dice": best.value, "best/number": float(best.number)}
    if end.why == "done":
        # The budget may have been raised after these finals were trained.
        facts = FairnessFacts(
            trials=experiment.config.sweep.trials,
            study_seconds=spent_seconds(folder.path.parent),
        )
        for final in finals_of(experiment, workspace):
            final.update(tags=to_tags(facts))
    reason = "" if end.why == "done" else end.reason or end.why
    folder.finish(STATUS[end.why], reason=reason, metrics=metrics, tags=tags)
