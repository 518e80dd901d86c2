"""`ablate evaluate`: score a run again from its checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ablation.cli.options import (
    DEFAULT_WORKSPACE,
    AsJson,
    Cache,
    Quiet,
    Workspace,
    cache_folder,
    print_json,
    say,
)

EXAMPLES = (
    "Examples:\n\n"
    "ablate evaluate phantom/unet/0\n\n"
    "ablate evaluate phantom/unet/final-101 --out again.csv"
)


def evaluate(
    run: Annotated[
        str, typer.Argument(help="Run folder, EXPERIMENT/DESIGN/NUMBER or MLflow run id.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="File for the recomputed table.")
    ] = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    cache: Cache = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Recompute the per-case table of a run from its weights, and compare it with the record."""
    from ablation.evaluation import evaluate_run
    from tracking.workspace import resolve_run

    folder = resolve_run(workspace, run)
    done = evaluate_run(
        folder, workspace, cache_folder(cache), out, lambda line: say(line, quiet=quiet)
    )
    if as_json:
        print_json(
            {
                "run": run,
                "table": str(done.table),
                "same": done.same,
                "metrics": done.scores.summary,
            }
        )
    else:
        for row in done.scores.rows:
            typer.echo(
                f"{row['split']}  {row['case']}  {row['status']}  dice {float(str(row['dice'])):.4f}"
            )
        typer.echo(_verdict(done.same, done.table))
    if done.same is False:
        raise typer.Exit(1)


def _verdict(same: bool | None, table: Path) -> str:
    if same is None:
        return f"the run had no table; written to {table}"
    if same:
        return f"equal to the record to the last digit: {table}"
    return f"DIFFERS from the record; the new table is {table}"
