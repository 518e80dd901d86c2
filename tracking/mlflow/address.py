"""The tracking address: which MLflow store a workspace publishes to."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from tracking.errors import TrackingError

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
    uri = given or os.environ.get(VARIABLE) or f"{SQLITE}{workspace.resolve() / 'mlflow.db'}"
    if uri.partition("://")[0] not in SCHEMES:
        raise TrackingError(
            f"{re.sub('[^/@]+@', '***@', uri)} is not a tracking address",
            hint="Give http://HOST:PORT or sqlite:///PATH/mlflow.db; MLflow no longer writes folders.",
        )
    path = database(uri)
    return f"{SQLITE}{path}" if path else uri.rstrip("/")


def database(uri: str) -> Path | None:
    """Return the absolute path of a SQLite address, None for other addresses.

    >>> database("sqlite:////data/runs/mlflow.db")
    PosixPath('/data/runs/mlflow.db')
    """
    return Path(uri.removeprefix(SQLITE)).resolve() if uri.startswith(SQLITE) else None


def artifact_root(path: Path) -> Path:
    """Return the folder of the artifacts that belong to a SQLite database."""
    return path.parent / "mlartifacts"


def shown(uri: str) -> str:
    """Return the address without user name and password, for messages and files.

    >>> shown("https://me:secret@lab.example/mlflow")
    'https://lab.example/mlflow'
    """
    parts = urlsplit(uri)
    return (
        urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if parts.netloc else uri
    )
