"""What the disk refuses is one line and a hint, whatever the command; a bug keeps its traceback."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ablation.cli.app import app
from ablation.cli.explain import REMEDIES, explain

LONG = "n" * 300
PHANTOM = ("--set", "data.phantom_patients=4", "--set", "data.image_size=32")
SWEEP = ("sweep", "--model", "unet", "--trials", "1", "--yes", *PHANTOM)
TOO_LONG = [
    ("compare", "a.csv", "b.csv", "--out", LONG),
    ("compare", "a.csv", LONG),
    ("compare", "a.csv", "b.csv", "--patient-map", LONG),
    ("import", "per-case", "a.csv", "--name", LONG),
    ("import", "per-case", "a.csv", "--name", "x", "--experiment", LONG),
    ("import", "per-case", "a.csv", "--name", "x", "--workspace", LONG),
    ("import", "per-case", "a.csv", "--name", "x", "--out", LONG),
    ("import", "per-case", LONG, "--name", "x"),
    ("import", "nnunet", LONG, "--name", "x"),
    ("data", "check", LONG),
    ("data", "check", "--cache", LONG),
    ("data", "check", "--config", LONG),
    ("data", "split", "--data", LONG),
    ("data", "phantom", "--patients", "1", "--out", LONG),
    ("evaluate", "--pred", LONG, "--truth", LONG, "--name", "x"),
    ("evaluate", LONG),
    ("runs", "show", LONG),
    ("runs", "show", "x", "--workspace", LONG),
    ("studies", "show", "x", "--workspace", LONG),
    ("sync", LONG),
    ("report", "--workspace", LONG),
    ("config", "show", "--config", LONG),
    ("worker", "--study", "a/b", "--workspace", LONG),
    (*SWEEP, "--study", LONG),
    (*SWEEP, "--workspace", LONG),
    (*SWEEP, "--split", LONG),
]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ABLATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.delenv("ABLATE_DEBUG", raising=False)
    monkeypatch.setattr("tracking.publisher.sync", lambda *_, **__: pytest.fail("published"))
    for name in ("a.csv", "b.csv"):
        Path(name).write_text("case,dice\nP1,0.8\nP2,0.9\n")


@pytest.mark.parametrize("words", TOO_LONG, ids=lambda words: " ".join(words).replace(LONG, "LONG"))
def test_a_name_that_is_too_long_is_one_line(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    end = CliRunner().invoke(app, list(words))
    if isinstance(end.exception, Exception) and not isinstance(end.exception, SystemExit):
        assert explain(end.exception) in (1, 2)
        said = capsys.readouterr().err.splitlines()
        assert [line.partition(":")[0] for line in said] == ["error", "hint"]
    else:
        assert end.exit_code in (1, 2, 3)
        assert "error: " in end.stderr
        assert "Traceback" not in end.output


@pytest.mark.parametrize("number", sorted(REMEDIES))
def test_a_fault_of_the_disk_names_place_and_remedy(
    number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert explain(OSError(number, os.strerror(number), "runs/x")) == 1
    error, hint = capsys.readouterr().err.splitlines()
    assert error == f"error: runs/x: {os.strerror(number)}"
    assert hint == f"hint: {REMEDIES[number]}"


def test_the_usual_faults_have_a_remedy() -> None:
    for name in ("ENAMETOOLONG", "ELOOP", "ENOTDIR", "EACCES", "EROFS", "EISDIR", "ENOSPC"):
        assert getattr(errno, name) in REMEDIES


def test_links_in_a_circle_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    Path("one").symlink_to("two")
    Path("two").symlink_to("one")
    end = CliRunner().invoke(app, ["compare", "a.csv", "b.csv", "--out", "one"])
    assert isinstance(end.exception, OSError)
    assert explain(end.exception) == 1
    assert capsys.readouterr().err.startswith("error: one")


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        explain(ZeroDivisionError())
