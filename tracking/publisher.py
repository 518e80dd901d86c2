"""The publisher: brings an MLflow store to the state of a workspace, once or all the time.

    python -m tracking.publisher WORKSPACE --starter '{"host": ..., "pid": ..., "started": ...}'

is the process a sweep starts beside its training. It ends after a last pass when it is sent
SIGTERM, or when its starter is gone and no run goes on. The address comes from
MLFLOW_TRACKING_URI, because a command line can be read by everybody on the machine.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tracking.address import VARIABLE, resolve_uri
from tracking.errors import TrackingError, UnreachableError
from tracking.locks import locked
from tracking.owner import Owner, this_process
from tracking.record import RunFolder
from tracking.workspace import find_runs

LOCK = ".publisher.lock"
EVERY_S = 2.0
LONGEST_PAUSE_S = 120.0

Signature = tuple[tuple[str, int, int], ...]


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


def sync(
    workspace: Path,
    uri: str,
    *,
    again: bool = False,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Synced:
    """Publish every run of a workspace that has not arrived yet.

    Args:
        workspace: Its run folders are found by their run.json.
        uri: The tracking address, absolute (`tracking.address.resolve_uri`).
        again: Make new runs for those that were deleted at the server.
        progress: Called with the runs done and all runs.

    Raises:
        UnreachableError: The server does not answer.
    """
    return _publish_all(find_runs(workspace), uri, again=again, progress=progress)


def watch(workspace: Path, uri: str, *, is_over: Callable[[], bool], stop: threading.Event) -> None:
    """Publish a workspace again and again until `is_over` or `stop`, then once more.

    One watcher per workspace: a second one waits for its turn.
    """
    with _turn(workspace, is_over, stop) as mine:
        if not mine:
            return
        seen: dict[Path, Signature] = {}
        pause = EVERY_S
        while not (is_over() or stop.is_set()):
            pause = EVERY_S if _pass(workspace, uri, seen) else min(2 * pause, LONGEST_PAUSE_S)
            stop.wait(pause)
        _pass(workspace, uri, seen)


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
    """Ask a publisher for its last pass and wait; tell whether it ended in time.

    One that does not (a slow server) goes on by itself and ends when it is done.
    """
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def _publish_all(
    folders: Iterable[RunFolder],
    uri: str,
    *,
    again: bool = False,
    wait_s: float = 60.0,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Synced:
    from tracking.client import publish  # MLflow takes seconds to import, and there may be no run

    folders = tuple(folders)
    counts = {"published": 0, "up to date": 0, "busy": 0, "deleted": 0}
    deleted, failed = [], []
    for done, folder in enumerate(folders, start=1):
        try:
            outcome = publish(folder, uri, again=again, wait_s=wait_s).outcome
        except UnreachableError:
            raise
        except TrackingError as error:
            failed.append((str(folder.path), error.message))
        else:
            counts[outcome] += 1
            if outcome == "deleted":
                deleted.append(str(folder.path))
        progress(done, len(folders))
    return Synced(
        counts["published"], counts["up to date"], counts["busy"], tuple(deleted), tuple(failed)
    )


def _pass(workspace: Path, uri: str, seen: dict[Path, Signature]) -> bool:
    """Publish the folders that changed since they were `seen`; tell whether all went well."""
    fine = True
    for folder in find_runs(workspace):
        folder.close_if_abandoned()
        signature = _signature(folder.path)
        if seen.get(folder.path) == signature:
            continue
        try:
            synced = _publish_all((folder,), uri, wait_s=0.0)
        except UnreachableError as error:
            _say(f"{error.message}; trying again later")
            return False
        for path, why in synced.failed:
            _say(f"{path}: {why}")
        if synced.failed or synced.busy:
            fine = False
        else:
            seen[folder.path] = signature
    return fine


def _signature(folder: Path) -> Signature:
    """Return what changes when a file of the run changes, hidden files and our own notes left out."""
    found = []
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if not name.startswith((".", "publish")):
                status = os.stat(os.path.join(root, name))  # noqa: PTH116, PTH118 - thousands of them
                found.append((name, status.st_size, status.st_mtime_ns))
    return tuple(sorted(found))


def _turn(
    workspace: Path, is_over: Callable[[], bool], stop: threading.Event
) -> AbstractContextManager[bool]:
    """Wait for the workspace's lock, as long as there is something to wait for."""
    while True:
        with locked(workspace / LOCK, wait_s=0.0) as mine:
            free = mine
        if free or is_over() or stop.wait(EVERY_S):
            return locked(workspace / LOCK, wait_s=0.0)


def _goes_on(workspace: Path) -> bool:
    for folder in find_runs(workspace):
        record = folder.record
        if record.status == "RUNNING" and record.owner is not None and not record.owner.gone:
            return True
    return False


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def main() -> None:
    """Run as the process that `start` starts."""
    parser = argparse.ArgumentParser(prog="tracking.publisher", description=__doc__)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--starter", type=json.loads, required=True)
    arguments = parser.parse_args()
    workspace, starter = arguments.workspace, Owner(**arguments.starter)
    ending = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    os.nice(10)  # training comes first
    watch(
        workspace,
        resolve_uri(workspace),
        is_over=lambda: starter.gone and not _goes_on(workspace),
        stop=ending,
    )


if __name__ == "__main__":
    main()
