"""`ablate studies`: the studies of a workspace, how far they are, their trials."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablation.cli.options import AsJson, Cache, Workspace, print_json, say
from ablation.files.aligned import aligned
from ablation.files.places import DEFAULT_WORKSPACE, cache_folder

if TYPE_CHECKING:
    from ablation.errors import AblateError
    from sweeps import StudyProgress, SweepError, TrialRow

LIST_EXAMPLES = "Examples:\n\nablate studies list\n\nablate studies list --json"
app = typer.Typer(
    no_args_is_help=True,
    help="List the studies of a workspace, or show the trials of one.",
    epilog=LIST_EXAMPLES,
)
SHOW_EXAMPLES = (
    "Examples:\n\nablate studies show phantom/unet\n\nablate studies show phantom/unet --csv"
)


@app.command("list", short_help="List every study and its best value.", epilog=LIST_EXAMPLES)
def list_studies(workspace: Workspace = DEFAULT_WORKSPACE, as_json: AsJson = False) -> None:
    """List every study: trials done, best validation Dice, final runs."""
    from dataclasses import asdict

    progress, faults = _all(workspace)
    if as_json:
        print_json([asdict(one) for one in progress])
    elif not progress and not faults:
        say(f"no studies in {workspace}; start with: ablate sweep --model unet --trials 3")
    for one in () if as_json else progress:
        best = "-" if one.best_value is None else f"{one.best_value:.3f} (trial {one.best_number})"
        typer.echo(
            f"{one.name}  {one.done}/{one.total} trials, {one.pruned} pruned, {one.failed} failed, "
            f"best validation Dice {best}, final runs {one.finals_done}/{one.finals_total}, "
            f"workers {one.workers}"
        )
    for fault in faults:
        say(f"error: {fault.message}\nhint: {fault.hint}")
    if faults:
        raise typer.Exit(1)


@app.command("show", short_help="Show the trials of a study.", epilog=SHOW_EXAMPLES)
def show_study(
    study: Annotated[str, typer.Argument(help="Its name: EXPERIMENT/DESIGN.")],
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the trials as CSV.")] = False,
) -> None:
    """Show the trials of a study: state, validation Dice, epochs and setting; the best is marked."""
    from dataclasses import asdict

    from ablation.experiments.stored import refuse_disagreement
    from ablation.experiments.study import storage_url, trials_csv
    from sweeps import best_trial, trials_table

    rows = trials_table(storage_url(workspace), study)
    refuse_disagreement(workspace, study)
    if as_json:
        print_json([asdict(row) for row in rows])
    elif as_csv:
        typer.echo(trials_csv(rows), nl=False)
    else:
        best = best_trial(rows)
        lines = [("trial", "state", "validation Dice", "epochs", "setting")]
        lines += [_cells(row, is_best=row is best) for row in rows]
        typer.echo("\n".join(aligned(lines)))


@app.command(
    "repair",
    short_help="Rebuild a damaged study database.",
    epilog="Example:\n\nablate studies repair",
)
def repair(
    workspace: Workspace = DEFAULT_WORKSPACE, cache: Cache = None, as_json: AsJson = False
) -> None:
    """Rebuild a damaged or lost study database from the run folders; a sound one is left alone."""
    from dataclasses import asdict

    from ablation.experiments.repair import LOST, repair_studies

    done = repair_studies(workspace, cache_folder(cache), say)
    if as_json:
        print_json(asdict(done))
    elif not done.studies:
        say(f"the study database of {workspace} is sound; nothing was changed")
    for one in done.studies:
        if one.fault:
            say(f"error: {one.study} was not rebuilt: {one.fault}")
        elif not as_json:
            typer.echo(
                f"{one.study}  {one.complete} complete, {one.pruned} pruned, {one.failed} failed, "
                f"{one.waiting} to go on, final runs {one.finals}"
            )
        for path in one.unreadable:
            say(f"warning: {path} cannot be read; its trial runs again")
    if done.aside is not None:
        say(f"the damaged file is kept as {done.aside}")
    if done.studies:
        say(f"{LOST}\nnext: the ablate sweep command of that time")
    if any(one.fault for one in done.studies):
        raise typer.Exit(1)


def _all(workspace: Path) -> tuple[list[StudyProgress], list[AblateError | SweepError]]:
    """Return how far each study is, and an error for each that cannot be read."""
    from ablation.errors import AblateError
    from ablation.experiments.stored import refuse_disagreement, refuse_lost
    from ablation.experiments.study import storage_url
    from sweeps import SweepError, read_progress, study_names

    progress: list[StudyProgress] = []
    faults: list[AblateError | SweepError] = []
    refuse_lost(workspace)
    if (workspace / "optuna.db").exists():
        storage = storage_url(workspace)
        for name in study_names(storage):
            try:
                progress.append(read_progress(storage, name))
                refuse_disagreement(workspace, name)
            except (AblateError, SweepError) as fault:
                faults.append(fault)
    return progress, faults


def _cells(row: TrialRow, *, is_best: bool) -> tuple[str, str, str, str, str]:
    note = "best" if is_best else row.reason
    return (
        str(row.number),
        f"{row.state} ({note})" if note else row.state,
        "-" if row.value is None else f"{row.value:.4f}",
        str(row.epochs),
        ", ".join(f"{key} {_short(value)}" for key, value in row.params.items()),
    )


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
