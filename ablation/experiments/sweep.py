"""A sweep from the question to its table: plan it, run it, publish it. `ablation.sweep` does all.

plan = plan_sweep(SweepRequest(("unet",), trials=3))   # reads the data, says the cost
begin(plan)                                            # creates the studies
with publishing(plan):
    result = run_studies(plan)
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import pandas as pd

from ablation.config import Config, Resolved, with_values
from ablation.config.asked import patients_by, resolve_asked, tracking_address
from ablation.config.versions import read_definition
from ablation.data import prepare
from ablation.data.readers.reader import Progress, silent
from ablation.errors import AblateError, UsageError
from ablation.experiments.announce import announce_costs, announce_data, duration, size
from ablation.experiments.cost import Cost, cost_of, summed
from ablation.experiments.experiment import (
    Experiment,
    check_names,
    check_pretrained,
    open_experiments,
)
from ablation.experiments.machine import machine_warnings, with_threads
from ablation.experiments.objective import close_lost
from ablation.experiments.results import DesignResult, rows_of, warnings_of
from ablation.experiments.stopping import left_undone, stopping
from ablation.experiments.stored import refuse_disagreement
from ablation.experiments.study import (
    TRIALS_DATABASE,
    lost_finals,
    spec_of,
    storage_url,
    study_folder,
    worker_command,
    write_plan,
)
from ablation.experiments.targets import refuse_other_target, spelled
from ablation.experiments.tuned import refuse_tuned
from ablation.files.places import DEFAULT_WORKSPACE, cache_folder, require_folder_name
from ablation.models import DESIGNS
from sweeps import (
    StudyProgress,
    SweepEnd,
    check_study,
    forget_finals,
    open_study,
    read_progress,
    study_names,
    supervise,
    trials_table,
)
from tracking import publisher
from tracking.workspace import design_folder

A_DAY_S = 86400.0
PUBLISH_PATIENCE_S = 60.0
SEEDS_WORTH_TRIALS = 20
"""From so many trials on, a final is worth several seeds also where one design is tuned."""
ALL = "all"

Watcher = Callable[[StudyProgress], None]


@dataclass(frozen=True, slots=True)
class SweepRequest:
    """What is tuned, with which budget, and where it goes; None: as configured, or the usual."""

    models: tuple[str, ...]
    trials: int | None = None
    data: Path | str | None = None
    target: str | None = None
    preset: str | None = None
    config: Path | None = None
    assignments: tuple[str, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    """Values by key, as in {"loss.name": "tversky"}."""
    seeds: int | None = None
    split: Path | str | None = None
    folds: int | None = None
    skip_bad: bool = False
    experiment: str | None = None
    study: str | None = None
    workspace: Path = DEFAULT_WORKSPACE
    cache: Path | None = None
    dry_run: bool = False
    """Whether the workspace is left as it is, or as absent as it is."""

    @property
    def flags(self) -> dict[str, object]:
        """Its values by key of the configuration."""
        asked = {
            "sweep.trials": self.trials,
            "sweep.seeds": self.seeds,
            "data.skip_bad": self.skip_bad or None,
            "data.split": None if self.split is None else str(self.split),
            "data.folds": self.folds,
            "data.target": None if self.target is None else spelled(self.target),
        }
        return {
            **self.settings,
            **{key: value for key, value in asked.items() if value is not None},
        }


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """A sweep that can start: data read, settings checked, cost known."""

    experiments: tuple[Experiment, ...]
    """In the order they run; the folds of a design beside each other."""
    costs: tuple[Cost, ...]
    """Of each experiment."""
    workspace: Path
    cache: Path

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why somebody should agree first: more than a day, more disk than is free."""
        total = summed(self.costs)
        free = shutil.disk_usage(self.workspace).free
        found = []
        if total.seconds > A_DAY_S:
            found.append(f"takes up to {duration(total.seconds)}")
        if total.disk_bytes > free:
            found.append(f"needs {size(total.disk_bytes)} of {size(free)} free disk")
        return tuple(found)


@dataclass(frozen=True, slots=True)
class SweepResult:
    """How a sweep ended, and the table of its designs."""

    how: Literal["done", "interrupted"]
    designs: tuple[DesignResult, ...]
    """Empty where the sweep was interrupted: the same call goes on."""
    experiment: str
    """Name under which the designs are compared."""
    workspace: Path
    warnings: tuple[str, ...] = ()
    """What the final runs say about the machine."""
    undone: tuple[str, ...] = ()
    """Where the sweep was interrupted: how each trial and final run that was stopped goes on."""

    def table(self) -> pd.DataFrame:
        """Return a row for each design: trials, validation Dice, threshold, test Dice, interval."""
        names = list(DesignResult.__dataclass_fields__)
        return pd.DataFrame([asdict(row) for row in self.designs], columns=names)


def sweep(
    model: str | Sequence[str],
    *,
    trials: int | None = None,
    data: Path | str | None = None,
    target: str | None = None,
    preset: str | None = None,
    config: Path | str | None = None,
    settings: Mapping[str, object] | None = None,
    seeds: int | None = None,
    split: Path | str | None = None,
    folds: int | None = None,
    patient_regex: str | None = None,
    patient_map: Path | str | None = None,
    skip_bad: bool = False,
    experiment: str | None = None,
    study: str | None = None,
    workspace: Path | str = DEFAULT_WORKSPACE,
    cache: Path | str | None = None,
    tracking_uri: str | None = None,
    progress: Progress = silent,
    on_progress: Watcher = lambda _: None,
) -> SweepResult:
    """Tune each design with N trials, then score its best setting once on test patients.

    Arguments are named as the flags of `ablate sweep` and mean the same. Workers are processes of
    their own; the first Ctrl-C ends the current epoch, and the same call goes on where it stopped.
    It is called from the main thread of a program, under `if __name__ == "__main__":` or in a
    notebook.

    Args:
        model: Designs to tune, or "all".
        trials: Finished trials of each design; a larger number later goes on.
        data: Folder of scans; None: as configured, else the generated phantom.
        target: Region to segment: wt, tc, et, or a name of [data.targets]; "regions": all at once.
        preset: Ready configuration; None: the one that fits data and machine.
        config: TOML file; None: `ablate.toml` of the working folder, if it is there.
        settings: Values by key of the configuration, as in {"loss.name": "tversky"}.
        seeds: Retrainings of each best setting, scored on test.
        split: File with the patients of train, validation and test.
        folds: Outer folds of a nested cross-validation by patient.
        patient_regex: Pattern that finds the patient in the name of a case.
        patient_map: CSV with the columns case and patient.
        skip_bad: Leave unusable patients out.
        experiment: Name under which designs are compared; None: the data set's.
        study: Name of this variant of a design; None: the model's.
        workspace: Folder of the runs and databases.
        cache: Folder for prepared slices; None: the user's cache folder.
        tracking_uri: MLflow server; None: as configured, else mlflow.db in the workspace.
        progress: Told in lines about data, space, cost and publishing.
        on_progress: Told the state of a study whenever it changes.

    Raises:
        AblateError: Unusable data, or a sweep whose trials fail again and again.
        SweepError: A study of this name that was created with other settings.
        UsageError: Every unknown name, key and value.

    Example:
        >>> import ablation
        >>> result = ablation.sweep("unet", trials=3, settings={"training.epochs": 4})  # doctest: +SKIP
        >>> result.table()                                                             # doctest: +SKIP
    """
    request = SweepRequest(
        models=models_of(model),
        trials=trials,
        data=data,
        target=target,
        preset=preset,
        config=None if config is None else Path(config),
        settings={**(settings or {}), **patients_by(patient_regex, patient_map)},
        seeds=seeds,
        split=split,
        folds=folds,
        skip_bad=skip_bad,
        experiment=experiment,
        study=study,
        workspace=Path(workspace),
        cache=None if cache is None else Path(cache),
    )
    plan = plan_sweep(request, progress)
    begin(plan)
    with publishing(plan, tracking_uri, progress):
        return run_studies(plan, progress, on_progress)


def models_of(model: str | Sequence[str]) -> tuple[str, ...]:
    """Return the designs named, each once; "all" are all there are.

    >>> models_of("unet, resupnet,unet")
    ('unet', 'resupnet')
    """
    if model == ALL:
        return tuple(DESIGNS)
    listed = model.split(",") if isinstance(model, str) else model
    return tuple(dict.fromkeys(name.strip() for name in listed))


def plan_sweep(request: SweepRequest, progress: Progress = silent) -> SweepPlan:
    """Read the data, check everything a sweep would refuse, and say what it costs.

    Nothing is written but the workspace's folder, which a dry run leaves out too, and the cache.

    Raises:
        AblateError: Unusable data, split or weights; folds of patients that were tuned on.
        SweepError: A study of this name that was created with other settings.
        UsageError: Every unknown name, key and value.
    """
    for flag, name in (("--study", request.study), ("--experiment", request.experiment)):
        if name is not None:  # before the scans are read
            require_folder_name(flag, name)
    resolved, first_line = resolve_asked(
        data=request.data,
        preset=request.preset,
        file=request.config,
        assignments=request.assignments,
        flags=request.flags,
    )
    progress(first_line)
    cache = cache_folder(request.cache)
    designs = designs_of(resolved, request.models, request.study)
    for line in resolved.unread(designs):
        progress(f"warning: {line}")
    if not request.dry_run:  # a folder that cannot be made is refused before the reading
        request.workspace.mkdir(parents=True, exist_ok=True)
    experiments = tuple(
        with_threads(opened, request.workspace)
        for one in designs
        for opened in open_experiments(
            one,
            preset=resolved.preset,
            cache=cache,
            name=request.experiment,
            design=request.study,
            progress=progress,
        )
    )
    check_stored(experiments, request.workspace)
    slices = prepare(experiments[0].dataset, experiments[0].config.data, cache, progress)
    announce_data(experiments, progress)
    for one in experiments:
        for line in machine_warnings(one, request.workspace):
            progress(f"warning: {line}")
    costs = tuple(cost_of(one, slices, cache, progress) for one in experiments)
    announce_costs(experiments, costs, progress)
    return SweepPlan(experiments, costs, request.workspace, cache)


def designs_of(resolved: Resolved, models: Sequence[str], study: str | None) -> list[Config]:
    """Return one configuration per design, with the seeds of final runs resolved.

    Raises:
        AblateError: Encoder weights that are missing or wrong, of any of the designs.
        UsageError: Unknown designs or loss; several designs under the name of one study.
    """
    config = resolved.config
    check_names(config, tuple(models))
    if study is not None and len(models) > 1:
        raise UsageError(
            f"--study {study} names one study, --model names {len(models)} designs",
            hint="Use --experiment to keep several designs apart from earlier ones.",
        )
    seeds = config.sweep.seeds
    if seeds is None:
        seeds = 3 if len(models) > 1 or config.sweep.trials >= SEEDS_WORTH_TRIALS else 1
    designs = [with_values(one, {"sweep.seeds": seeds}) for one in resolved.of_designs(models)]
    for one in designs:  # all of them before the first reads data
        check_pretrained(one)
    return designs


def check_stored(experiments: Sequence[Experiment], workspace: Path) -> None:
    """Refuse what does not fit the studies that the workspace has already; write nothing.

    Raises:
        AblateError: Folds of patients that were tuned on; another target.
        SweepError: A study of this name that was created with other settings.
        OSError: A name that is too long for a folder's.
        TrackingError: A name that cannot be a folder's.
    """
    for one in experiments:
        design_folder(workspace, one.name, one.label)  # refuses names that cannot be folders
        for name in (one.name, one.label):
            with suppress(FileNotFoundError):
                (Path() / name).lstat()  # refuses names that are too long
    refuse_tuned(experiments, workspace)
    for one in experiments:
        spec = spec_of(one, workspace)
        if (workspace / TRIALS_DATABASE).exists():
            refuse_other_target(spec)
        check_study(spec, read_definition)
        if (workspace / TRIALS_DATABASE).exists() and one.study in study_names(spec.storage):
            refuse_disagreement(workspace, one.study)


def begin(plan: SweepPlan) -> None:
    """Create the studies of a plan, or open them to go on."""
    for one in plan.experiments:
        open_study(spec_of(one, plan.workspace), read_definition)
        write_plan(one, plan.workspace)


def run_studies(
    plan: SweepPlan, progress: Progress = silent, on_progress: Watcher = lambda _: None
) -> SweepResult:
    """Run the studies one after the other; stop at the first that is stopped.

    Raises:
        AblateError: A worker that stopped because its trials failed, with the end of its log.
    """
    for one in plan.experiments:
        run_lost_again(one, plan.workspace, progress)
        end = _supervise(one, plan, progress, on_progress)
        if end.how == "interrupted":
            now = read_progress(storage_url(plan.workspace), one.study)
            undone = tuple(left_undone(now, at_once=end.at_once))
            return SweepResult("interrupted", (), one.name, plan.workspace, undone=undone)
        if end.how != "done":
            raise AblateError(
                f"{one.study}: {_failure(end, one, plan.workspace)}\n{end.detail}",
                hint="No finished trial is lost. Correct the cause, then run the same command.",
            )
    rows = tuple(rows_of(plan.experiments, plan.workspace))
    warnings = tuple(warnings_of(plan.experiments, plan.workspace))
    return SweepResult("done", rows, plan.experiments[0].name, plan.workspace, warnings)


def run_lost_again(experiment: Experiment, workspace: Path, progress: Progress) -> None:
    """Queue the finals again whose run folder was moved away or is damaged, and say so."""
    lost = lost_finals(experiment, workspace)
    if not lost:
        return
    forget_finals(storage_url(workspace), experiment.study, lost)
    seeds = ", ".join(map(str, sorted(lost.values())))
    progress(
        f"{experiment.study}: the final run with seed {seeds} has no readable results any more; "
        "it runs again"
    )


def _failure(end: SweepEnd, experiment: Experiment, workspace: Path) -> str:
    if end.how == "crashed":
        return "the worker crashed several times without finishing an epoch:"
    rows = trials_table(storage_url(workspace), experiment.study)
    states = [row.state for row in rows if row.state not in ("waiting", "running")]
    failed = len(states) - max(
        (i for i, state in enumerate(states, 1) if state != "failed"), default=0
    )
    if failed >= experiment.config.sweep.max_consecutive_failures:
        return f"the worker stopped after {failed} consecutive failed trials:"
    return "the worker stopped:"


def _supervise(
    experiment: Experiment, plan: SweepPlan, progress: Progress, on_progress: Watcher
) -> SweepEnd:
    folder = study_folder(plan.workspace, experiment.name, experiment.label).path
    return supervise(
        worker_command(experiment.study, plan.workspace, plan.cache),
        storage_url(plan.workspace),
        experiment.study,
        lock=folder / ".worker.lock",
        log=folder / "worker.log",
        on_progress=on_progress,
        on_lost=lambda lost: close_lost(folder.parent, lost),
        on_stopping=lambda now: progress(stopping(now)),
    )


@contextmanager
def publishing(
    plan: SweepPlan, tracking_uri: str | None = None, progress: Progress = silent
) -> Iterator[None]:
    """Keep a publisher beside the training; at the end give it a while to bring over the rest."""
    workspace = plan.workspace
    address = tracking_address(workspace, tracking_uri)
    process = publisher.start(workspace, address, workspace / "publisher.log")
    try:
        yield
    finally:
        progress(f"publishing the last results, at most {PUBLISH_PATIENCE_S:.0f} s")
        arrived = False
        try:
            arrived = publisher.stop(process, PUBLISH_PATIENCE_S)
        finally:
            if not arrived:
                later = f"ablate sync {shlex.quote(str(workspace))}"
                progress(f"not everything has arrived at the tracking server; later: {later}")
