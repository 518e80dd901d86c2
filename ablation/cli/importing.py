"""`ablate import`: bring in the per-case tables of other tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablation.cli.comparing import AssumedMethod
from ablation.cli.options import (
    AsJson,
    CaseColumn,
    PatientColumn,
    PatientMap,
    PatientRegex,
    Quiet,
    TrackingUri,
    UndefinedDistance,
    Workspace,
    print_json,
    say,
)
from ablation.files.places import DEFAULT_WORKSPACE, command

if TYPE_CHECKING:
    from ablation.scores.bring_in import Destination, Foreign
    from ablation.scores.nnunet_import import Results
    from tracking.record import RunFolder

PER_CASE_EXAMPLES = (
    "Examples:\n\nablate import per-case scores.csv --name monai\n\n"
    "ablate import per-case scores.csv --name monai --patient-regex '(.+)_\\d+$'"
)
NNUNET_EXAMPLES = (
    "Examples:\n\nablate import nnunet nnUNet_results/Dataset005_Prostate\n\n"
    "ablate import nnunet summary.json --name nnunet\n\n"
    "ablate import nnunet summary.json --name nnunet --labels 'WT=1,2,3;ET=3'"
)
app = typer.Typer(
    no_args_is_help=True,
    help="Bring in scores of other tools for the report.",
    epilog=PER_CASE_EXAMPLES,
)

Name = Annotated[str, typer.Option("--name", help="Name of the design in the report.")]
Joins = Annotated[
    str | None,
    typer.Option(
        "--experiment", help="Whose designs it is compared with; default: the newest experiment."
    ),
]
OutFile = Annotated[
    Path | None, typer.Option("--out", help="Also write the per-case table to this file.")
]


@app.command(
    "per-case", short_help="Bring in a table with a row per case.", epilog=PER_CASE_EXAMPLES
)
def per_case(
    file: Annotated[Path, typer.Argument(help="CSV: case[, patient][, target], <metric>...")],
    name: Name,
    experiment: Joins = None,
    target: Annotated[
        str, typer.Option("--target", help="Target of a table without a target column.")
    ] = "WT",
    case_column: CaseColumn = None,
    patient_column: PatientColumn = None,
    patient_regex: PatientRegex = None,
    patient_map: PatientMap = None,
    undefined_distance: UndefinedDistance = None,
    assume_hd95_method: AssumedMethod = None,
    out: OutFile = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    tracking_uri: TrackingUri = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Bring in a table with a row per case; columns are named as in per_case.csv."""
    from ablation.scores.bring_in import Destination, table_scores
    from ablation.scores.empty_masks import undefined_distances
    from ablation.scores.header import Naming

    tell = partial(say, quiet=quiet)
    naming = Naming(
        case_column=tuple(case_column or ()), patient_column=patient_column,
        patient_regex=patient_regex, patient_map=patient_map, wide="targets",
    )  # fmt: skip
    empty = undefined_distances(undefined_distance or ())
    scores = table_scores(file, naming, target, assume_hd95_method, tell, empty)
    to = Destination(name, experiment, workspace, out)
    finish(scores, to, tracking_uri, as_json=as_json, quiet=quiet)


@app.command(
    "nnunet", short_help="Bring in what nnU-Net's evaluation wrote.", epilog=NNUNET_EXAMPLES
)
def nnunet(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Results folder of nnU-Net, summary.json of v1 or v2, or a table made of v1's."
        ),
    ],
    name: Annotated[
        str | None,
        typer.Option("--name", help="Name of the design; default: that of its results folder."),
    ] = None,
    experiment: Joins = None,
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels",
            help="Targets and what the file calls them: 'WT=1,2,3;ET=3'; others are left out.",
        ),
    ] = None,
    assume_hd95_method: AssumedMethod = None,
    case_column: CaseColumn = None,
    patient_regex: PatientRegex = None,
    patient_map: PatientMap = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    tracking_uri: TrackingUri = None,
    out: OutFile = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Bring in what nnU-Net's evaluation wrote, a target for each label or region.

    Of a folder every design is brought in, its folds pooled; a data set is an experiment.
    """
    from ablation.errors import UsageError
    from ablation.scores.bring_in import Destination
    from ablation.scores.header import Naming
    from ablation.scores.nnunet_import import nnunet_results

    tell = partial(say, quiet=quiet)
    naming = Naming(
        case_column=tuple(case_column or ()), patient_regex=patient_regex, patient_map=patient_map
    )
    to = Destination(name or "", experiment, workspace, out)
    found = nnunet_results(files, naming, to, labels, assume_hd95_method, tell)
    if len(found) == 1:
        finish(found[0].scores, found[0].to, tracking_uri, as_json=as_json, quiet=quiet)
        return
    if out is not None:
        raise UsageError("--out takes one design", hint="Import the designs one by one.")
    _finish_all(found, tracking_uri, as_json=as_json, quiet=quiet)


def _finish_all(
    found: Sequence[Results], tracking_uri: str | None, *, as_json: bool, quiet: bool
) -> None:
    """Write all runs, publish them once, print the means of each and what comes next."""
    from ablation.files.aligned import aligned
    from ablation.scores.bring_in import bring_in
    from ablation.scores.printed import means_of

    lines = [("experiment", "design", "target", "cases", "dice")]
    values = []
    for one in found:
        done = bring_in(one.scores, one.to, partial(say, quiet=quiet))
        say_of_import(one.to.name, done.superseded, is_new=done.is_new, quiet=quiet)
        about, means = described(done.folder, one.to.workspace), means_of(one.scores.rows)
        values.append({**about, "new": done.is_new, "means": means})
        for target, own in means.items():
            cases = sum(row["target"] == target for row in one.scores.rows)
            dice = f"{own['dice']:.4f}" if "dice" in own else "-"
            lines.append((str(about["experiment"]), one.to.name, target, str(cases), dice))
    if as_json:
        print_json({"imports": values})
    else:
        for line in aligned(lines, {"cases", "dice"}):
            typer.echo(line)
    publish_and_go_on(done.folder, found[0].to.workspace, tracking_uri, quiet=quiet)


def finish(
    scores: Foreign, to: Destination, tracking_uri: str | None, *, as_json: bool, quiet: bool
) -> None:
    """Write the run, publish it, print its table and what comes next."""
    from ablation.scores.bring_in import bring_in

    done = bring_in(scores, to, partial(say, quiet=quiet))
    about = {
        **described(done.folder, to.workspace),
        "new": done.is_new,
        "superseded": list(done.superseded),
    }
    print_scores(scores.rows, about, as_json=as_json)
    say_of_import(to.name, done.superseded, is_new=done.is_new, quiet=quiet)
    publish_and_go_on(done.folder, to.workspace, tracking_uri, quiet=quiet)


def say_of_import(name: str, superseded: Sequence[str], *, is_new: bool, quiet: bool) -> None:
    """Say whether these results were there already, and which they take the place of."""
    if not is_new:
        say(f"{name} is there already with the same scores", quiet=quiet)
    elif superseded:
        say(f"supersedes {', '.join(superseded)} of {name}", quiet=quiet)


def publish_and_go_on(
    run: RunFolder, workspace: Path, tracking_uri: str | None, *, quiet: bool
) -> None:
    """Publish the workspace and name the report that shows the run."""
    from ablation.scores.bring_in import publish

    experiment = run.record.experiment
    words = f"report --compare all --experiment {experiment}"
    if not publish(workspace, tracking_uri, partial(say, quiet=quiet)):
        tables = run.path.parents[1] / "*" / run.path.name / "per_case.csv"
        say(f"next: ablate compare {tables}", quiet=quiet)
        return
    say(f"next: {command(words, workspace)}", quiet=quiet)


def print_scores(
    rows: Sequence[Mapping[str, object]], about: Mapping[str, object], *, as_json: bool
) -> None:
    """Print the per-case table and its means, or all of it as JSON."""
    from ablation.scores.printed import as_lines, as_values

    if as_json:
        print_json({**about, **as_values(rows)})
    else:
        for line in as_lines(rows):
            typer.echo(line)


def described(run: RunFolder, workspace: Path) -> dict[str, object]:
    """Return the documented keys of a run for `--json`."""
    return {
        "run": run.path.relative_to(workspace).as_posix(),
        "experiment": run.record.experiment,
        "design": run.record.model,
    }
