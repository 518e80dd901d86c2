"""The MLflow page of a workspace: one small server on this machine, stopped with everything it started."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tracking.address import artifact_root, database, shown
from tracking.errors import TrackingError
from tracking.mlflow.connection import connect, for_mlflow

HOST = "127.0.0.1"
FIRST_PORT = 5500
PORTS = 100
START_S = 120.0
STOP_S = 10.0
POLL_S = 0.2
TRAINING = "workflowType=machine_learning"  # the view of trainings, not that of language models


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers."""

    page: str
    process: subprocess.Popen[bytes]


@contextmanager
def serving(uri: str, log: Path, port: int | None = None) -> Iterator[Server]:
    """Serve the store of a SQLite address on this machine, until the block ends.

    Args:
        uri: The tracking address, sqlite:///PATH; made when it is not there.
        log: What the server says goes here.
        port: None takes the next free one from 5500.

    Raises:
        TrackingError: The port is taken, or the server does not start.
    """
    path = database(uri)
    if path is None:
        raise TrackingError(
            f"{shown(uri)} is not a database of this machine", hint="Open its own page."
        )
    connect(uri)
    log.parent.mkdir(parents=True, exist_ok=True)
    page = f"http://{HOST}:{free_port(port)}"
    with log.open("ab") as stream:
        process = subprocess.Popen(
            _command(uri, artifact_root(path), page.rpartition(":")[2]),
            env=os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            stdin=subprocess.PIPE,  # closed by the end of this process, however it ends
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        _wait_until_healthy(process, page, log)
        yield Server(page, process)
    finally:
        _stop_group(process)


def run_ui(uri: str, log: Path, port: int | None, opened: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or SIGTERM; `opened` is told the page's address when it answers.

    Raises:
        TrackingError: The server does not start, or ends by itself.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # both must stop what was started
    try:
        with serving(uri, log, port) as server:
            opened(server.page + newest_runs(uri))
            server.process.wait()
    except KeyboardInterrupt:
        return
    raise TrackingError("the MLflow server ended by itself", hint=f"See {log}")


def newest_runs(uri: str) -> str:
    """Return where MLflow's page lists the runs of the newest experiment; without runs, all of them.

    The newest is the one whose run began last.
    """
    client = connect(uri)
    experiments = [one.experiment_id for one in client.search_experiments()]
    latest = client.search_runs(experiments, max_results=1, order_by=["attributes.start_time DESC"])
    if not latest:
        return f"/#/experiments?{TRAINING}"
    return f"/#/experiments/{latest[0].info.experiment_id}/runs?{TRAINING}"


def free_port(port: int | None = None) -> int:
    """Return the port, or the next free one from 5500.

    Raises:
        TrackingError: It is taken, or none is free.
    """
    candidates = range(FIRST_PORT, FIRST_PORT + PORTS) if port is None else (port,)
    for candidate in candidates:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, candidate))
            except OSError:
                continue
            return candidate
    taken = f"ports {FIRST_PORT} to {candidates[-1]} are taken"
    if port is not None:
        taken = f"port {port} is taken"
    raise TrackingError(taken, hint="Name another one: --port N")


def _command(uri: str, artifacts: Path, port: str) -> list[str]:
    guarded = [sys.executable, "-m", "tracking.guard"]
    server = [*guarded, sys.executable, "-m", "mlflow", "server", "--host", HOST, "--port", port]
    hosts = ",".join((f"{HOST}:{port}", f"localhost:{port}"))
    store = [
        *("--backend-store-uri", for_mlflow(uri)),
        *("--artifacts-destination", artifacts.as_uri()),
    ]
    return [*server, "--workers", "1", "--allowed-hosts", hosts, *store]


def _wait_until_healthy(process: subprocess.Popen[bytes], page: str, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{page}/health", timeout=START_S):  # noqa: S310 - our own
                return
        except (urllib.error.URLError, OSError):
            time.sleep(POLL_S)  # it does not say when it is ready
    raise TrackingError("the MLflow server did not start", hint=f"See {log}")


def _stop_group(process: subprocess.Popen[bytes]) -> None:
    """Stop the server and its workers, which would outlive it."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
            process.wait(STOP_S)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
    if process.stdin is not None:
        process.stdin.close()
