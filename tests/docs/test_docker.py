"""The Docker image is the same each time it is built, and holds nothing but the program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker/Dockerfile").read_text()


def test_python_and_uv_have_one_version() -> None:
    images = re.findall(r"^FROM (\S+)", TEXT, re.MULTILINE)
    assert images
    assert all(re.fullmatch(r"python:3\.\d+\.\d+-[a-z-]+", image) for image in images)
    assert len(set(images)) == 1
    assert re.findall(r"pip install .*?(\S+)$", TEXT, re.MULTILINE)[0].startswith("uv==")
    assert all("--locked" in line for line in TEXT.splitlines() if "uv sync" in line)


@pytest.mark.parametrize("name", ["runs", ".git", "scans", "mlflow.db", "shared", ".venv", "tests"])
def test_the_build_gets_no_scans_runs_or_history(name: str) -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] != "#"]
    assert lines[0] == "*"
    assert f"!{name}" not in lines


def test_what_the_image_copies_is_let_in() -> None:
    copied = [
        word
        for line in TEXT.splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for word in line.split()[1:-1]
    ]
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {f"!{name}" for name in copied} == {line for line in ignored if line.startswith("!")}
    assert all((ROOT / name).exists() for name in copied)
