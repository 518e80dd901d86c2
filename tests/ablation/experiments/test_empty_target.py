"""A target that nobody of a part has is refused when an experiment is opened, before any training."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from ablation.config import Config, resolve
from ablation.data import open_dataset, splits_of
from ablation.errors import DataError
from ablation.experiments.experiment import open_experiments

PARTS = ("train", "validation", "test")


def write(root: Path, number: int, *, enhancing: bool) -> None:
    """Write a patient of the BraTS layout, with or without enhancing tumour."""
    folder = root / f"P{number}"
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(number)
    for word in ("t1", "t1ce", "t2", "flair", "seg"):
        values = rng.integers(1, 99, (8, 8, 4)).astype(np.int16)
        if word == "seg":
            values = np.zeros((8, 8, 4), np.int16)
            values[2:5, 2:5, 1] = 1
            values[3, 3, 1] = 4 if enhancing else 1
        image = nibabel.Nifti1Image(values, np.diag([-1.0, -1, 1, 1]))
        nibabel.save(image, folder / f"P{number}_{word}.nii.gz")


def config_of(scans: Path, target: str, folds: int | None) -> Config:
    flags = {"data.path": str(scans), "data.target": target, "data.folds": folds}
    return resolve(preset="cpu-demo", flags=flags).config


@pytest.mark.parametrize("folds", [None, 3])
@pytest.mark.parametrize("part", PARTS)
def test_it_is_refused_in_one_line(part: str, folds: int | None, tmp_path: Path) -> None:
    scans, cache = tmp_path / "scans", tmp_path / "cache"
    for number in range(6):
        write(scans, number, enhancing=True)
    config = config_of(scans, "ET", folds)
    split = splits_of(open_dataset(config.data, cache), config.data)[-1]
    assert open_experiments(config, preset="cpu-demo", cache=cache)[-1].split == split
    lacking = getattr(split, part)
    for name in lacking:
        write(scans, int(name[1:]), enhancing=False)
    with pytest.raises(DataError) as caught:
        open_experiments(config, preset="cpu-demo", cache=cache)
    where = "" if folds is None else " of fold 3/3"
    said = f"all {part} patients{where} ({', '.join(lacking)})"
    assert said in caught.value.message
    assert "\n" not in caught.value.message
    assert "--set data.target=WT" in caught.value.hint
    whole = open_experiments(config_of(scans, "WT", folds), preset="cpu-demo", cache=cache)
    assert whole[-1].split == split
