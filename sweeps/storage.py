"""The database of the studies: opening it, locking it, and outliving its bad moments."""

from __future__ import annotations

import atexit
import contextlib
import errno
import functools
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import optuna
import sqlalchemy
from filelock import FileLock, Timeout
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, RDBStorage

from sweeps.errors import SweepError

optuna.logging.set_verbosity(optuna.logging.WARNING)

T = TypeVar("T")

NETWORK_FILE_SYSTEMS = frozenset(
    [
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "afs",
        "ceph",
        "lustre",
        "gpfs",
        "beegfs",
        "glusterfs",
        "fuse.glusterfs",
        "fuse.sshfs",
        "9p",
    ]
)
DISK_FULL = "database or disk is full"  # SQLite's own words
DAMAGED = ("malformed", "not a database", "no such table", "no such column", "file is encrypted")
"""SQLite's own words for what no waiting heals."""
# Up to the last @, because few people encode every @ and / of a password; host:PORT/x@y is none.
_PASSWORD = re.compile(r"((?:://|(?<![\w/:]))[\w.%+-]*:)(?!/|\d+(?:[/?]|$))[^\s'\"]*(?=@)")
_QUERY = re.compile(r"([?&]\w*(?:password|passwd|secret|token)\w*=)[^&\s'\"]*", re.IGNORECASE)
NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)
ADVISORY_KEY = 0x61626C617465  # "ablate": PostgreSQL's advisory locks are numbers


def database_file(url: str) -> Path | None:
    """Return the file of an SQLite storage, None for a database server.

    Raises:
        SweepError: Not a database URL, SQLite in memory, or an engine other than the two.
    """
    try:
        parsed = sqlalchemy.make_url(url)
    except sqlalchemy.exc.ArgumentError as fault:
        raise SweepError(
            f"storage {shown(url)!r} is not a database URL",
            hint="Write sqlite:///PATH or postgresql://HOST/DATABASE.",
        ) from fault
    engine = parsed.get_backend_name()
    if engine == "postgresql":
        return None
    if engine != "sqlite" or parsed.database in (None, "", ":memory:"):
        raise SweepError(
            f"storage {shown(url)} cannot be shared between processes",
            hint="Write sqlite:///PATH or postgresql://HOST/DATABASE.",
        )
    return Path(parsed.database or "").absolute()


def shown(text: str) -> str:
    """Return a URL, or a message that holds one, without passwords.

    >>> shown("postgresql://me:secret@host/studies?sslpassword=abc")
    'postgresql://me:***@host/studies?sslpassword=***'
    """
    return _QUERY.sub(r"\g<1>***", _PASSWORD.sub(r"\g<1>***", text))


def initialise_storage(url: str) -> None:
    """Create the storage and its tables where they are missing; safe to race, repeat, interrupt.

    Raises:
        SweepError: SQLite on a network file system (its locks do not work there), no access.
    """
    path = database_file(url)
    if path is not None:
        is_absent(url)  # raises where the path cannot be used
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = file_system(path.parent)
        if kind in NETWORK_FILE_SYSTEMS:
            raise SweepError(
                f"{path} lies on a network file system ({kind}); SQLite would lose trials there",
                hint="Put the workspace on a local disk.",
            )
    check_database(url)
    # Two processes that meet in an empty database break each other's schema: one at a time.
    try:
        with exclusive(url):
            if path is not None:
                rights_of(path)  # SQLite itself gives a group none to write
            _open(url, create=True).engine.dispose()
    except StorageInternalError as away:
        raise SweepError(shown(str(away)), hint="Is the database server running?") from away


def is_absent(url: str) -> bool:
    """Tell whether the storage is a file that is not there yet; False for a database server.

    Raises:
        SweepError: The file's path is too long, or a loop of links.
    """
    path = database_file(url)
    if path is None:
        return False
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError as unusable:
        raise SweepError(
            f"study database {_cut(path)}: {unusable.strerror}",
            hint="Name another folder with --workspace.",
        ) from unusable
    return False


def _cut(path: Path) -> str:
    text = str(path)
    return text if len(text) <= 300 else f"{text[:100]}... ({len(text)} characters)"


def damaged(url: str, reason: object) -> SweepError:
    """Return the error for a database that no waiting heals."""
    first = next(iter(str(reason).splitlines()), "unreadable")
    return SweepError(
        f"the study database {shown(str(database_file(url) or url))} is damaged: {shown(first)}",
        hint="ablate studies repair rebuilds the studies from the run folders; or bring the file back "
        "from a backup.",
    )


@contextlib.contextmanager
def reading(url: str) -> Iterator[None]:
    """Name the database where what it holds cannot be read.

    Raises:
        SweepError: It is damaged.
    """
    try:
        yield
    except StorageInternalError as away:
        if is_damage(away):
            raise damaged(url, away.__cause__ or away) from away
        raise
    except (sqlalchemy.exc.DatabaseError, ValueError, LookupError, TypeError) as fault:
        raise damaged(url, f"{type(fault).__name__}: {fault}") from fault


def is_damage(away: StorageInternalError) -> bool:
    """Tell whether waiting cannot help: the file is no longer a database of studies."""
    return any(word in str(away.__cause__ or away) for word in DAMAGED)


def check_database(url: str) -> None:
    """Refuse an SQLite file that is damaged; one that is not there yet is none.

    Raises:
        SweepError: SQLite finds a fault in it.
    """
    path = database_file(url)
    if path is None or is_absent(url):
        return
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=60)) as base:
            (found,) = base.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.OperationalError:
        return  # locked or not readable: said by those who use it
    except sqlite3.DatabaseError as fault:
        raise damaged(url, fault) from fault
    if found != "ok":
        raise damaged(url, found)


@functools.cache
def connect(url: str) -> BaseStorage:
    """Open an initialised storage, once in a process; finished trials are read only once.

    Raises:
        SweepError: There is no such database, or it cannot be read.
    """
    if is_absent(url):
        raise SweepError(
            f"no studies yet: {database_file(url)} does not exist", hint="ablate sweep makes it."
        )
    check_database(url)
    storage = _open(url, create=False)
    atexit.register(storage.engine.dispose)
    return optuna.storages.get_storage(storage)


def _open(url: str, *, create: bool) -> RDBStorage:
    sqlite = database_file(url) is not None
    options = {"connect_args": {"timeout": 60}} if sqlite else {"pool_pre_ping": True}
    try:
        return RDBStorage(url, engine_kwargs=options, skip_table_creation=not create)
    except (sqlalchemy.exc.SQLAlchemyError, ImportError, RuntimeError, StorageInternalError) as no:
        raise SweepError(
            f"cannot open the storage {shown(url)}: "
            + shown(str(no.__cause__ or no).splitlines()[0]),
            hint="Is it a database of studies? Is its server running, no worker stopped in it?",
        ) from no


@contextlib.contextmanager
def exclusive(url: str, *, patience_s: float = 60.0) -> Iterator[None]:
    """Hold the storage's lock: claims and endings of trials happen one after the other.

    The lock falls with the process that holds it, however it ends.
    """
    path = database_file(url)
    if path is None:
        with _server_lock(url):
            yield
        return
    beside = path.with_name(path.name + ".lock")
    lock = FileLock(beside, timeout=patience_s, poll_interval=0.02, mode=rights_of(beside))
    try:
        lock.acquire()
    except Timeout:
        raise SweepError(
            f"another process holds {lock.lock_file} for more than {patience_s:g} s",
            hint="A stopped worker (state T in ps)? Continue or end it.",
        ) from None
    except (NotImplementedError, OSError) as error:
        if getattr(error, "errno", errno.ENOSYS) not in NO_LOCKS:
            raise
        raise SweepError(
            f"{path.parent}: this file system does not support locks",
            hint="Put the workspace on a local disk; two processes would overwrite each other here.",
        ) from error
    try:
        yield
    finally:
        lock.release()


def rights_of(shared: Path) -> int:
    """Return the rights of a shared file, made when absent: those of the umask, also to a group."""
    os.close(os.open(shared, os.O_RDWR | os.O_CREAT, 0o666))
    return shared.stat().st_mode & 0o777


@contextlib.contextmanager
def _server_lock(url: str) -> Iterator[None]:
    try:
        engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    except ImportError as missing:
        raise SweepError(
            f"{shown(url)} needs a driver: {shown(str(missing))}",
            hint='pip install "psycopg[binary]"',
        ) from missing
    try:
        with engine.connect() as connection:
            connection.execute(sqlalchemy.text("SET lock_timeout = '60s'"))
            connection.execute(sqlalchemy.select(sqlalchemy.func.pg_advisory_lock(ADVISORY_KEY)))
            yield  # closing the connection gives the lock back
    except sqlalchemy.exc.OperationalError as away:
        raise StorageInternalError(f"no answer from {shown(url)}") from away


def patiently(call: Callable[[], T], *, patience_s: float = 300.0) -> T:
    """Return call(); while the database is away or busy, try again, waiting longer each time."""
    deadline, wait = time.monotonic() + patience_s, 0.2
    while True:
        try:
            return call()
        except StorageInternalError as away:
            if DISK_FULL in str(away.__cause__):
                raise OSError(
                    errno.ENOSPC, os.strerror(errno.ENOSPC), "the study database"
                ) from away
            if is_damage(away) or time.monotonic() + wait > deadline:
                raise
            time.sleep(wait)
            wait = min(2 * wait, 10.0)


def file_system(folder: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """Return the type of the file system a folder lies on; "" where the system does not tell."""
    if not mounts.is_file():
        return ""
    best, kind = -1, ""
    for line in mounts.read_text().splitlines():
        point, found = line.split()[1:3]
        point = point.replace("\\040", " ")
        # Of two mounts on one point the later one is seen.
        if folder.resolve().is_relative_to(point) and len(point) >= best:
            best, kind = len(point), found
    return kind
