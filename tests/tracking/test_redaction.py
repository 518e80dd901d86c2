"""No password in a message, a file or a command line."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tracking import names
from tracking.address import resolve_uri, shown
from tracking.errors import TrackingError
from tracking.manifest import Progress, write_progress
from tracking.mlflow.connection import check, translated
from tracking.provenance import command_line, without_paths
from tracking.publisher import sync
from tracking.record import RunFolder
from tracking.redaction import without_secrets

ADDRESSES = (
    "https://me:S3cret@lab:1/x",
    "https://me:S3cret%40%2F@lab:1/x",
    "https://me:S3@S3cret@lab:1/x",
    "https://me:S3/S3cret@lab:1/x",
    "https://lab:1/x?user=me&password=S3cret",
    "https://lab:1/x?api_key=S3cret&page=2",
    "postgresql://me:S3cret@db/x",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_loses_its_password_and_nothing_else(address: str) -> None:
    for text in (without_secrets(f"no answer from '{address}', later"), shown(address)):
        assert "S3" not in text
        assert "/x" in text
    assert without_secrets(f"no answer from {address}, later").endswith(", later") or "=" in address


@pytest.mark.parametrize(
    "text",
    [
        "https://lab:5500/x?page=2",
        "https://lab:5500/mail@home",
        "sqlite:////data/mlflow.db",
        "P1: no truth at 10:30, see a@b",
    ],
)
def test_what_holds_no_password_stays(text: str) -> None:
    assert without_secrets(text) == shown(text) == text


def test_an_address_without_a_scheme_is_refused_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(TrackingError, match="is not a tracking address") as refused:
        resolve_uri(tmp_path, "me:S3cret@lab:5500/x")
    assert "S3cret" not in refused.value.message


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_command_line_keeps_no_password(address: str) -> None:
    words = ["ablate", "sweep", "--tracking-uri", address, "--trials", "2"]
    assert "S3" not in without_paths(command_line(words))
    assert "S3" not in without_paths(f"ValueError: {address} failed")


def test_messages_of_other_libraries_lose_their_passwords() -> None:
    uri = "https://me:S3cret@127.0.0.1:9/x"
    with pytest.raises(TrackingError) as refused:
        check(uri)
    assert "S3cret" not in refused.value.message + refused.value.hint
    with pytest.raises(TrackingError) as failed, translated("publish", "sqlite:///none.db"):
        raise OSError(f"cannot reach {uri}")
    assert "S3cret" not in failed.value.message


def test_the_note_of_what_was_published_keeps_no_password(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for address in ADDRESSES:
        write_progress(folder, address, Progress("r"))
    text = (tmp_path / names.PUBLISHED_FILE).read_text()
    assert "S3" not in text
    assert all("***" in key or "@" not in key for key in json.loads(text))


STUB = """
import http.server, sys, threading, time

class Answer(http.server.BaseHTTPRequestHandler):
    mode = sys.argv[1]
    def do_GET(self):
        if self.mode == "hang":
            time.sleep(3)
            return
        sent = f"{self.path} {self.headers}".encode()
        body = {"garbage": b"\\x00\\xff", "empty": b"{}"}.get(self.mode, sent)
        self.send_response(int(self.mode) if self.mode.isdecimal() else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_GET
    def log_message(self, *_): pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
print(server.server_port, flush=True)
server.serve_forever()
"""


@pytest.fixture
def echo(request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of a server that sends back what it was sent, with the status of the parameter."""
    command = [sys.executable, "-c", STUB, request.param]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.kill()


SECRETS = ("S3cret", "S3%63ret", "bWU6UzNjcmV0QA", "bWU6UzNjcmV0")
"""Plain, percent-encoded, and as the header of a request holds name and password."""


@pytest.mark.parametrize(
    "echo", ["200", "401", "500", "503", "garbage", "empty", "hang"], indirect=True
)
@pytest.mark.parametrize(
    "place", ["me:S3cret%40@{}", "{}/?password=S3cret&page=1", "{}/x?token=S3cret"]
)
def test_no_answer_of_a_server_brings_a_secret_out(
    echo: int,
    place: str,
    workspace: Path,
    make_study: Callable[..., RunFolder],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    make_study(workspace).finish("FINISHED")
    uri = resolve_uri(workspace, "http://" + place.format(f"127.0.0.1:{echo}"))
    said = ""
    try:
        said = str(sync(workspace, uri))
    except TrackingError as error:
        said = "".join(traceback.format_exception(error)) + error.hint
        said = without_secrets(said)
    logging.getLogger("urllib3").error("request to %s failed", uri)
    said += "".join(capfd.readouterr())
    files = b"".join(path.read_bytes() for path in workspace.rglob("*") if path.is_file())
    assert not [secret for secret in SECRETS if secret in said or secret.encode() in files]


def test_a_traceback_that_ends_a_process_has_no_secret(tmp_path: Path) -> None:
    program = (
        "from tracking.redaction import redact_tracebacks, remember_secrets\n"
        "redact_tracebacks()\n"
        "remember_secrets('http://me:S3cret%40@lab')\n"
        "import threading\n"
        "def fail(): raise ValueError('S3cret@ and http://you:Other@lab')\n"
        "thread = threading.Thread(target=fail); thread.start(); thread.join()\n"
        "fail()\n"
    )
    (tmp_path / "fails.py").write_text(program.replace("'S3cret@ and", "'S3' 'cret@ and"))
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    ended = subprocess.run(
        [sys.executable, str(tmp_path / "fails.py")],
        capture_output=True, text=True, env=environment, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr.count("ValueError: *** and http://***@lab") == 2
