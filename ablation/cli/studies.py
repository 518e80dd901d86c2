"""`ablate studies`: the studies of a workspace, how far they are, their trials."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablation.cli.options import AsJson, Workspace, print_json, say
from ablation.files.places import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from sweeps import StudyProgress

LIST_EXAMPLES = "Examples:\n\nablate studies list\n\nablate studies list --json"
app = typer.Typer(
    no_args_is_help=True,
    help="List the studies of a workspace, or show the trials of one.",
    epilog=LIST_EXAMPLES,
)
SHOW_EXAMPLES = (
    "Examples:\n\nablate studies show phantom/unet\n\nablate studies show phantom/unet --csv"
)


@app.command("list", epilog=LIST_EXAMPLES)
def list_studies(workspace: Workspace = DEFAULT_WORKSPACE, as_json: AsJson = False) -> None:
    """List every study: trials done, best validation Dice, final runs."""
    from dataclasses import asdict

    progress = _all(workspace)
    if as_json:
        print_json([asdict(one) for one in progress])
        return
    if not progress:
        say(f"no studies in {workspace}; start with: ablate sweep --model unet --trials 3")
    for one in progress:
        best = "-" if one.best_value is None else f"{one.best_value:.3f} (trial {one.best_number})"
        typer.echo(
            f"{one.name}  {one.done}/{one.total} trials, {one.pruned} pruned, {one.failed} failed, "
            f"best validation Dice {best}, final runs {one.finals_done}/{one.finals_total}, "
            f"workers {one.workers}"
        )


@app.command("show", epilog=SHOW_EXAMPLES)
def show_study(
    study: Annotated[str, typer.Argument(help="Its name: EXPERIMENT/DESIGN.")],
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the trials as CSV.")] = False,
) -> None:
    """Show the trials of a study: number, state, value, parameters."""
    from dataclasses import asdict

    from ablation.experiments.study import storage_url, trials_csv
    from sweeps import trials_table

    rows = trials_table(storage_url(workspace), study)
    if as_json:
        print_json([asdict(row) for row in rows])
    elif as_csv:
        typer.echo(trials_csv(rows), nl=False)
    else:
        for row in rows:
            value = "-" if row.value is None else f"{row.value:.4f}"
            settings = ", ".join(f"{key} {_short(value)}" for key, value in row.params.items())
            why = f" ({row.reason})" if row.reason else ""
            typer.echo(f"{row.number:>4}  {row.state}{why}  {value}  {settings}")


def _all(workspace: Path) -> list[StudyProgress]:
    from ablation.experiments.study import storage_url
    from sweeps import list_studies as stored
    from sweeps import read_progress

    if not (workspace / "optuna.db").exists():
        return []
    storage = storage_url(workspace)
    return [read_progress(storage, spec.name) for spec in stored(storage)]


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
