"""`ablate sweep`: tune designs under one budget; `ablate worker`: train the trials of a study."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablation.cli.options import (
    DEFAULT_WORKSPACE,
    Assignments,
    Cache,
    ConfigFile,
    Data,
    Preset,
    Quiet,
    Workspace,
    cache_folder,
    resolve_config,
    say,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ablation.config import Config
    from ablation.cost import Cost
    from ablation.data import Slices
    from ablation.experiment import Experiment
    from sweeps import SweepEnd

EXAMPLES = (
    "[bold]Examples[/bold]\n\n"
    "ablate sweep --model resupnet --trials 3\n\n"
    "ablate sweep --model unet,resupnet --trials 4 --dry-run\n\n"
    "ablate sweep --model unet --trials 2 --set loss.name=focal_tversky --study unet-focal"
)
WORKER_EXAMPLES = "[bold]Example[/bold]\n\nablate worker --study phantom/unet"
A_DAY_S = 86400.0
PUBLISH_PATIENCE_S = 60.0


def sweep(
    model: Annotated[str, typer.Option("--model", help="Design, several with commas, or all.")],
    trials: Annotated[
        int | None,
        typer.Option(
            "--trials", min=1, help="Finished trials of each design; may be raised later."
        ),
    ] = None,
    data: Data = None,
    preset: Preset = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    seeds: Annotated[
        int | None,
        typer.Option("--seeds", min=1, help="Retrainings of each best setting, scored on test."),
    ] = None,
    split: Annotated[
        Path | None, typer.Option("--split", help="File of train, validation and test patients.")
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave unusable patients out.")
    ] = False,
    experiment: Annotated[
        str | None,
        typer.Option(
            "--experiment", help="Designs of one experiment are compared; default: the data set."
        ),
    ] = None,
    study: Annotated[
        str | None,
        typer.Option("--study", help="Name of this variant of the design; default: the model's."),
    ] = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    cache: Cache = None,
    tracking_uri: Annotated[
        str | None,
        typer.Option(
            "--tracking-uri",
            envvar="MLFLOW_TRACKING_URI",
            help="MLflow server; default: a database in the workspace.",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show space, cost and what the data can show; stop there."),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before long sweeps.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Tune each design with N trials, then score its best setting once on test patients.

    The same command goes on where it stopped.
    """
    from ablation.data import prepare
    from ablation.study import spec_of, write_plan
    from sweeps import open_study

    flags: dict[str, object] = {
        "sweep.trials": trials,
        "sweep.seeds": seeds,
        "data.skip_bad": skip_bad or None,
        "data.split": None if split is None else str(split),
    }
    resolved, first_line = resolve_config(
        data=data,
        preset=preset,
        file=config,
        assignments=assignments,
        flags={key: value for key, value in flags.items() if value is not None},
    )
    say(first_line, quiet=quiet)
    folder = cache_folder(cache)
    chosen = first_line.split()[1]
    designs = _designs(resolved.config, model, study)
    experiments = [_open(one, chosen, folder, experiment, study, quiet=quiet) for one in designs]
    slices = prepare(
        experiments[0].dataset, resolved.config.data, folder, lambda line: say(line, quiet=quiet)
    )
    costs = _show_plan(experiments, slices, folder, quiet=quiet)
    if dry_run:
        return
    _confirm(costs, workspace, yes=yes)
    for one in experiments:
        open_study(spec_of(one, workspace))
        write_plan(one, workspace)
    uri = tracking_uri or resolved.config.tracking.uri
    ends = _run(experiments, costs, workspace, folder, uri, quiet=quiet)
    _show_result(experiments, workspace, ends)


def worker(
    study: Annotated[str, typer.Option("--study", help="Study to work on: EXPERIMENT/DESIGN.")],
    workspace: Workspace = DEFAULT_WORKSPACE,
    cache: Cache = None,
) -> None:
    """Train trials of a study until none is left; what `ablate sweep` starts."""
    from ablation.study import read_plan, run_worker
    from sweeps import stop_on_signals

    stop = stop_on_signals()
    folder = cache_folder(cache)
    end = run_worker(read_plan(workspace, study, folder), workspace, folder, stop)
    raise typer.Exit(end.exit_code)


def _designs(config: Config, model: str, study: str | None) -> list[Config]:
    """Return one configuration per design, with the seeds of finals resolved."""
    from ablation.config import with_values
    from ablation.errors import UsageError
    from ablation.experiment import check_names
    from ablation.models import MODELS

    names = (
        tuple(MODELS) if model == "all" else tuple(dict.fromkeys(model.replace(" ", "").split(",")))
    )
    check_names(config, names)
    if study is not None and len(names) > 1:
        raise UsageError(
            f"--study {study} names one study, --model names {len(names)} designs",
            hint="Use --experiment to keep several designs apart from earlier ones.",
        )
    seeds = config.sweep.seeds
    if seeds is None:
        seeds = 3 if len(names) > 1 or config.sweep.trials >= 20 else 1
    return [with_values(config, {"model.name": name, "sweep.seeds": seeds}) for name in names]


def _open(
    config: Config,
    preset: str,
    cache: Path,
    experiment: str | None,
    study: str | None,
    *,
    quiet: bool,
) -> Experiment:
    from ablation.experiment import open_experiment

    return open_experiment(
        config,
        preset=preset,
        cache=cache,
        name=experiment,
        design=study,
        progress=lambda line: say(line, quiet=quiet),
    )


def _show_plan(
    experiments: Sequence[Experiment], slices: Slices, cache: Path, *, quiet: bool
) -> list[Cost]:
    """Print data, space, cost and what the data can show; return the cost of each study."""
    from ablation.cli.progress import duration, size
    from ablation.cost import cost_of, summed, what_data_can_show
    from ablation.inference.tta import uncovered
    from sweeps import describe

    first = experiments[0]
    for finding in first.dataset.findings:
        say(f"{finding.severity}: {finding.where}: {finding.fault}", quiet=quiet)
    parts = first.split
    say(
        f"data: {first.dataset.name}, {len(first.dataset.patients)} patients "
        f"(train {len(parts.train)}, validation {len(parts.validation)}, test {len(parts.test)})",
        quiet=quiet,
    )
    if warning := uncovered(first.config.inference.tta, first.config.data.augmentation):
        say(f"warning: {warning}", quiet=quiet)
    for key, text in describe(first.space):
        say(f"space: {key} {text}", quiet=quiet)
    costs = [
        cost_of(one, slices, cache, lambda line: say(line, quiet=quiet)) for one in experiments
    ]
    for one, cost in zip(experiments, costs, strict=True):
        say(
            f"cost: {one.study}: {cost.trainings} trainings x {cost.epochs} epochs x {cost.steps} steps, "
            f"{cost.parameters:,} parameters, at most {duration(cost.seconds)}, {size(cost.disk_bytes)} disk",
            quiet=quiet,
        )
    if len(costs) > 1:
        total = summed(costs)
        say(
            f"cost: together at most {duration(total.seconds)}, {size(total.disk_bytes)} disk",
            quiet=quiet,
        )
    say(what_data_can_show(len(parts.test), len(experiments)), quiet=quiet)
    return costs


def _confirm(costs: Sequence[Cost], workspace: Path, *, yes: bool) -> None:
    """Ask before a sweep that takes over a day or more disk than is free."""
    from ablation.cli.progress import duration, size
    from ablation.cost import summed
    from ablation.errors import UsageError

    total = summed(costs)
    workspace.mkdir(parents=True, exist_ok=True)
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


def _run(
    experiments: Sequence[Experiment],
    costs: Sequence[Cost],
    workspace: Path,
    cache: Path,
    tracking_uri: str | None,
    *,
    quiet: bool,
) -> list[SweepEnd]:
    """Run the studies one after the other beside a publisher; stop at the first that is stopped."""
    ends: list[SweepEnd] = []
    with _publishing(workspace, tracking_uri, quiet=quiet):
        for one, cost in zip(experiments, costs, strict=True):
            end = _supervise(one, cost, workspace, cache, quiet=quiet)
            ends.append(end)
            if end.how != "done":
                break
    return ends


def _supervise(
    experiment: Experiment, cost: Cost, workspace: Path, cache: Path, *, quiet: bool
) -> SweepEnd:
    from ablation.cli.progress import viewing
    from ablation.study import storage_url, study_folder, worker_command
    from ablation.trial import close_lost
    from sweeps import supervise

    folder = study_folder(workspace, experiment.name, experiment.design).path
    with viewing(experiment.design, cost, quiet=quiet) as viewer:
        return supervise(
            worker_command(experiment.study, workspace, cache),
            storage_url(workspace),
            experiment.study,
            lock=folder / ".worker.lock",
            log=folder / "worker.log",
            on_progress=viewer.show,
            on_lost=lambda lost: close_lost(folder.parent, lost),
            on_stopping=lambda: say(
                "stopping after this epoch; Ctrl-C again stops at once", quiet=quiet
            ),
        )


@contextmanager
def _publishing(workspace: Path, tracking_uri: str | None, *, quiet: bool) -> Iterator[None]:
    """Keep a publisher beside the training; at the end give it a while to bring over the rest."""
    from tracking import publisher
    from tracking.address import resolve_uri

    process = publisher.start(
        workspace, resolve_uri(workspace, tracking_uri), workspace / "publisher.log"
    )
    try:
        yield
    finally:
        say("publishing the last results", quiet=quiet)
        if not publisher.stop(process, PUBLISH_PATIENCE_S):
            say(
                "the tracking server is slow or away; ablate sync brings over the rest later",
                quiet=quiet,
            )


def _show_result(
    experiments: Sequence[Experiment], workspace: Path, ends: Sequence[SweepEnd]
) -> None:
    """Print the table of designs, what went wrong, and what to do next."""
    from ablation.results import as_text, rows_of

    last = ends[-1]
    if last.how == "interrupted":
        from tracking.provenance import command_line

        typer.echo(f"stopped; the same command goes on: {command_line(sys.argv)}", err=True)
        raise typer.Exit(130)
    if last.how != "done":
        typer.echo(f"error: {experiments[len(ends) - 1].study}: the worker {last.how}", err=True)
        typer.echo(last.detail, err=True)
        typer.echo("hint: the log above says why; the same command goes on.", err=True)
        raise typer.Exit(1)
    for line in as_text(rows_of(experiments, workspace)):
        typer.echo(line)
    typer.echo("\nnext: ablate ui\n      ablate report --compare all", err=True)
