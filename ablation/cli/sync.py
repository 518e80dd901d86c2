"""`ablate sync`: publish to MLflow what has not arrived yet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablation.cli.options import (
    AsJson,
    Quiet,
    TrackingUri,
    print_json,
    say,
)
from ablation.files.places import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from tracking.publisher import Synced
    from tracking.record import RunFolder

EXAMPLES = (
    "Examples:\n\nablate sync\n\nablate sync runs --tracking-uri http://localhost:5500"
    "\n\nablate sync --again"
)


def sync(
    folder: Annotated[
        Path, typer.Argument(envvar="ABLATE_WORKSPACE", help="The workspace to publish.")
    ] = DEFAULT_WORKSPACE,
    watch: Annotated[bool, typer.Option("--watch", help="Go on publishing until Ctrl-C.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Publish runs again that were deleted at the server.")
    ] = False,
    tracking_uri: TrackingUri = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Publish to MLflow what has not arrived yet; repeating it changes nothing."""
    from ablation.config.asked import tracking_address
    from tracking.address import shown
    from tracking.errors import TrackingError
    from tracking.publisher import sync as publish_all
    from tracking.workspace import refuse_later

    if not folder.is_dir():
        raise TrackingError(f"no workspace {folder}", hint="Start with: ablate sweep")
    uri = tracking_address(folder, tracking_uri)
    synced = publish_all(folder, uri, again=again, examine=_refuse_wrong_table, waiting=say)
    if as_json:
        print_json(_counts(synced) | {"tracking_uri": shown(uri)})
        tell_failed(synced)
    else:
        tell(synced, shown(uri), quiet=quiet)
    refuse_later(folder)
    if watch:
        _watch(folder, uri, quiet=quiet)
    if synced.failed:
        raise typer.Exit(1)


def _refuse_wrong_table(run: RunFolder) -> None:
    """Refuse scores whose table has faults, also where no sha256 of it was recorded."""
    from ablation.errors import DataError
    from ablation.metrics.table import read_cases
    from tracking import names
    from tracking.errors import TrackingError

    table = run.path / names.PER_CASE
    if run.record.kind not in names.SCORED or not table.is_file():
        return
    try:
        read_cases(table)
    except DataError as error:
        raise TrackingError(" ".join(error.message.split()), hint=error.hint) from error


def _watch(folder: Path, uri: str, *, quiet: bool) -> None:
    import threading

    from tracking.publisher import watch

    say("Publishing as runs go on. Ctrl-C ends it.", quiet=quiet)
    ending = threading.Event()
    try:
        watch(folder, uri, is_over=lambda: False, stop=ending)
    except KeyboardInterrupt:
        say("Ended. To publish what has not arrived: ablate sync", quiet=quiet)


def tell(synced: Synced, where: str, *, quiet: bool) -> None:
    """Say what a pass over a workspace did; what failed is said even where all else is quiet."""
    counts = ", ".join(f"{n} {what.replace('_', ' ')}" for what, n in _counts(synced).items() if n)
    say(f"{where}: {counts or 'no runs'}", quiet=quiet)
    for path in synced.deleted:
        say(f"deleted at the server: {path} (publish it again: ablate sync --again)", quiet=quiet)
    for path in synced.links:
        say(f"not published, a symbolic link: {path}")
    tell_failed(synced)


def tell_failed(synced: Synced) -> None:
    """Name the runs that could not be published, and why."""
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
