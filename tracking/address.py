"""The tracking address: which MLflow store a workspace publishes to."""

from __future__ import annotations

import os
from pathlib import Path

from tracking.errors import TrackingError
from tracking.redaction import HIDDEN, without_secrets

SQLITE = "sqlite:///"
SCHEMES = ("http", "https", "sqlite", "postgresql", "databricks")
VARIABLE = "MLFLOW_TRACKING_URI"


def resolve_uri(workspace: Path, given: str | None = None) -> str:
    """Return the address to publish to, absolute: the given one, MLFLOW_TRACKING_URI, or the default.

    The default is the database mlflow.db in the workspace.

    Raises:
        TrackingError: The address is a folder, which MLflow no longer writes to.

    >>> resolve_uri(Path("/data/runs"), "http://localhost:5500/")
    'http://localhost:5500'
    """
    uri = given or os.environ.get(VARIABLE) or f"{SQLITE}{_absolute(workspace) / 'mlflow.db'}"
    if uri.partition("://")[0] not in SCHEMES:
        raise TrackingError(
            f"{without_secrets(uri)} is not a tracking address",
            hint="Give http://HOST:PORT or sqlite:///PATH/mlflow.db; MLflow no longer writes folders.",
        )
    path = database(uri)
    return f"{SQLITE}{path}" if path else uri.rstrip("/")


def database(uri: str) -> Path | None:
    """Return the absolute path of a SQLite address, None for other addresses.

    >>> database("sqlite:////data/runs/mlflow.db")
    PosixPath('/data/runs/mlflow.db')
    """
    return _absolute(Path(uri.removeprefix(SQLITE))) if uri.startswith(SQLITE) else None


def _absolute(path: Path) -> Path:
    """Return the path without links; of a loop of links, itself (Path.resolve would raise)."""
    return Path(os.path.realpath(path))


def artifact_root(path: Path) -> Path:
    """Return the folder of the artifacts that belong to a SQLite database."""
    return path.parent / "mlartifacts"


def shown(uri: str) -> str:
    """Return the address without user name and password, for messages, files and browsers.

    >>> shown("https://me:secret@lab.example/mlflow?token=abc")
    'https://lab.example/mlflow?token=***'
    """
    return without_secrets(uri).replace(f"{HIDDEN}@", "")
