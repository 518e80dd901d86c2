"""Resume states on disk: exact round trip, damage named, nothing half-written."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from ablation.errors import DataError
from ablation.training.checkpoint import (
    ResumeState,
    read_arrays,
    read_resume,
    write_arrays,
    write_resume,
)
from ablation.training.schedule import Epoch, Schedule

STATE = ResumeState(
    weights={"conv/kernel": np.arange(6, dtype=np.float32).reshape(2, 3)},
    optimizer={"adam/iteration": np.int64(4) * np.ones((), np.int64)},
    best_weights={"conv/kernel": np.zeros((2, 3), np.float32)},
    schedule=Schedule(learning_rate=0.1 + 0.2, best_epoch=1, best_dice=1 / 3, waited=2),
    epochs=(Epoch(1, 0.5, 1 / 3, 0.42, 1e-4, 2.5), Epoch(2, 0.4, 0.1, 0.4, 1e-4, 2.5)),
)


def test_a_state_comes_back_as_it_was(tmp_path: Path) -> None:
    write_resume(STATE, tmp_path / "resume.npz")
    back = read_resume(tmp_path / "resume.npz")
    assert back.schedule == STATE.schedule
    assert back.epochs == STATE.epochs
    for part in ("weights", "optimizer", "best_weights"):
        before, after = getattr(STATE, part), getattr(back, part)
        assert before.keys() == after.keys()
        for name, array in before.items():
            assert array.dtype == after[name].dtype
            np.testing.assert_array_equal(array, after[name])
    assert [path.name for path in tmp_path.iterdir()] == ["resume.npz"]


def test_a_state_without_a_best_epoch_comes_back(tmp_path: Path) -> None:
    state = ResumeState({}, {}, {}, Schedule(0.1), ())
    write_resume(state, tmp_path / "resume.npz")
    assert read_resume(tmp_path / "resume.npz").schedule.best_dice == -math.inf


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 cut off"])
def test_damage_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "resume.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"resume\.npz"):
        read_resume(tmp_path / "resume.npz")


def test_a_cut_off_archive_is_named(tmp_path: Path) -> None:
    write_resume(STATE, tmp_path / "whole.npz")
    whole = (tmp_path / "whole.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cut\.npz"):
        read_resume(tmp_path / "cut.npz")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.npz"):
        read_arrays(tmp_path / "gone.npz")


def test_weights_are_no_resume_state(tmp_path: Path) -> None:
    write_arrays(tmp_path / "weights.npz", {"conv/kernel": np.zeros(3)})
    with pytest.raises(DataError, match="holds weights"):
        read_resume(tmp_path / "weights.npz")


def test_a_failed_write_leaves_the_file_before_it(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "weights.npz"
    write_arrays(path, {"a": np.zeros(3)})

    def broken(file, **arrays):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", broken)
    with pytest.raises(OSError, match="disk full"):
        write_arrays(path, {"a": np.ones(3)})
    monkeypatch.undo()
    np.testing.assert_array_equal(read_arrays(path)["a"], np.zeros(3))
