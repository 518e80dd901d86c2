"""Bytes are on the disk before their name is: a power cut leaves the old file or the new one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ablation.files.atomic import write_whole
from tracking.atomic import replacing
from tracking.record import RunFolder, RunRecord

Write = Callable[[Path], None]


def with_replacing(path: Path) -> None:
    with replacing(path) as beside:
        beside.write_text("new")


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is synced, renamed and linked, in order."""
    done: list[str] = []
    fsync, replace, link = os.fsync, Path.replace, os.link

    def synced(descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink()
        done.append(f"sync {'folder' if name.is_dir() else 'file'}")
        fsync(descriptor)

    def renamed(self: Path, target: Path) -> Path:
        done.append("rename")
        return replace(self, target)

    def linked(file: Path, new: Path) -> None:
        done.append("link")
        link(file, new)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    monkeypatch.setattr("tracking.record.os.link", linked)
    return done


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="names of descriptors: Linux only")
@pytest.mark.parametrize("write", [with_replacing, lambda path: write_whole(path, "new")])
def test_file_then_name_then_folder(tmp_path: Path, order: list[str], write: Write) -> None:
    write(tmp_path / "per_case.csv")
    assert order == ["sync file", "rename", "sync folder"]
    assert (tmp_path / "per_case.csv").read_text() == "new"


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="names of descriptors: Linux only")
def test_a_new_run_and_its_epochs_are_on_the_disk(tmp_path: Path, order: list[str]) -> None:
    run = RunFolder.create(tmp_path, RunRecord("trial", "e", "m", "0.0"))
    assert order == ["sync file", "link", "sync folder", "sync folder"]
    order.clear()
    run.log_epoch(1, {"loss": 0.5})
    assert order == ["sync file"]


def test_a_disk_that_cannot_sync_a_folder_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: int) -> None:
        raise OSError(22, "Invalid argument")

    monkeypatch.setattr(os, "fsync", refused)
    with_replacing(tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == "new"


def test_a_disk_that_fails_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_: int) -> None:
        raise OSError(5, "Input/output error")

    (tmp_path / "a.csv").write_text("old")
    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError, match="Input/output"):
        with_replacing(tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == "old"
