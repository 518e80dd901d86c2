"""`ablate data`: what it prints where, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ablation.cli.data import app
from ablation.errors import DataError

WritePatient = Callable[..., Path]


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def scans(tmp_path: Path, write_patient: WritePatient) -> Path:
    for name in ("A", "B", "C", "D"):
        write_patient(tmp_path / "scans", name)
    return tmp_path / "scans"


def test_check_prints_the_patients(scans: Path, tmp_path: Path) -> None:
    result = call("check", scans, "--cache", tmp_path / "cache")
    assert result.exit_code == 0, result.output
    assert "A             4  32x32            3" in result.stdout
    assert "lgg: 4 usable of 4 patients, 16 slices" in result.stdout
    assert "checking" in result.stderr
    assert "checking" not in result.stdout


def test_check_names_faults_and_still_prints_json(scans: Path, tmp_path: Path) -> None:
    (scans / "B/B_1.tif").write_bytes(b"")
    result = call("check", scans, "--cache", tmp_path / "cache", "--json")
    assert isinstance(result.exception, DataError)
    assert result.exception.exit_code == 1
    assert "B/B_1.tif: is empty" in result.exception.message
    found = json.loads(result.stdout)
    assert found["found"] == 4
    assert [facts["id"] for facts in found["patients"]] == ["A", "C", "D"]
    assert found["findings"] == [
        {
            "severity": "error",
            "where": "B/B_1.tif",
            "fault": "is empty (0 bytes)",
            "patient": "B",
            "sequence": None,
        }
    ]
    skipped = call("check", scans, "--cache", tmp_path / "cache", "--skip-bad")
    assert skipped.exit_code == 0
    assert "error: B/B_1.tif: is empty" in skipped.stdout
    assert "3 usable of 4 patients" in skipped.stdout


def test_split_writes_what_it_prints(scans: Path, tmp_path: Path) -> None:
    out = tmp_path / "split.json"
    result = call(
        "split", "--data", scans, "--cache", tmp_path / "cache", "--out", out, "--json", "--quiet"
    )
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    assert printed.pop("fingerprint")
    assert printed == json.loads(out.read_text())
    assert sorted(name for part in printed.values() for name in part) == ["A", "B", "C", "D"]
    again = call(
        "split", "--data", scans, "--cache", tmp_path / "cache", "--set", f"data.split={out}"
    )
    assert again.exit_code == 0
    assert f"train ({len(printed['train'])}): {' '.join(printed['train'])}" in again.stdout


def test_phantom_on_disk_can_be_checked(tmp_path: Path) -> None:
    out = tmp_path / "phantom"
    result = call("phantom", "--out", out, "--patients", 1, "--seed", 4)
    assert result.exit_code == 0, result.output
    assert "1 generated patients" in result.stdout
    assert call("check", out, "--cache", tmp_path / "cache").exit_code == 0
