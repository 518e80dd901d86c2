"""A secret in an address is in no file, no output and no list of processes, whatever a server answers."""

from __future__ import annotations

import doctest
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sweeps.errors import SweepError
from sweeps.storage import check_database, initialise_storage
from tracking import redaction
from tracking.record import RunFolder

from .stub import answering

ROOT = Path(__file__).parents[2]
WAYS = ("200", "401", "500", "503", "garbage", "never")
SECRETS = ("S3cret", "S3%63ret", "bWU6UzNjcmV0")
"""Plain, percent-encoded, and as the header of a request holds name and password."""
LISTED = "from tracking.redaction import hide_arguments; hide_arguments(); import sys; "
ARGUMENTS = (
    "http://me:S3cret@127.0.0.1:9/x",
    "tracking.uri=https://lab/x?token=S3cret&page=1",
    "postgresql://me:S3cret@db/mlflow",
    "http://lab/x?password=S3cret",
)


def command_lines() -> Iterator[bytes]:
    """Yield the command line of each process of the machine."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                yield (entry / "cmdline").read_bytes()
            except OSError:
                continue  # it has just ended


def told_in(*places: Path) -> list[str]:
    """Return the files that hold a secret."""
    files = (path for place in places for path in place.rglob("*") if path.is_file())
    return [
        str(path)
        for path in files
        if any(secret.encode() in path.read_bytes() + str(path).encode() for secret in SECRETS)
    ]


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="Linux lists arguments in /proc")
def test_the_list_of_processes_shows_no_secret() -> None:
    show = "print(open('/proc/self/cmdline').read()); print('kept:', *sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", LISTED + show, "sync", *ARGUMENTS, "--trials", "2"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    listed, _, kept = done.stdout.rpartition("kept:")
    assert "S3cret" not in listed
    assert "***@127.0.0.1:9/x" in listed
    assert listed.rstrip("\0\n").endswith("--trials\x002")
    assert kept.split() == ["sync", *ARGUMENTS, "--trials", "2"]


def test_arguments_keep_their_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_known", set())  # of the addresses of other tests
    assert doctest.testmod(redaction).failed == 0
    for argument in ARGUMENTS:
        assert len(redaction._masked(argument.encode())) == len(argument)
    assert redaction._masked("größe=½".encode()) == "größe=½".encode()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "storage", ["postgresql://me:S3cret@{}/studies", "postgresql://{}/x?user=me&password=S3cret"]
)
def test_no_answer_at_the_address_of_a_storage_brings_the_secret_out(
    storage: str, way: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with answering(way) as server:
        url = storage.format(f"127.0.0.1:{server.server_port}")
        check_database(url)
        with pytest.raises(SweepError) as refused:
            initialise_storage(url)
    said = refused.value.message + refused.value.hint + "".join(capfd.readouterr())
    assert "S3" not in said


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place", ["http://me:S3cret@{}", "http://{}/?password=S3cret"])
def test_a_whole_command_brings_no_secret_out(
    workspace: Path, tmp_path: Path, make_study: Callable[..., RunFolder], way: str, place: str
) -> None:
    make_study(workspace).finish("FINISHED")
    clean = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")}
    environment = clean | {"HOME": str(tmp_path), "ABLATE_DEBUG": "1", "PYTHONPATH": str(ROOT)}
    output, listed = tmp_path / "output", []
    with answering(way) as server, output.open("wb") as said:
        uri = place.format(f"127.0.0.1:{server.server_port}")
        process = subprocess.Popen(
            [sys.executable, "-m", "ablation", "sync", str(workspace), "--tracking-uri", uri],
            cwd=tmp_path, env=environment, stdout=said, stderr=said,
        )  # fmt: skip
        started = time.monotonic()
        while process.poll() is None:
            if time.monotonic() - started > 3:  # Python needs a moment to begin
                listed += [line for line in command_lines() if b"S3cret" in line]
            time.sleep(0.2)
            assert time.monotonic() - started < 90
    assert process.returncode == 1
    assert listed == []
    assert output.stat().st_size > 0
    assert told_in(tmp_path) == []
