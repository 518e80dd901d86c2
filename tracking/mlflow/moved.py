"""A SQLite store that was moved or copied: the places of its artifacts follow the database.

MLflow keeps the folder of every experiment and run as an absolute address. Written as they stand,
the files of a moved workspace would go to its old place, and those of a copy to the original.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tracking.address import ARTIFACTS, artifact_root
from tracking.errors import TrackingError
from tracking.locks import locked

BELOW = (("experiments", "artifact_location"), ("runs", "artifact_uri"))
"""Tables and columns that hold addresses below an experiment's folder."""


def follow(path: Path) -> None:
    """Let the artifact addresses of a database name the folder beside it; others stay as they are.

    Raises:
        TrackingError: They name another place, and the database cannot be changed.
    """
    if not any(True for _ in _elsewhere(path)):
        return
    try:
        with locked(lock_of(path)), closing(sqlite3.connect(path)) as store, store:
            for old, new in _elsewhere(path):
                for table, column in BELOW:
                    store.execute(
                        f"UPDATE {table} SET {column} = ? || substr({column}, ?)"  # noqa: S608 - our names
                        f" WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                        (new, len(old) + 1, old, len(old) + 1, f"{old}/"),
                    )
    except (sqlite3.OperationalError, OSError) as error:
        raise TrackingError(
            f"{path} was moved or copied, and its artifact addresses cannot be corrected: {error}",
            hint="Make the folder writable, or copy the workspace to a place where you can write.",
        ) from error


def lock_of(path: Path) -> Path:
    """Return the lock file of who makes or mends a database."""
    return path.with_name(f".{path.name}.lock")


def _elsewhere(path: Path) -> Iterator[tuple[str, str]]:
    """Yield old and new address of every experiment that ablate placed beside the database once."""
    root = artifact_root(path)
    with closing(sqlite3.connect(path)) as store:
        try:
            places = store.execute("SELECT artifact_location FROM experiments").fetchall()
        except sqlite3.DatabaseError:
            return  # not MLflow's tables, or damaged: who reads it says so
    for (place,) in places:
        before, found, name = (place or "").rpartition(f"/{ARTIFACTS}/")
        is_local = before.startswith(("file://", "/")) or not before
        if not found or not is_local or "/" in name:
            continue
        now = f"{root.as_uri() if before.startswith('file:') else root}/{name}"
        if now != place:
            yield place, now
