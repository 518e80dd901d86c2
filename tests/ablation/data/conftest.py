"""Small data sets on disk, and the real ones where they are present."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import tifffile

from ablation.config.sections import DataConfig
from ablation.data import Dataset, Patient, PatientFacts, open_dataset
from ablation.data.readers.phantom_patients import generate

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


@pytest.fixture(scope="session")
def layouts() -> ModuleType:
    """The functions that write phantom patients in other layouts."""
    found = importlib.util.spec_from_file_location(
        "own_layouts", Path(__file__).with_name("own_layouts.py")
    )
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def brains() -> tuple[Patient, ...]:
    """Three phantom patients, cropped to 8 slices of 64 x 64 around the tumour."""
    made = []
    for index in range(3):
        patient = generate(index, seed=0)
        assert patient.truth is not None
        middle = int(np.argmax((patient.truth > 0).sum(axis=(1, 2))))
        first = min(max(middle - 4, 0), len(patient.truth) - 8)
        rows, columns = (
            slice(start, start + 64)
            for start in (
                min(max(int(np.mean(where)) - 32, 0), 64)
                for where in np.nonzero(patient.truth[middle])
            )
        )
        kept = (slice(first, first + 8), rows, columns)
        order = tuple(f"slice {number}" for number in range(1, 9))
        made.append(
            replace(
                patient,
                volumes=patient.volumes[:, *kept],
                truth=patient.truth[kept],
                slice_order=order,
            )
        )
    return tuple(made)
