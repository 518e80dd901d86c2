"""The `ablate` command: its parts, and how errors reach the terminal.

Nothing heavy is imported here: a command imports what it needs when it runs.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from ablation.cli import (
    compare,
    config,
    data,
    doctor,
    evaluate,
    importing,
    models,
    report,
    studies,
    sweep,
    tracking,
)
from ablation.cli.explain import explain

app = typer.Typer(
    name="ablate",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Tune segmentation designs under one budget, track every run, and compare them honestly.",
    epilog="First steps:\n\n"
    "ablate sweep --model unet,resupnet --trials 3\n\nablate report --compare all\n\nablate ui",
)


def _print_version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(f"ablate {version('ablate')}")
        raise typer.Exit


def _keep_traceback(value: bool) -> None:
    if value:
        os.environ["ABLATE_DEBUG"] = "1"


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", callback=_keep_traceback, help="Show tracebacks of errors.")
    ] = False,
) -> None:
    """Hold what comes before a command's name; both options act in their callbacks."""


app.command("sweep", short_help="Tune designs under one budget.", epilog=sweep.EXAMPLES)(
    sweep.sweep
)
app.command("report", short_help="Compare designs, patient by patient.", epilog=report.EXAMPLES)(
    report.report
)
app.command("compare", short_help="Compare tables of any tool.", epilog=compare.EXAMPLES)(
    compare.compare
)
app.command("ui", short_help="Browse all runs in MLflow's page.", epilog=tracking.UI_EXAMPLES)(
    tracking.ui
)
app.command("sync", short_help="Publish what has not arrived yet.", epilog=tracking.SYNC_EXAMPLES)(
    tracking.sync
)
app.command("evaluate", short_help="Score masks, or a run again.", epilog=evaluate.EXAMPLES)(
    evaluate.evaluate
)
app.command("worker", short_help="Train trials of a study.", epilog=sweep.WORKER_EXAMPLES)(
    sweep.worker
)
app.command("models", short_help="List the designs and their weights.", epilog=models.EXAMPLES)(
    models.models
)
app.command("doctor", short_help="Show machine, packages, disk, server.", epilog=doctor.EXAMPLES)(
    doctor.doctor
)
app.add_typer(tracking.runs_app, name="runs")
app.add_typer(studies.app, name="studies")
app.add_typer(data.app, name="data")
app.add_typer(config.app, name="config")
app.add_typer(importing.app, name="import")


def main() -> None:
    """Run the command line; print what the caller can put right as `error:` and `hint:`."""
    # TensorFlow's start-up remarks would drown ours; its errors come as exceptions.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        app()
    except Exception as error:  # noqa: BLE001 - the rim: sorted here into message or traceback
        sys.exit(explain(error))


if __name__ == "__main__":
    main()
