"""The publisher: brings an MLflow store to the state of a workspace, once or all the time.

    python -m tracking.publisher WORKSPACE --starter '{"host": ..., "pid": ..., "started": ...}'

is the process a sweep starts beside its training. It ends after a last pass when it is sent
SIGTERM, or when its starter is gone and no run goes on. The address comes from
MLFLOW_TRACKING_URI, because a command line can be read by everybody on the machine.
"""

from __future__ import annotations

import _thread
import argparse
import dataclasses
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from tracking import names
from tracking.address import VARIABLE, resolve_uri, shown
from tracking.errors import LaterVersionError, RefusedError, TrackingError, UnreachableError
from tracking.locks import locked
from tracking.owner import Owner, this_process
from tracking.places import links_below
from tracking.record import RunFolder
from tracking.redaction import redact_tracebacks, without_secrets
from tracking.workspace import find_runs, linked_runs

if TYPE_CHECKING:
    from tracking.mlflow.client import Outcome, Published

LOCK = ".publisher.lock"
EVERY_S = 2.0
LONGEST_PAUSE_S = 120.0
SAY_S = 10.0
STALLED_S = 40.0
"""Seconds in which nothing arrives at the server before it is given up; of a large run more."""
SLOWEST = 100_000
"""Bytes per second with which a server that answers may pass a run on, once it has it."""
MOST_REFUSED = 3
"""Runs that a server may refuse one after the other before it is left alone."""

Signature = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A folder when the watcher last published it."""

    signature: Signature
    goes_on: bool


@dataclass(frozen=True, slots=True)
class Synced:
    """What one pass over a workspace did, in runs."""

    published: int = 0
    up_to_date: int = 0
    busy: int = 0
    """Another publisher is at them."""
    deleted: tuple[str, ...] = ()
    """Somebody deleted them at the server; they stay so."""
    failed: tuple[tuple[str, str], ...] = ()
    """Run and reason."""
    links: tuple[str, ...] = ()
    """Symbolic links in run folders, or in the place of one; they are not published."""


def sync(
    workspace: Path,
    uri: str,
    *,
    again: bool = False,
    examine: Callable[[RunFolder], None] = lambda _: None,
    progress: Callable[[int, int], None] = lambda *_: None,
    waiting: Callable[[str], None] = lambda _: None,
) -> Synced:
    """Publish every run of a workspace that has not arrived yet.

    Args:
        workspace: Its run folders are found by their run.json.
        uri: The tracking address, absolute (`tracking.address.resolve_uri`).
        again: Make new runs for those that were deleted at the server.
        examine: Called with each run before it is published; raises TrackingError to refuse it.
        progress: Called with the runs done and all runs.
        waiting: Told in a line, every 10 s, that a run is still being published.

    Raises:
        DamagedError: The store is a SQLite file that is damaged.
        UnreachableError: The server does not answer, not in time, or refuses several runs in a row.
    """
    from tracking.mlflow.client import publish  # MLflow takes seconds to import
    from tracking.mlflow.connection import check

    check(uri)
    refused = 0
    folders = find_runs(workspace)
    outcomes: list[str] = []
    deleted, failed = [], []
    links = [str(path) for path in linked_runs(workspace)]
    for done, folder in enumerate(folders, start=1):
        try:
            examine(folder)
            send = partial(publish, folder, uri, again=again)
            at = f"run {done} of {len(folders)}"
            outcomes.append(_in_time(send, uri, at, folder.path, waiting))
            refused = 0
        except UnreachableError:
            raise
        except RefusedError as error:
            failed.append((str(folder.path), error.message))
            refused += 1
            if refused == MOST_REFUSED:
                raise UnreachableError(
                    f"{shown(uri)} refused {refused} runs one after the other, the last: {error.message}",
                    hint="See the server's log; nothing is lost, later: ablate sync",
                ) from error
        except LaterVersionError:
            continue  # `refuse_later` names it
        except TrackingError as error:
            failed.append((str(folder.path), error.message))
        else:
            deleted += [str(folder.path)] if outcomes[-1] == "deleted" else []
            links += [str(folder.path / link) for link in links_below(folder.path)]
        progress(done, len(folders))
    published, same, busy = (outcomes.count(what) for what in ("published", "up to date", "busy"))
    return Synced(published, same, busy, tuple(deleted), tuple(failed), tuple(links))


def _in_time(
    send: Callable[[], Published],
    uri: str,
    at: str,
    folder: Path,
    waiting: Callable[[str], None],
) -> Outcome:
    """Return what became of a run; say every 10 s that it takes long, and stop when nothing moves.

    Raises:
        UnreachableError: For too long nothing of the run arrived.
    """
    answers: queue.SimpleQueue[Published | BaseException] = queue.SimpleQueue()

    def work() -> None:
        try:
            answers.put(send())
        except BaseException as error:  # noqa: BLE001 - raised below, where it is waited for
            answers.put(error)

    # A daemon: one that hangs in a server must not keep the command from ending.
    threading.Thread(target=work, daemon=True).start()
    started = moved = time.monotonic()
    limit_s = STALLED_S + sum(size for _, size, _ in _signature(folder)) / SLOWEST
    sent = _sent(folder)
    while (stalled := time.monotonic() - moved) < limit_s:
        try:
            answer = answers.get(timeout=min(SAY_S, limit_s - stalled))
        except queue.Empty:
            waited = time.monotonic() - started
            waiting(f"waiting for the tracking server at {shown(uri)}: {at}, {waited:.0f} s")
            before, sent = sent, _sent(folder)
            moved = moved if sent == before else time.monotonic()
            continue
        if isinstance(answer, BaseException):
            raise answer
        return answer.outcome
    raise UnreachableError(
        f"the tracking server at {shown(uri)} is too slow: nothing of {at} arrived in {limit_s:.0f} s",
        hint="Nothing is lost; later, where it stopped: ablate sync",
    )


def _sent(folder: Path) -> tuple[object, ...]:
    """Return what changes while a run is sent: the note of what has arrived, and how far files are read.

    A file of weights over a slow line takes long, but its reading goes on.
    """
    note = folder / names.PUBLISHED_FILE
    noted = note.stat().st_mtime_ns if note.exists() else 0
    places = [
        (file.path, getattr(file, "position", 0))
        for file in psutil.Process().open_files()
        if Path(file.path).is_relative_to(folder.absolute())
    ]
    return noted, *sorted(places)


def watch(workspace: Path, uri: str, *, is_over: Callable[[], bool], stop: threading.Event) -> bool:
    """Publish a workspace again and again until `is_over` or `stop`, then once more.

    Returns whether everything has arrived.

    One watcher per workspace: a second one waits for its turn.
    """
    workspace.mkdir(parents=True, exist_ok=True)
    seen: dict[Path, _Seen] = {}
    while not (is_over() or stop.is_set()):
        with locked(workspace / LOCK, wait_s=0.0) as mine:
            pause = EVERY_S
            while mine and not (is_over() or stop.is_set()):
                pause = EVERY_S if _pass(workspace, uri, seen) else min(2 * pause, LONGEST_PAUSE_S)
                stop.wait(pause)
        stop.wait(EVERY_S)
    return _pass(workspace, uri, seen)


def start(workspace: Path, uri: str, log: Path) -> subprocess.Popen[bytes]:
    """Start the publisher of a workspace as a process of its own, out of reach of Ctrl-C."""
    starter = json.dumps(dataclasses.asdict(this_process()))
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as stream:
        return subprocess.Popen(
            [sys.executable, "-m", "tracking.publisher", str(workspace), "--starter", starter],
            env=os.environ | {VARIABLE: uri},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )


def stop(process: subprocess.Popen[bytes], timeout_s: float) -> bool:
    """Ask a publisher for its last pass and wait; tell whether everything has arrived.

    One that does not end in time (a slow server) goes on by itself and ends when it is done.
    """
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(timeout_s) == 0
    except subprocess.TimeoutExpired:
        return False


def _pass(workspace: Path, uri: str, seen: dict[Path, _Seen]) -> bool:
    """Publish the folders that changed since they were `seen`; tell whether all went well."""
    fine, refused = True, 0
    for folder in find_runs(workspace):
        try:
            fine &= _publish_news(folder, uri, seen)
            refused = 0
        except UnreachableError as error:
            _say(f"{error.message}; trying again later")
            return False
        except TrackingError as error:
            _say(f"{folder.path}: {error.message}")
            fine = False
            refused += isinstance(error, RefusedError)
            if refused == MOST_REFUSED:
                _say(f"{shown(uri)} refused {refused} runs; trying again later")
                return False
    return fine


def _publish_news(folder: RunFolder, uri: str, seen: dict[Path, _Seen]) -> bool:
    """Publish a folder if it changed; tell False when another publisher is at it."""
    from tracking.mlflow.client import publish

    last = seen.get(folder.path)
    if last is None or last.goes_on:
        folder.close_if_abandoned()
    signature = _signature(folder.path)
    if last is not None and last.signature == signature:
        return True
    if publish(folder, uri, wait_s=0.0).outcome == "busy":
        return False
    seen[folder.path] = _Seen(signature, _goes_on(folder))
    return True


def _signature(folder: Path) -> Signature:
    """Return what changes when a file of the run changes, hidden files and our own notes left out."""
    found = []
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if not name.startswith((".", "publish")):
                status = os.lstat(os.path.join(root, name))  # noqa: PTH118 - thousands of them
                found.append((name, status.st_size, status.st_mtime_ns))
    return tuple(sorted(found))


def _goes_on(folder: RunFolder) -> bool:
    record = folder.record
    return record.status == "RUNNING" and record.owner is not None and not record.owner.gone


def _any_goes_on(workspace: Path) -> bool:
    for folder in find_runs(workspace):
        try:
            if _goes_on(folder):
                return True
        except TrackingError:
            continue  # a damaged run.json is reported by the pass over the folders
    return False


def _say(text: str) -> None:
    sys.stderr.write(without_secrets(text) + "\n")
    sys.stderr.flush()


def main() -> None:
    """Run as the process that `start` starts."""
    redact_tracebacks()
    parser = argparse.ArgumentParser(prog="tracking.publisher", description=__doc__)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--starter", type=json.loads, required=True)
    arguments = parser.parse_args()
    workspace, starter = arguments.workspace, Owner(**arguments.starter)
    ending = threading.Event()
    # Elsewhere: set() takes the lock that the interrupted wait() of this thread may hold.
    signal.signal(signal.SIGTERM, lambda *_: _thread.start_new_thread(ending.set, ()))
    os.nice(10)  # training comes first
    complete = watch(
        workspace,
        resolve_uri(workspace),
        is_over=lambda: starter.gone and not _any_goes_on(workspace),
        stop=ending,
    )
    sys.exit(0 if complete else 1)


if __name__ == "__main__":
    main()
