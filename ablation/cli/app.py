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
    export,
    importing,
    models,
    plan,
    predict,
    report,
    runs,
    studies,
    sweep,
    sync,
    ui,
    worker,
)
from ablation.cli.explain import explain
from tracking.redaction import redact_tracebacks

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
        from tracking.schema import own_version

        typer.echo(f"ablate {own_version()}")
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


_COMMANDS = (
    (sweep.sweep, sweep.EXAMPLES, "Tune designs under one budget."),
    (report.report, report.EXAMPLES, "Compare designs, patient by patient."),
    (compare.compare, compare.EXAMPLES, "Compare tables of any tool."),
    (plan.plan, plan.EXAMPLES, "Patients that a comparison needs."),
    (ui.ui, ui.EXAMPLES, "Browse all runs in MLflow's page."),
    (sync.sync, sync.EXAMPLES, "Publish what has not arrived yet."),
    (evaluate.evaluate, evaluate.EXAMPLES, "Score masks, or a run again."),
    (predict.predict, predict.EXAMPLES, "Write masks of new scans."),
    (export.export, export.EXAMPLES, "Write a network as a file."),
    (worker.worker, worker.EXAMPLES, "Train trials of a study."),
    (models.models, models.EXAMPLES, "List the designs and their weights."),
    (doctor.doctor, doctor.EXAMPLES, "Show machine, packages, disk, server."),
)
for _body, _examples, _short in _COMMANDS:
    app.command(_body.__name__, short_help=_short, epilog=_examples)(_body)
app.add_typer(runs.app, name="runs")
app.add_typer(studies.app, name="studies")
app.add_typer(data.app, name="data")
app.add_typer(config.app, name="config")
app.add_typer(importing.app, name="import")


def main() -> None:
    """Run the command line; print what the caller can put right as `error:` and `hint:`."""
    # TensorFlow's start-up remarks would drown ours; its errors come as exceptions.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    redact_tracebacks()
    try:
        app()
    except Exception as error:  # noqa: BLE001 - the rim: sorted here into message or traceback
        sys.exit(explain(error))


if __name__ == "__main__":
    main()
