"""`ablate sweep`: tune designs under one budget."""

from __future__ import annotations

import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablation.cli.options import (
    AsJson,
    Assignments,
    Cache,
    ConfigFile,
    Data,
    Folds,
    PatientMap,
    PatientRegex,
    Preset,
    Quiet,
    SkipBad,
    TrackingUri,
    Workspace,
    print_json,
    say,
)
from ablation.cli.progress import watching
from ablation.files.places import DEFAULT_WORKSPACE, command

if TYPE_CHECKING:
    from ablation.experiments.sweep import SweepPlan, SweepResult

EXAMPLES = (
    "Examples:\n\n"
    "ablate sweep --model resupnet --trials 3\n\n"
    "ablate sweep --model unet,resupnet --folds 4 --workspace folds --dry-run\n\n"
    "ablate sweep --model unet --trials 2 --study tversky --set loss.name=tversky"
)


def sweep(
    model: Annotated[str, typer.Option("--model", help="Designs to tune, commas between, or all.")],
    trials: Annotated[
        int | None,
        typer.Option(
            "--trials",
            min=1,
            help="Finished trials of each design; a larger number later adds trials.",
        ),
    ] = None,
    data: Data = None,
    target: Annotated[
        str | None,
        typer.Option(
            "--target",
            help="Region: wt, tc, et or a name of [data.targets]; regions: all of them at once.",
        ),
    ] = None,
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
    patient_regex: PatientRegex = None,
    patient_map: PatientMap = None,
    skip_bad: SkipBad = False,
    experiment: Annotated[
        str | None,
        typer.Option(
            "--experiment",
            help="Name under which designs are compared; default: the data set's, with the target "
            "where it is not WT.",
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
        typer.Option(
            "--dry-run",
            help="Show space, cost and what the data can show, refuse what a sweep refuses; write nothing.",
        ),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before long sweeps.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Tune each design with N trials, then score its best setting once on test patients.

    The same command continues where it stopped.
    """
    from ablation.config.asked import patients_by
    from ablation.experiments import sweep as library

    tell = partial(say, quiet=quiet)
    request = library.SweepRequest(
        models=library.models_of(model), trials=trials, data=data, target=target, preset=preset, config=config,
        assignments=tuple(assignments or ()), seeds=seeds, split=split, folds=folds,
        skip_bad=skip_bad, experiment=experiment, study=study, workspace=workspace, cache=cache,
        dry_run=dry_run, settings=patients_by(patient_regex, patient_map),
    )  # fmt: skip
    plan = library.plan_sweep(request, tell)
    if dry_run:
        return
    confirm(plan, yes=yes)
    library.begin(plan)
    with library.publishing(plan, tracking_uri, tell):
        with watching(plan, quiet=quiet) as show:
            result = library.run_studies(plan, tell, show)
        # Before the last results are published: Ctrl-C at that moment costs no table.
        print_result(result, as_json=as_json, quiet=quiet)
    tell(following(result))


def confirm(plan: SweepPlan, *, yes: bool) -> None:
    """Ask before a sweep that takes over a day or more disk than is free."""
    from ablation.errors import UsageError

    if yes or not plan.doubts:
        return
    question = f"This sweep {' and '.join(plan.doubts)}."
    if not sys.stdin.isatty():
        raise UsageError(
            question, hint="Add --yes, or lower --trials, training.epochs or data.image_size."
        )
    typer.confirm(f"{question} Go on?", abort=True, err=True)


def print_result(result: SweepResult, *, as_json: bool, quiet: bool) -> None:
    """Print the table of designs; of a sweep that was interrupted how to go on, with exit code 130."""
    from ablation.experiments.results import as_text

    if result.how == "interrupted":
        from tracking.provenance import command_line

        again = command_line(["ablate", *sys.argv[1:]])
        for line in result.undone:
            typer.echo(line, err=True)
        typer.echo(f"stopped; the same command goes on: {again}", err=True)
        raise typer.Exit(130)
    if as_json:
        print_json([asdict(row) for row in result.designs])
    else:
        typer.echo("\n".join(as_text(result.designs)))
    for line in result.warnings:
        say(f"warning: {line}", quiet=quiet)


def following(result: SweepResult) -> str:
    """Return the two commands that come after a sweep."""
    report = f"report --compare all --experiment {result.experiment}"
    return f"\nnext: {command('ui', result.workspace)}\n      {command(report, result.workspace)}"
