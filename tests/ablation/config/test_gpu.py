"""What counts as a GPU, on a machine made of fakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from ablation.config import default_preset, gpu


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without a GPU: its driver's folder and its programs, both empty."""
    monkeypatch.setattr(gpu, "FOLDERS", {tmp_path / "driver": "*"})
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    (tmp_path / "bin").mkdir()
    return tmp_path


def driver_program(machine: Path, answer: str, code: int = 0) -> None:
    program = machine / "bin" / "nvidia-smi"
    program.write_text(f"#!/bin/sh\necho '{answer}'\nexit {code}\n")
    program.chmod(0o755)


def test_no_driver_no_gpu(machine: Path) -> None:
    assert not gpu.gpu_present()
    assert default_preset("scans") == ("laptop", "no GPU is present")


def test_the_driver_s_files_show_a_gpu(machine: Path) -> None:
    (machine / "driver" / "0000:01:00.0").mkdir(parents=True)
    assert gpu.gpu_present()
    assert default_preset("scans") == ("standard", "a GPU is present")


@pytest.mark.parametrize(
    ("answer", "code", "present"),
    [
        ("GPU 0: NVIDIA H200 (UUID: GPU-1)", 0, True),
        ("No devices found.", 0, False),
        ("Failed to initialize NVML: Driver/library version mismatch", 18, False),
    ],
)
def test_without_files_the_driver_s_program_is_asked(
    machine: Path, answer: str, code: int, present: bool
) -> None:
    driver_program(machine, answer, code)
    assert gpu.gpu_present() is present


@pytest.mark.parametrize(
    ("visible", "hidden"),
    [
        ("-1", True),
        ("", True),
        ("NoDevFiles", True),
        ("0", False),
        ("1,0", False),
        ("GPU-a", False),
    ],
)
def test_a_gpu_hidden_on_purpose_is_none(
    machine: Path, monkeypatch: pytest.MonkeyPatch, visible: str, hidden: bool
) -> None:
    driver_program(machine, "GPU 0: NVIDIA H200 (UUID: GPU-1)")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpu.gpus_hidden() is hidden
    assert gpu.gpu_present() is not hidden
