"""`ablate ui`: browse all runs in MLflow's page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ablation.cli.options import TrackingUri, Workspace, say
from ablation.cli.sync import tell
from ablation.files.places import DEFAULT_WORKSPACE

EXAMPLES = "Examples:\n\nablate ui\n\nablate ui --port 5511 --no-browser"


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

    from ablation.config.asked import tracking_address
    from tracking.address import database, shown
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


def _publish_first(workspace: Path, uri: str) -> None:
    from tracking.address import shown
    from tracking.publisher import sync as publish_all

    if workspace.is_dir():
        tell(publish_all(workspace, uri, waiting=say), shown(uri), quiet=False)
