"""`ablate sweep`: tune designs under one budget; `ablate worker`: train the trials of a study."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablation.cli.explain import explain
from ablation.cli.options import (
    DEFAULT_WORKSPACE,
    AsJson,
    Assignments,
    Cache,
    ConfigFile,
    Data,
    Folds,
    Preset,
    Quiet,
    TrackingUri,
    Workspace,
    cache_folder,
    command,
    print_json,
    resolve_config,
    say,
    tracking_address,
)
from ablation.cli.plan import confirm, show_plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ablation.config import Config, Resolved
    from ablation.experiments.cost import Cost
    from ablation.experiments.experiment import Experiment
    from sweeps import SweepEnd

EXAMPLES = (
    "Examples:\n\n"
    "ablate sweep --model resupnet --trials 3\n\n"
    "ablate sweep --model unet,resupnet --folds 4 --workspace folds --dry-run\n\n"
    "ablate sweep --model unet --trials 2 --study tversky --set loss.name=tversky"
)
WORKER_EXAMPLES = (
    "Examples:\n\nablate worker --study phantom/unet"
    "\n\nablate worker --study phantom/unet --workspace runs"
)
PUBLISH_PATIENCE_S = 60.0
FAILURE = {"hopeless": "the worker gave up:", "crashed": "the worker crashed again and again:"}


def sweep(
    model: Annotated[str, typer.Option("--model", help="Designs to tune, commas between, or all.")],
    trials: Annotated[
        int | None,
        typer.Option(
            "--trials", min=1, help="Finished trials of each design; a larger number later goes on."
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
        Path | None,
        typer.Option(
            "--split",
            help="File with the patients of train, validation and test (ablate data split --out).",
        ),
    ] = None,
    folds: Folds = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave unusable patients out, by name.")
    ] = False,
    experiment: Annotated[
        str | None,
        typer.Option(
            "--experiment", help="Name under which designs are compared; default: the data set's."
        ),
    ] = None,
    study: Annotated[
        str | None,
        typer.Option("--study", help="Name of this variant of a design; default: the model's."),
    ] = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    cache: Cache = None,
    tracking_uri: TrackingUri = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show space, cost and what the data can show; stop there."),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before long sweeps.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Tune each design with N trials, then score its best setting once on test patients.

    The same command goes on where it stopped.
    """
    from ablation.config.versions import read_definition
    from ablation.data import prepare
    from ablation.experiments.study import spec_of, write_plan
    from ablation.experiments.tuned import refuse_tuned
    from sweeps import check_study, open_study
    from tracking.workspace import design_folder

    flags: dict[str, object] = {
        "sweep.trials": trials,
        "sweep.seeds": seeds,
        "data.skip_bad": skip_bad or None,
        "data.split": None if split is None else str(split),
        "data.folds": folds,
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
    designs = _designs(resolved, model, study)
    if not dry_run:
        workspace.mkdir(parents=True, exist_ok=True)  # refused now rather than after the reading
    experiments = [
        opened
        for one in designs
        for opened in _open(one, resolved.preset, folder, experiment, study, quiet=quiet)
    ]
    for one in experiments:
        design_folder(workspace, one.name, one.label)  # refuses names that cannot be folders
    refuse_tuned(experiments, workspace)
    for one in experiments:
        check_study(spec_of(one, workspace), read_definition)  # refused before scans are prepared
    slices = prepare(
        experiments[0].dataset, resolved.config.data, folder, lambda line: say(line, quiet=quiet)
    )
    costs = show_plan(experiments, slices, folder, quiet=quiet)
    if dry_run:
        return
    confirm(costs, workspace, yes=yes)
    for one in experiments:
        open_study(spec_of(one, workspace), read_definition)
        write_plan(one, workspace)
    with _publishing(workspace, tracking_uri, quiet=quiet):
        ends = _run(experiments, costs, workspace, folder, quiet=quiet)
        # Before the last results are published: Ctrl-C at that moment costs no table.
        _show_result(experiments, workspace, ends, as_json=as_json, quiet=quiet)
    report = command(f"report --compare all --experiment {experiments[0].name}", workspace)
    say(f"\nnext: {command('ui', workspace)}\n      {report}", quiet=quiet)


def worker(
    study: Annotated[str, typer.Option("--study", help="Study to work on: EXPERIMENT/DESIGN.")],
    workspace: Workspace = DEFAULT_WORKSPACE,
    cache: Cache = None,
) -> None:
    """Train trials of a study until none is left; what `ablate sweep` starts."""
    from ablation.experiments.study import read_plan, run_worker
    from sweeps import HOPELESS_CODE, stop_on_signals

    stop = stop_on_signals()
    folder = cache_folder(cache)
    try:
        end = run_worker(read_plan(workspace, study, folder), workspace, folder, stop)
    except Exception as error:  # explained, or raised again as the bug it is
        explain(error)
        raise typer.Exit(HOPELESS_CODE) from error  # another start would meet the same fault
    raise typer.Exit(end.exit_code)


def _designs(resolved: Resolved, model: str, study: str | None) -> list[Config]:
    """Return one configuration per design, with the seeds of finals resolved."""
    from ablation.config import with_values
    from ablation.errors import UsageError
    from ablation.experiments.experiment import check_names, check_pretrained
    from ablation.models import DESIGNS

    names = (
        tuple(DESIGNS)
        if model == "all"
        else tuple(dict.fromkeys(model.replace(" ", "").split(",")))
    )
    config = resolved.config
    check_names(config, names)
    if study is not None and len(names) > 1:
        raise UsageError(
            f"--study {study} names one study, --model names {len(names)} designs",
            hint="Use --experiment to keep several designs apart from earlier ones.",
        )
    seeds = config.sweep.seeds
    if seeds is None:
        seeds = 3 if len(names) > 1 or config.sweep.trials >= 20 else 1
    designs = [with_values(one, {"sweep.seeds": seeds}) for one in resolved.of_designs(names)]
    for one in designs:  # all of them before the first reads data
        check_pretrained(one)
    return designs


def _open(
    config: Config,
    preset: str,
    cache: Path,
    experiment: str | None,
    study: str | None,
    *,
    quiet: bool,
) -> tuple[Experiment, ...]:
    from ablation.experiments.experiment import open_experiments

    return open_experiments(
        config,
        preset=preset,
        cache=cache,
        name=experiment,
        design=study,
        progress=lambda line: say(line, quiet=quiet),
    )


def _run(
    experiments: Sequence[Experiment],
    costs: Sequence[Cost],
    workspace: Path,
    cache: Path,
    *,
    quiet: bool,
) -> list[SweepEnd]:
    """Run the studies one after the other; stop at the first that is stopped."""
    ends: list[SweepEnd] = []
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
    from ablation.experiments.objective import close_lost
    from ablation.experiments.study import storage_url, study_folder, worker_command
    from sweeps import supervise

    folder = study_folder(workspace, experiment.name, experiment.label).path
    with viewing(experiment.label, cost, quiet=quiet) as viewer:
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

    address = tracking_address(workspace, tracking_uri)
    process = publisher.start(workspace, address, workspace / "publisher.log")
    try:
        yield
    finally:
        say("publishing the last results", quiet=quiet)
        arrived = False
        try:
            arrived = publisher.stop(process, PUBLISH_PATIENCE_S)
        finally:
            if not arrived:
                say(
                    "not everything has arrived at the tracking server; later: "
                    + command(f"sync {shlex.quote(str(workspace))}", DEFAULT_WORKSPACE),
                    quiet=quiet,
                )


def _show_result(
    experiments: Sequence[Experiment],
    workspace: Path,
    ends: Sequence[SweepEnd],
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Print the table of designs, or what went wrong."""
    from ablation.errors import AblateError
    from ablation.experiments.results import as_text, rows_of, warnings_of

    last = ends[-1]
    if last.how == "interrupted":
        from tracking.provenance import command_line

        again = command_line(["ablate", *sys.argv[1:]])
        typer.echo(f"stopped; the same command goes on: {again}", err=True)
        raise typer.Exit(130)
    if last.how != "done":
        raise AblateError(
            f"{experiments[len(ends) - 1].study}: {FAILURE[last.how]}\n{last.detail}",
            hint="Nothing finished is lost; once the cause is mended the same command goes on.",
        )
    rows = rows_of(experiments, workspace)
    if as_json:
        print_json([asdict(row) for row in rows])
    else:
        typer.echo("\n".join(as_text(rows)))
    for line in warnings_of(experiments, workspace):
        say(f"warning: {line}", quiet=quiet)
