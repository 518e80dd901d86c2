"""`ablate runs`: the runs of a workspace, and all about one of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablation.cli.options import AsJson, Workspace, print_json, say
from ablation.files.aligned import aligned
from ablation.files.places import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from tracking.errors import TrackingError
    from tracking.record import RunFolder

LIST_EXAMPLES = "Examples:\n\nablate runs list\n\nablate runs list --json"
SHOW_EXAMPLES = (
    "Examples:\n\nablate runs show phantom/unet/0\n\nablate runs show phantom/unet/0 --json"
)

DAMAGED = "DAMAGED"
"""Status of a run whose record cannot be read."""

app = typer.Typer(
    no_args_is_help=True, help="List the runs of a workspace, or show one.", epilog=LIST_EXAMPLES
)


@app.command("list", short_help="List every run with its state.", epilog=LIST_EXAMPLES)
def list_runs(workspace: Workspace = DEFAULT_WORKSPACE, as_json: AsJson = False) -> None:
    """List every run with its state; studies first, then their trials and final runs."""
    from tracking.workspace import find_runs, refuse_later

    rows = [_row_or_damage(folder, workspace) for folder in find_runs(workspace)]
    if as_json:
        print_json(rows)
    elif not rows:
        say(f"no runs in {workspace}; start with: ablate sweep")
    else:
        typer.echo(_table(rows))
    refuse_later(workspace)
    if any(row["status"] == DAMAGED for row in rows):
        raise typer.Exit(1)


@app.command("show", short_help="Show how one run was made.", epilog=SHOW_EXAMPLES)
def show_run(
    run: Annotated[
        str, typer.Argument(help="Run folder, EXPERIMENT/DESIGN/NUMBER or MLflow run id.")
    ],
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Show how one run was made, how it went and which files it has."""
    from tracking.record import RunFolder
    from tracking.workspace import resolve_run

    folder = RunFolder(resolve_run(workspace, run))
    facts = _facts(folder, workspace)
    if as_json:
        print_json(facts)
    else:
        _print_facts(facts)
    if damaged := _damaged(folder):
        for error in damaged:
            say(f"error: {error.message}\nhint: {error.hint}")
        raise typer.Exit(1)


def _print_facts(facts: Mapping[str, object]) -> None:
    for title, value in facts.items():
        if isinstance(value, dict):
            typer.echo(f"{title}")
            for key, text in value.items():
                typer.echo(f"  {key}: {text}")
        elif isinstance(value, list):
            typer.echo(f"{title}: " + ", ".join(value))
        elif value not in ("", None):
            typer.echo(f"{title}: {value}")


def _damaged(folder: RunFolder) -> list[TrackingError]:
    """Return an error for each file that is not the one the run ended with."""
    from tracking.errors import DamagedError

    found: list[TrackingError] = []
    record = folder.record
    for name in record.files:
        try:
            folder.checked(name, record)
        except DamagedError as error:
            # Weights of trials that are not the best may be deleted on purpose.
            if (folder.path / name).exists() or not name.startswith("checkpoint"):
                found.append(error)
    return found


def _row_or_damage(folder: RunFolder, workspace: Path) -> dict[str, object]:
    """Return the row of a run; one whose record cannot be read is listed as such, not hidden."""
    from tracking.errors import LaterVersionError, TrackingError

    try:
        return _row(folder, workspace)
    except TrackingError as error:
        is_later = isinstance(error, LaterVersionError)
        if not is_later:  # that is said at the end, as an error
            say(f"error: {error.message}\nhint: {error.hint}")
        return {
            "run": folder.path.relative_to(workspace).as_posix(),
            "kind": None,
            "status": "LATER VERSION" if is_later else DAMAGED,
            "epochs": None,
            "metrics": {},
            "reason": "",
        }


def _row(folder: RunFolder, workspace: Path) -> dict[str, object]:
    from tracking import names

    record = folder.record
    folder.checked(names.METRICS, record)
    epochs = folder.epochs()[0]
    return {
        "run": folder.path.relative_to(workspace).as_posix(),
        "kind": record.kind,
        "status": record.status,
        "epochs": epochs[-1].step if epochs and record.kind != "study" else None,
        "metrics": dict(record.metrics),
        "reason": record.reason,
    }


def _table(rows: list[dict[str, object]]) -> str:
    """Return the rows as aligned text; of the metrics the first, or why the run ended."""
    lines = [("run", "status", "epochs", "result")]
    for row in rows:
        metrics = row["metrics"]
        first = next(iter(metrics.items()), None) if isinstance(metrics, dict) else None
        result = str(row["reason"]) or (f"{first[0]} {first[1]:.4f}" if first else "")
        lines.append((str(row["run"]), str(row["status"]), str(row["epochs"] or ""), result))
    return "\n".join(aligned(lines))


def _facts(folder: RunFolder, workspace: Path) -> dict[str, object]:
    from tracking.workspace import published

    record = folder.record
    files = (path for path in folder.path.rglob("*") if path.is_file())
    names = sorted(path.relative_to(folder.path).as_posix() for path in files)
    return {
        **_row(folder, workspace),
        "folder": str(folder.path),
        "identity": record.identity,
        "params": dict(record.params),
        "tags": dict(record.tags),
        "provenance": dict(record.provenance),
        "published": {uri: entry["run_id"] for uri, entry in published(folder).items()},
        "files": [name for name in names if not name.startswith(".")],
    }
