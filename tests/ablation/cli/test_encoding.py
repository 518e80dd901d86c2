"""A configuration saved by a Windows program: read with a byte-order mark, else refused in a line."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ablation.cli.app import app
from ablation.config import resolve
from ablation.errors import UsageError

TEXT = "# Größe der Bilder\r\n[training]\r\nepochs = 3\r\n"
EVERY_COMMAND = [
    ["config", "show"],
    ["data", "check"],
    ["data", "split"],
    ["models"],
    ["sweep", "--model", "unet", "--dry-run"],
    ["report"],
]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_utf_8_is_read_with_and_without_a_mark(encoding: str) -> None:
    Path("ablate.toml").write_bytes(TEXT.encode(encoding))
    assert resolve().config.training.epochs == 3


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le"])
def test_another_encoding_is_named(encoding: str) -> None:
    Path("other.toml").write_bytes(TEXT.encode(encoding))
    with pytest.raises(UsageError, match=r"^other\.toml: not UTF-8$") as caught:
        resolve(file=Path("other.toml"))
    assert "UTF-8" in caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("words", EVERY_COMMAND, ids=" ".join)
def test_every_command_in_the_folder_says_so(words: list[str]) -> None:
    Path("ablate.toml").write_bytes(TEXT.encode("utf-16"))
    end = CliRunner().invoke(app, words)
    assert isinstance(end.exception, UsageError)
    assert "ablate.toml: not UTF-8" in end.exception.message
