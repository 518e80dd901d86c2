"""The commands that look at runs and publish them: ui, sync, runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablation.cli.options import (
    DEFAULT_WORKSPACE,
    AsJson,
    Quiet,
    TrackingUri,
    Workspace,
    print_json,
    say,
    tracking_address,
)

if TYPE_CHECKING:
    from tracking.publisher import Synced
    from tracking.record import RunFolder

UI_EXAMPLES = "Examples:\n\nablate ui\n\nablate ui --port 5511 --no-browser"
SYNC_EXAMPLES = (
    "Examples:\n\nablate sync\n\nablate sync runs --tracking-uri http://localhost:5500"
    "\n\nablate sync --again"
)
RUNS_EXAMPLES = "Examples:\n\nablate runs list\n\nablate runs list --json"
SHOW_EXAMPLES = (
    "Examples:\n\nablate runs show phantom/unet/0\n\nablate runs show phantom/unet/0 --json"
)

runs_app = typer.Typer(
    no_args_is_help=True, help="List the runs of a workspace, or show one.", epilog=RUNS_EXAMPLES
)


def ui(
    workspace: Workspace = DEFAULT_WORKSPACE,
    port: Annotated[
        int | None,
        typer.Option(
            "--port", min=1024, max=65535, help="Port; default: the next free one from 5500."
        ),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")
    ] = True,
    tracking_uri: TrackingUri = None,
) -> None:
    """Browse all runs in MLflow's page, on this machine only; Ctrl-C ends it."""
    import webbrowser

    from tracking.mlflow.address import database, shown
    from tracking.mlflow.connection import check
    from tracking.mlflow.server import run_ui

    uri = tracking_address(workspace, tracking_uri)

    def opened(page: str) -> None:
        say(f"MLflow page: {page}")
        if browser:
            webbrowser.open(page)

    if database(uri) is None:
        check(uri)
        _publish_first(workspace, uri)
        opened(shown(uri))  # a server of its own; its page is there already
        return
    _publish_first(workspace, uri)
    say("Starting the page; this takes some seconds. Ctrl-C ends it.")
    run_ui(uri, workspace / "ui.log", port, opened)


def sync(
    folder: Annotated[
        Path, typer.Argument(envvar="ABLATE_WORKSPACE", help="The workspace to publish.")
    ] = DEFAULT_WORKSPACE,
    watch: Annotated[bool, typer.Option("--watch", help="Go on publishing until Ctrl-C.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Publish runs anew that were deleted at the server.")
    ] = False,
    tracking_uri: TrackingUri = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Publish to MLflow what has not arrived yet; repeating it changes nothing."""
    from tracking.errors import TrackingError
    from tracking.mlflow.address import shown
    from tracking.publisher import sync as publish_all

    if not folder.is_dir():
        raise TrackingError(f"no workspace {folder}", hint="Start with: ablate sweep")
    uri = tracking_address(folder, tracking_uri)
    synced = publish_all(folder, uri, again=again)
    if as_json:
        print_json(_counts(synced) | {"tracking_uri": shown(uri)})
    else:
        _tell(synced, shown(uri), quiet=quiet)
    if watch:
        _watch(folder, uri, quiet=quiet)
    if synced.failed:
        raise typer.Exit(1)


@runs_app.command("list", epilog=RUNS_EXAMPLES)
def list_runs(workspace: Workspace = DEFAULT_WORKSPACE, as_json: AsJson = False) -> None:
    """List every run with its state; studies first, then their trials and finals."""
    from tracking.workspace import find_runs

    rows = [_row_or_damage(folder, workspace) for folder in find_runs(workspace)]
    if as_json:
        print_json(rows)
    elif not rows:
        say(f"no runs in {workspace}; start with: ablate sweep")
    else:
        typer.echo(_table(rows))


@runs_app.command("show", epilog=SHOW_EXAMPLES)
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
        return
    for title, value in facts.items():
        if isinstance(value, dict):
            typer.echo(f"{title}")
            for key, text in value.items():
                typer.echo(f"  {key}: {text}")
        elif isinstance(value, list):
            typer.echo(f"{title}: " + ", ".join(value))
        elif value not in ("", None):
            typer.echo(f"{title}: {value}")


def _row_or_damage(folder: RunFolder, workspace: Path) -> dict[str, object]:
    """Return the row of a run; one whose record cannot be read is listed as such, not hidden."""
    from tracking.errors import TrackingError

    try:
        return _row(folder, workspace)
    except TrackingError as error:
        say(f"warning: {error.message}")
        name = str(folder.path.relative_to(workspace))
        return {"run": name, "status": "DAMAGED", "epochs": None, "result": {}}


def _publish_first(workspace: Path, uri: str) -> None:
    from tracking.mlflow.address import shown
    from tracking.publisher import sync as publish_all

    if workspace.is_dir():
        _tell(publish_all(workspace, uri), shown(uri), quiet=False)


def _watch(folder: Path, uri: str, *, quiet: bool) -> None:
    import threading

    from tracking.publisher import watch

    say("Publishing as runs go on. Ctrl-C ends it.", quiet=quiet)
    ending = threading.Event()
    try:
        watch(folder, uri, is_over=lambda: False, stop=ending)
    except KeyboardInterrupt:
        say("Ended. What has not arrived is published by: ablate sync", quiet=quiet)


def _tell(synced: Synced, where: str, *, quiet: bool) -> None:
    counts = ", ".join(f"{n} {what.replace('_', ' ')}" for what, n in _counts(synced).items() if n)
    say(f"{where}: {counts or 'no runs'}", quiet=quiet)
    for path in synced.deleted:
        say(f"deleted at the server: {path} (publish anew: ablate sync --again)", quiet=quiet)
    for path, why in synced.failed:
        say(f"not published: {path}: {why}")


def _counts(synced: Synced) -> dict[str, object]:
    return {
        "published": synced.published,
        "up_to_date": synced.up_to_date,
        "busy": synced.busy,
        "deleted": len(synced.deleted),
        "failed": len(synced.failed),
    }


def _row(folder: RunFolder, workspace: Path) -> dict[str, object]:
    record = folder.record
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
    widths = [max(len(line[column]) for line in lines) for column in range(3)]
    return "\n".join(
        "  ".join([*(line[c].ljust(widths[c]) for c in range(3)), line[3]]).rstrip()
        for line in lines
    )


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
