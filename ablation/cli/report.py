"""`ablate report`: which design is better, from the newest final runs on the MLflow server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ablation.cli import comparing
from ablation.cli.options import AsJson, ConfigFile, Quiet, TrackingUri, Workspace, say
from ablation.cli.pictures import Figures
from ablation.files.places import DEFAULT_WORKSPACE

EXAMPLES = (
    "Examples:\n\n"
    "ablate report --compare all\n\n"
    "ablate report --compare unet,resupnet --reference unet --out report\n\n"
    "ablate report --metric hd95 --json"
)


@comparing.taking_rules
def report(
    compare: Annotated[
        str,
        typer.Option("--compare", help="Designs with commas between, or all of the experiment."),
    ] = "all",
    experiment: Annotated[
        str | None,
        typer.Option(
            "--experiment",
            help="Experiment, or the id of one of its final runs; default: the experiment of the "
            "newest final run.",
        ),
    ] = None,
    target: comparing.Target = None,
    rules: Any = None,
    assume_hd95_method: comparing.AssumedMethod = None,
    out: comparing.OutFolder = Path("report"),
    config: ConfigFile = None,
    figures: Figures = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    tracking_uri: TrackingUri = None,
    as_format: comparing.Format = None,
    style: comparing.Style = "full",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Compare designs patient by patient: verdict, table, figures, fairness; one offline page.

    Writes index.html, comparison.csv, .json, .md and .tex, methods.txt and .bib; prints the
    summary. A rule you do not give is the one planned with the sweep, or else its default.
    Published scores in [[report.literature]] of the configuration are shown beside, never tested.
    """
    from ablation.report.from_runs import report as make_report

    shown = comparing.printing(as_format, style, as_json)
    made = make_report(
        compare, experiment=experiment, target=target, assume_hd95_method=assume_hd95_method,
        workspace=workspace, tracking_uri=tracking_uri, config=config,
        progress=say, **rules.given,
    )  # fmt: skip
    comparing.deliver(made.comparison, made.source, out, shown, figures, quiet=quiet)
    if made.damaged:
        say("hint: The report is made without them. Bring the files back, then: ablate report")
        raise typer.Exit(1)
