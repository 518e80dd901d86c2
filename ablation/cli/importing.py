"""`ablate import`: bring in the per-case tables of other tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablation.cli.comparing import AssumedMethod
from ablation.cli.options import (
    DEFAULT_WORKSPACE,
    AsJson,
    Quiet,
    TrackingUri,
    Workspace,
    command,
    print_json,
    say,
    tracking_address,
)

if TYPE_CHECKING:
    from ablation.fairness import FairnessFacts
    from ablation.scores.runs import Imported

PER_CASE_EXAMPLES = (
    "Examples:\n\nablate import per-case scores.csv --name monai\n\n"
    "ablate import per-case scores.csv --name monai --patient-regex '(.+)_\\d+$'"
)
NNUNET_EXAMPLES = (
    "Examples:\n\nablate import nnunet summary.json --name nnunet\n\n"
    "ablate import nnunet summary.json --name nnunet --labels 'WT=1,2,3;ET=3'"
)
app = typer.Typer(
    no_args_is_help=True,
    help="Bring in the per-case tables of other tools, for the report to compare.",
    epilog=PER_CASE_EXAMPLES,
)

Name = Annotated[str, typer.Option("--name", help="Name of the design in the report.")]
Joins = Annotated[
    str | None,
    typer.Option(
        "--experiment", help="Whose designs it is compared with; default: the newest experiment."
    ),
]
CaseColumn = Annotated[
    str | None, typer.Option("--case-column", help="Column of the cases; default: case.")
]
PatientRegex = Annotated[
    str | None,
    typer.Option("--patient-regex", help="Finds the patient in a case's id: its first group."),
]
PatientMap = Annotated[
    Path | None, typer.Option("--patient-map", help="CSV with the columns case,patient.")
]
OutFile = Annotated[
    Path | None, typer.Option("--out", help="Also write the per-case table to this file.")
]


@app.command("per-case", epilog=PER_CASE_EXAMPLES)
def per_case(
    file: Annotated[Path, typer.Argument(help="CSV: case[, patient][, target], <metric>...")],
    name: Name,
    experiment: Joins = None,
    target: Annotated[
        str, typer.Option("--target", help="Target of a table without a target column.")
    ] = "WT",
    case_column: CaseColumn = None,
    patient_regex: PatientRegex = None,
    patient_map: PatientMap = None,
    assume_hd95_method: AssumedMethod = None,
    out: OutFile = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    tracking_uri: TrackingUri = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Bring in a table with a row per case; columns are named as in per_case.csv."""
    from ablation.scores.bare import read_bare
    from ablation.scores.tables import one_model, rows_of, table_facts

    frames = read_bare(
        file,
        case_column=case_column,
        patient_regex=patient_regex,
        patient_map=patient_map,
        say=lambda line: say(line, quiet=quiet),
    )
    frame = one_model(frames, file)
    facts = table_facts(frame, file, "table", assume_hd95_method)
    rows = rows_of(frame, target)
    if not (frame["target"] != "").all():
        say(f"the target is taken as {target} (--target)", quiet=quiet)
    params = {"import.of": "per-case table", "import.file": file.name}
    joins = Destination(name, experiment, out, workspace, tracking_uri, as_json, quiet)
    finish(rows, facts, params, joins)


@app.command("nnunet", epilog=NNUNET_EXAMPLES)
def nnunet(
    file: Annotated[
        Path, typer.Argument(help="summary.json of nnU-Net v1 or v2, or a table made of v1's.")
    ],
    name: Name,
    experiment: Joins = None,
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels",
            help="Targets and what the file calls them: 'WT=1,2,3;ET=3'; others are left out.",
        ),
    ] = None,
    case_column: CaseColumn = None,
    patient_regex: PatientRegex = None,
    patient_map: PatientMap = None,
    assume_hd95_method: AssumedMethod = None,
    out: OutFile = None,
    workspace: Workspace = DEFAULT_WORKSPACE,
    tracking_uri: TrackingUri = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Bring in what nnU-Net's evaluation wrote, a target for each label or region."""
    from ablation.scores.nnunet import read_nnunet
    from ablation.scores.regions import parse_labels
    from ablation.scores.tables import rows_of, table_facts

    table = read_nnunet(
        file,
        labels=None if labels is None else parse_labels(labels),
        case_column=case_column,
        patient_regex=patient_regex,
        patient_map=patient_map,
        say=lambda line: say(line, quiet=quiet),
    )
    facts = table_facts(table.frame, file, "nnU-Net", assume_hd95_method or table.hd95_method)
    params = {"import.of": f"nnU-Net {table.version}", "import.file": file.name}
    if labels is not None:
        params["import.labels"] = labels
    joins = Destination(name, experiment, out, workspace, tracking_uri, as_json, quiet)
    finish(rows_of(table.frame, ""), facts, params, joins)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where imported results go, and how that is told: the options of these commands."""

    name: str
    experiment: str | None
    out: Path | None
    workspace: Path
    tracking_uri: str | None
    as_json: bool
    quiet: bool


def finish(
    rows: Sequence[Mapping[str, object]],
    facts: FairnessFacts,
    params: Mapping[str, str],
    to: Destination,
) -> None:
    """Write the run, publish it, print its table and what comes next."""
    from ablation.scores.runs import newest_experiment, write_import

    experiment = to.experiment or newest_experiment(to.workspace)
    if to.experiment is None:
        say(f"joins experiment {experiment} (--experiment names another)", quiet=to.quiet)
    write_out(rows, to.out)  # first: a file that cannot be written leaves no run behind
    done = write_import(rows, to.workspace, experiment, to.name, facts, params)
    print_scores(rows, _described(done, to.workspace), as_json=to.as_json)
    if not done.is_new:
        say(f"{to.name} is there already with the same scores", quiet=to.quiet)
    elif done.superseded:
        say(f"supersedes {', '.join(done.superseded)} of {to.name}", quiet=to.quiet)
    publish(to.workspace, to.tracking_uri, quiet=to.quiet)
    words = f"report --compare all --experiment {experiment}"
    say(f"next: {command(words, to.workspace)}", quiet=to.quiet)


def write_out(rows: Sequence[Mapping[str, object]], out: Path | None) -> None:
    """Write the per-case table where --out says."""
    from ablation.errors import UsageError
    from ablation.metrics.table import write_cases

    if out is not None:
        if out.is_dir():
            raise UsageError(f"--out {out} is a folder", hint="Name a file, such as scores.csv.")
        out.parent.mkdir(parents=True, exist_ok=True)
        write_cases(rows, out)


def publish(workspace: Path, tracking_uri: str | None, *, quiet: bool) -> None:
    """Publish what has not arrived; what cannot be is said, and is not lost."""
    from tracking.errors import TrackingError
    from tracking.publisher import sync

    try:
        failed = sync(workspace, tracking_address(workspace, tracking_uri)).failed
    except TrackingError as error:
        failed = ((str(workspace), error.message),)
    for run, reason in failed:
        say(f"not published yet: {run}: {reason} (later: ablate sync)", quiet=quiet)


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


def _described(done: Imported, workspace: Path) -> dict[str, object]:
    record = done.folder.record
    return {
        "run": done.folder.path.relative_to(workspace).as_posix(),
        "experiment": record.experiment,
        "design": record.model,
        "new": done.is_new,
        "superseded": list(done.superseded),
    }
