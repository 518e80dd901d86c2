"""`ablate evaluate`: score a run again, a run on other scans, or masks that any tool has made."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablation.cli.importing import (
    Joins,
    OutFile,
    described,
    print_scores,
    publish_and_go_on,
    say_of_import,
)
from ablation.cli.options import (
    AsJson,
    Cache,
    PatientMap,
    PatientRegex,
    Quiet,
    TrackingUri,
    Workspace,
    print_json,
    say,
)
from ablation.files.places import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from ablation.experiments.evaluate import Evaluated

EXAMPLES = (
    "Examples:\n\n"
    "ablate evaluate phantom/unet/final-101 --out again.csv\n\n"
    "ablate evaluate phantom/unet/final-101 --data scans\n\n"
    "ablate evaluate --pred masks --truth truths --name nnunet"
)


def evaluate(
    run: Annotated[
        str | None, typer.Argument(help="Run folder, EXPERIMENT/DESIGN/NUMBER or MLflow run id.")
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", help="Score RUN on these scans, all as test patients.")
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="With --data: leave unusable patients out, by name.")
    ] = False,
    pred: Annotated[
        Path | None, typer.Option("--pred", help="Masks of another tool: a file or a folder.")
    ] = None,
    truth: Annotated[
        Path | None, typer.Option("--truth", help="Their truths: a file or a folder.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="With --pred: name of the design in the report.")
    ] = None,
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels",
            help="With --pred: targets and their labels, or channels from 0: 'WT=1,2,4;ET=4'; "
            "default: those of BraTS, or a mask of one region.",
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            "--target", help="With --pred: the only target, or the name of a mask's region (WT)."
        ),
    ] = None,
    ids: Annotated[
        Path | None,
        typer.Option(
            "--ids", help="With --pred: CSV case,prediction,truth[,patient] for odd file names."
        ),
    ] = None,
    resample: Annotated[
        str | None,
        typer.Option(
            "--resample", help="With --pred: nearest brings predictions onto the truth's grid."
        ),
    ] = None,
    patient_regex: PatientRegex = None,
    patient_map: PatientMap = None,
    experiment: Joins = None,
    out: OutFile = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    cache: Cache = None,
    tracking_uri: TrackingUri = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Score a run again, a run on other scans, or the masks of any tool.

    RUN alone: recompute its per-case table from its weights, compare it with the record. RUN with
    --data: an external test set, at the run's own threshold; patients it was trained on are left
    out. --pred, --truth and --name: what another tool made becomes a run the report compares.
    """
    from ablation.experiments.evaluate import check_name
    from ablation.experiments.evaluate import evaluate as score

    check_name(run, data, pred, truth, name)
    made = score(
        run, data=data, skip_bad=skip_bad, pred=pred, truth=truth, name=name, labels=labels,
        target=target, ids=ids, resample=resample, patient_regex=patient_regex,
        patient_map=patient_map, experiment=experiment, out=out, workspace=workspace,
        cache=cache, progress=partial(say, quiet=quiet),
    )  # fmt: skip
    if made.file is not None:
        _print_again(str(run), made, as_json=as_json)
        return
    assert made.run is not None
    more = {"left_out": made.left_out} if run else {"superseded": made.superseded}
    print_scores(
        made.rows, {**described(made.run, workspace), "new": made.is_new, **more}, as_json=as_json
    )
    if name is not None:
        say_of_import(name, made.superseded, is_new=made.is_new, quiet=quiet)
    publish_and_go_on(made.run, workspace, tracking_uri, quiet=quiet)


def _print_again(run: str, made: Evaluated, *, as_json: bool) -> None:
    """Print the table of a run scored again; exit code 1 where it is not that of the record."""
    if as_json:
        table = {"table": str(made.file), "same": made.same, "metrics": made.metrics}
        print_json({"run": run, **table})
    else:
        several = len({row["target"] for row in made.rows}) > 1
        for row in made.rows:
            of = f"{row['target']}  " if several else ""
            dice = float(str(row["dice"]))
            typer.echo(f"{row['split']}  {row['case']}  {of}{row['status']}  dice {dice:.4f}")
        typer.echo(_verdict(made))
    if made.same is False:
        raise typer.Exit(1)


def _verdict(made: Evaluated) -> str:
    if made.same is None:
        return f"the run had no table; written to {made.file}"
    if made.same:
        return f"equal to the record to the last digit: {made.file}"
    return f"DIFFERS from the record; the new table is {made.file}"
