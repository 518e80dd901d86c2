"""Small data sets on disk, and the real ones where they are present."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from ablation.config.sections import DataConfig
from ablation.data import Dataset, PatientFacts, open_dataset

SHARED = Path(__file__).parents[3] / "../shared/data"
WritePatient = Callable[..., Path]


@pytest.fixture
def write_patient() -> WritePatient:
    """Return a function that writes a sound patient of the lgg layout: tumour on all but slice 1."""

    def write(root: Path, name: str, slices: int = 4, seed: int = 0, side: int = 32) -> Path:
        folder = root / name
        folder.mkdir(parents=True)
        rng = np.random.default_rng([seed, *name.encode()])
        for number in range(1, slices + 1):
            image = rng.integers(0, 256, (side, side, 3), np.uint8)
            mask = np.zeros((side, side), np.uint8)
            if number > 1:
                mask[8 : 8 + 2 * number, 10:20] = 255
            tifffile.imwrite(folder / f"{name}_{number}.tif", image, photometric="rgb")
            tifffile.imwrite(folder / f"{name}_{number}_mask.tif", mask)
        return folder

    return write


@pytest.fixture(scope="session")
def phantom_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def phantom_data() -> DataConfig:
    return DataConfig(source="phantom", phantom_patients=7, image_size=64)


@pytest.fixture(scope="session")
def phantom(phantom_cache: Path, phantom_data: DataConfig) -> Dataset:
    return open_dataset(phantom_data, phantom_cache)


def dataset(
    patients: int, name: str = "lgg", reverse: bool = False, unlabelled: int = 0
) -> Dataset:
    """A data set whose patients have tumours of 100, 200, ... voxels; the last have no truth."""
    facts = [
        PatientFacts(
            f"P{i:03d}", (20, 64, 64), None, 100 * (i + 1), 5, 20, f"t{i}", f"r{i}", i < patients
        )
        for i in range(patients + unlabelled)
    ]
    return Dataset(
        name=name,
        path=None,
        generated=False,
        distance_unit="px",
        modalities=("flair",),
        patients=tuple(reversed(facts) if reverse else facts),
        findings=(),
        fingerprint="",
        places={},
    )
