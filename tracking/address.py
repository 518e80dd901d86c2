"""The tracking address: which MLflow store a workspace publishes to."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote, unquote

from tracking.errors import TrackingError
from tracking.redaction import HIDDEN, remember_secrets, without_secrets

SQLITE = "sqlite:///"
SCHEMES = ("http", "https", "sqlite", "postgresql", "databricks")
VARIABLE = "MLFLOW_TRACKING_URI"
DATABASE = "mlflow.db"
ARTIFACTS = "mlartifacts"
"""Folder beside a database that holds the files of its runs."""
_AS_THEY_ARE = "".join(chr(n) for n in range(32, 127) if chr(n) not in "%?#{}")


def resolve_uri(workspace: Path, given: str | None = None) -> str:
    """Return the address to publish to, absolute: the given one, MLFLOW_TRACKING_URI, or the default.

    The default is the database mlflow.db in the workspace.

    Raises:
        TrackingError: The address is a folder, which MLflow no longer writes to.

    >>> resolve_uri(Path("/data/runs"), "http://localhost:5500/")
    'http://localhost:5500'
    """
    uri = given or os.environ.get(VARIABLE) or sqlite_uri(_absolute(workspace) / DATABASE)
    remember_secrets(uri)
    if uri.partition("://")[0] not in SCHEMES:
        raise TrackingError(
            f"{without_secrets(uri)} is not a tracking address",
            hint="Give http://HOST:PORT or sqlite:///PATH/mlflow.db; MLflow no longer writes folders.",
        )
    path = database(uri)
    return sqlite_uri(path) if path else uri.rstrip("/")


def sqlite_uri(path: Path) -> str:
    """Return the address of a database file; what has a meaning in addresses is encoded.

    >>> sqlite_uri(Path("/data/50% of runs/mlflow.db"))
    'sqlite:////data/50%25 of runs/mlflow.db'
    """
    return SQLITE + quote(str(path), safe=_AS_THEY_ARE)


def database(uri: str) -> Path | None:
    """Return the absolute path of a SQLite address, None for other addresses.

    Raises:
        TrackingError: The address names no file.

    >>> database("sqlite:////data/50%25 of runs/mlflow.db")
    PosixPath('/data/50% of runs/mlflow.db')
    """
    if not uri.startswith("sqlite:"):
        return None
    name = unquote(uri.removeprefix(SQLITE).partition("?")[0])
    if not uri.startswith(SQLITE) or name in ("", ":memory:"):
        raise TrackingError(
            f"{without_secrets(uri)} names no database file",
            hint="Write sqlite:///PATH/mlflow.db.",
        )
    return _absolute(Path(name))


def is_within(uri: str, workspace: Path) -> bool:
    """Tell whether the address is a database of this workspace, which goes where the workspace goes."""
    path = database(uri)
    return path is not None and path.is_relative_to(_absolute(workspace))


def kept_name(uri: str, workspace: Path) -> str:
    """Return the name under which a workspace notes what it has published to an address.

    A database of the workspace is named without the place of the workspace, which may be moved.

    >>> kept_name("sqlite:////data/runs/mlflow.db", Path("/data/runs"))
    'sqlite:///mlflow.db'
    """
    path = database(uri)
    if path is None or not is_within(uri, workspace):
        return shown(uri)
    return sqlite_uri(path.relative_to(_absolute(workspace)))


def _absolute(path: Path) -> Path:
    """Return the path without links; of a loop of links, itself (Path.resolve would raise)."""
    return Path(os.path.realpath(path))


def artifact_root(path: Path) -> Path:
    """Return the folder of the artifacts that belong to a SQLite database."""
    return path.parent / ARTIFACTS


def shown(uri: str) -> str:
    """Return the address without user name and password, for messages, files and browsers.

    >>> shown("https://me:secret@lab.example/mlflow?token=abc")
    'https://lab.example/mlflow?token=***'
    """
    return without_secrets(uri).replace(f"{HIDDEN}@", "")
