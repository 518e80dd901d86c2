"""A client of an MLflow store: made ready, asked whether it answers, its errors translated."""

from __future__ import annotations

import glob
import logging
import os
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from google.protobuf.json_format import ParseError  # type: ignore[import-untyped]
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from mlflow.tracking._tracking_service import utils
from sqlalchemy.exc import SQLAlchemyError

from tracking import names
from tracking.address import SQLITE, artifact_root, database, shown, sqlite_uri
from tracking.atomic import replacing
from tracking.errors import DamagedError, RefusedError, TrackingError
from tracking.locks import locked, rights_of
from tracking.mlflow.answer import ask
from tracking.mlflow.moved import follow, lock_of
from tracking.redaction import redact_logs, without_secrets

# A server that is away costs seconds, not the four minutes of MLflow's own patience: what could
# not be published now is published later.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
logging.getLogger("mlflow").setLevel(logging.WARNING)
logging.getLogger("alembic").setLevel(logging.WARNING)

redact_logs()

NO_ANSWER = (ValueError, LookupError, AttributeError, TypeError, ParseError)
"""What MLflow's client raises on an answer that is none."""
TABLES = frozenset({"experiments", "runs", "metrics", "params", "tags"})
"""What a database of MLflow holds at least."""


def connect(uri: str) -> MlflowClient:
    """Return a client; a SQLite database that is not there yet is made, by exactly one process.

    The artifact addresses of one that was moved or copied are corrected.

    Raises:
        TrackingError: The database cannot be used where it is.
    """
    _forget_places()
    path = database(uri)
    if path is None:
        return MlflowClient(uri)
    if not _is_there(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(lock_of(path)):
            if not path.exists():
                _create_database(path)
    follow(path)
    return MlflowClient(for_mlflow(uri))


def _forget_places() -> None:
    """Empty MLflow's cache of artifact places by run id: a copy of a store has the same run ids."""
    getattr(utils, "_artifact_repos_cache", {}).clear()


def for_mlflow(uri: str) -> str:
    """Return the address as MLflow opens it.

    Under `sqlite:///` it would make the folder of the encoded path, beside the one that is meant.

    >>> for_mlflow("sqlite:////data/50%25/mlflow.db")
    'sqlite+pysqlite:////data/50%25/mlflow.db'
    """
    path = database(uri)
    if path is None or uri == f"{SQLITE}{path}":
        return uri
    return uri.replace("sqlite:", "sqlite+pysqlite:", 1)


def _is_there(path: Path) -> bool:
    """Tell whether a file is there.

    Raises:
        TrackingError: Its path is too long, or a loop of links.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise TrackingError(
            f"tracking database {names.shortened(str(path))}: {error.strerror}",
            hint="Name another folder with --workspace, or another address with --tracking-uri.",
        ) from error
    return True


def check(uri: str) -> None:
    """Ask whether the store at the address works.

    Raises:
        DamagedError: It is a SQLite file that is damaged.
        UnreachableError: It is a server that does not answer, or not as it should.
    """
    path = database(uri)
    if path is not None:
        _check_database(path)
    if uri.startswith("http"):
        ask(uri)


def _check_database(path: Path) -> None:
    """Raise DamagedError where the file is no sound MLflow database; one not there yet is made later."""
    if not _is_there(path):
        return
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as database:
            (found,) = database.execute("PRAGMA integrity_check(1)").fetchone()
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            return  # somebody writes: it is in use
        found = str(error)
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found == "ok" and not tables >= TABLES:
        found = "it holds no MLflow runs"
    if found != "ok":
        here = shlex.quote(str(path))
        raise DamagedError(
            path,
            found.splitlines()[-1],
            hint=f"The run folders hold everything: mv {here} {here}.damaged; then ablate sync makes "
            "it anew.",
        )


def _create_database(path: Path) -> None:
    """Make the tables beside, then rename: killed in between, no process finds half a schema.

    The caller holds the lock, so that what lies beside is left from one that was killed.
    """
    for left in path.parent.glob(f".????????-{glob.escape(path.name)}*"):
        left.unlink(missing_ok=True)
    with replacing(path) as beside:
        rights_of(beside)
        store = SqlAlchemyStore(  # type: ignore[no-untyped-call]
            for_mlflow(sqlite_uri(beside)), artifact_root(path).as_uri()
        )
        store.engine.dispose()


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
        raise RefusedError(
            f"{what}: {without_secrets(error.message)}",
            hint=f"{shown(uri)} refused; try again: ablate sync",
        ) from error
    except (SQLAlchemyError, ImportError) as error:
        check(uri)
        raise TrackingError(
            f"{what}: {without_secrets(str(error).splitlines()[0])}",
            hint=f"Is {shown(uri)} the right address?",
        ) from error
    except NO_ANSWER as error:
        check(uri)
        if not uri.startswith("http"):
            raise
        raise RefusedError(
            f"{what}: the tracking server at {shown(uri)} sent what is no answer of MLflow",
            hint="Nothing is lost; try again: ablate sync",
        ) from error
    except OSError as error:
        if uri.startswith("http"):
            check(uri)
        raise TrackingError(
            f"{what}: {without_secrets(str(error))}", hint="Nothing is lost; try again: ablate sync"
        ) from error
