"""No password in a message, a file or a command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tracking import names
from tracking.address import resolve_uri, shown
from tracking.errors import TrackingError
from tracking.manifest import Progress, write_progress
from tracking.mlflow.connection import check, translated
from tracking.provenance import command_line, without_paths
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
