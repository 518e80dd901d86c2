"""A client of an MLflow store: made ready, asked whether it answers, its errors translated."""

from __future__ import annotations

import logging
import os
import sqlite3
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy.exc import SQLAlchemyError

from tracking.errors import TrackingError, UnreachableError
from tracking.locks import locked
from tracking.mlflow.address import SQLITE, artifact_root, database, shown

# A server that is away costs seconds, not the four minutes of MLflow's own patience: what could
# not be published now is published later.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "60")
os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
logging.getLogger("mlflow").setLevel(logging.WARNING)
logging.getLogger("alembic").setLevel(logging.WARNING)

ANSWER_S = 5.0


def connect(uri: str) -> MlflowClient:
    """Return a client; a SQLite database that is not there yet is made, by exactly one process."""
    path = database(uri)
    if path is not None and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path.with_name(f".{path.name}.lock")):
            if not path.exists():
                _create_database(path)
    return MlflowClient(uri)


def check(uri: str) -> None:
    """Ask whether somebody answers at the address.

    Raises:
        UnreachableError: Nobody does.
    """
    path = database(uri)
    if path is not None:
        _check_database(path)
    if not uri.startswith("http"):
        return
    try:
        with urllib.request.urlopen(f"{shown(uri)}/health", timeout=ANSWER_S):  # noqa: S310 - http(s), as tested
            return
    except urllib.error.HTTPError:
        return  # it answers; not every server has this page
    except (OSError, ValueError) as error:
        raise UnreachableError(
            f"nobody answers at {shown(uri)}: {error}",
            hint="Start the server, or check MLFLOW_TRACKING_URI; then: ablate sync",
        ) from error


def _check_database(path: Path) -> None:
    """Raise TrackingError where the file is not a database; one that is not there yet is made later."""
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as database:
            database.execute("PRAGMA schema_version")
    except sqlite3.DatabaseError as error:
        raise TrackingError(
            f"{path}: {error}",
            hint="Move it away; ablate sync makes it anew from the run folders.",
        ) from error


def _create_database(path: Path) -> None:
    """Make the tables beside, then rename: killed in between, nobody finds half a schema."""
    beside = path.with_name(f".{uuid.uuid4().hex[:8]}-{path.name}")
    try:
        store = SqlAlchemyStore(  # type: ignore[no-untyped-call]
            f"{SQLITE}{beside}", str(artifact_root(path))
        )
        store.engine.dispose()
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def translated(what: str, uri: str) -> Iterator[None]:
    """Turn what MLflow and the disk raise into errors a caller can put right.

    Raises:
        UnreachableError: The server does not answer.
        TrackingError: It answered no, or a file could not be read or written.
    """
    try:
        yield
    except MlflowException as error:
        check(uri)
        raise TrackingError(
            f"{what}: {error.message}", hint=f"{shown(uri)} refused; try again: ablate sync"
        ) from error
    except (SQLAlchemyError, ImportError) as error:
        check(uri)
        raise TrackingError(
            f"{what}: {str(error).splitlines()[0]}", hint=f"Is {shown(uri)} the right address?"
        ) from error
    except OSError as error:
        raise TrackingError(
            f"{what}: {error}", hint="Nothing is lost; try again: ablate sync"
        ) from error
