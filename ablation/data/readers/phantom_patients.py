"""One generated patient: made, kept in the cache, read again, written as TIFF files."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from ablation.config.sections import DataConfig
from ablation.data.findings import Finding
from ablation.data.readers.brain import (
    MODALITIES,
    SPACING_MM,
    Lesion,
    acquire,
    draw_distractors,
    draw_head,
    draw_tumour,
    make_grid,
)
from ablation.data.readers.patients import Patient
from ablation.data.readers.reader import Located, Progress, Reading, paced
from ablation.errors import UsageError
from ablation.files.atomic import locked, whole_file

VERSION = 1
"""Raised when the same seed gives other patients."""


def generate(index: int, seed: int) -> Patient:
    """Return one patient; the same index and seed give the same voxels on every machine.

    >>> generate(0, seed=0).volumes.shape[2:]
    (128, 128)
    """
    rng = np.random.default_rng([VERSION, seed, index])
    grid = make_grid(int(rng.integers(24, 33)), rng)
    lesion = draw_lesion(index, rng)
    tissue = draw_head(grid, rng)
    draw_distractors(tissue, grid, rng)
    labels = draw_tumour(tissue, lesion, grid, rng)
    volumes = acquire(tissue, labels, lesion, rng)
    order = tuple(f"slice {number}" for number in range(1, len(labels) + 1))
    return Patient(patient_name(index), volumes, MODALITIES, labels, SPACING_MM, order)


def draw_lesion(index: int, rng: np.random.Generator) -> Lesion:
    """Decide a tumour: log-normal volumes; of 40 patients 3 tiny, 2 without enhancement, 2 half hidden."""
    volume = float(np.clip(np.exp(rng.normal(np.log(11.0), 0.75)), 2.0, 45.0))
    parts = int(rng.choice([1, 2, 3, 4], p=[0.55, 0.25, 0.13, 0.07]))
    hidden = ("flair", "t2")[index // 20 % 2] if index % 20 == 13 else None
    if index % 13 == 6:
        volume, parts = float(rng.uniform(0.25, 0.6)), 1
    return Lesion(volume, parts, enhances=index % 20 != 11, hidden_in=hidden)


def patient_name(index: int) -> str:
    """Return the id of the patient at this position.

    >>> patient_name(7)
    'phantom_007'
    """
    return f"phantom_{index:03d}"


def find(data: DataConfig, cache: Path, progress: Progress) -> Located:
    """Return the wanted patients in the cache, after generating those that are not there."""
    root = cache / "phantom" / f"v{VERSION}-seed{data.phantom_seed}"
    places = {
        patient_name(i): root / f"{patient_name(i)}.npz" for i in range(data.phantom_patients)
    }
    if all(place.exists() for place in places.values()):
        return Located(root, places)
    with locked(root / "lock"):
        for index, (name, place) in enumerate(places.items()):
            if not place.exists():
                progress(f"generating patient {index + 1} of {len(places)}: {name}")
                save(generate(index, data.phantom_seed), place)
    return Located(root, places)


def load(place: Path) -> Reading:
    """Read a generated patient from the cache."""
    try:
        with place.open("rb") as file, np.load(file) as arrays:
            volumes, labels = arrays["volumes"], arrays["labels"]
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        fault = f"cannot be read ({error}); delete it, it will be generated again"
        return Reading(None, (Finding("error", place.name, fault, place.stem),))
    order = tuple(f"slice {number}" for number in range(1, len(labels) + 1))
    return Reading(Patient(place.stem, volumes, MODALITIES, labels, SPACING_MM, order), ())


def write_phantom(out: Path, patients: int, seed: int, progress: Progress) -> None:
    """Write generated patients as TIFF folders that the lgg layout reads.

    Channels are t1, flair, t1ce in the places of pre, flair, post; masks are the whole tumour.

    Raises:
        UsageError: The folder is there and holds something.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(
            f"{out}: exists and is no empty folder", hint="Name a new folder with --out."
        )
    say = paced(progress)
    for index in range(patients):
        patient = generate(index, seed)
        say(f"writing patient {index + 1} of {patients}: {patient.id}")
        _write_tiffs(patient, out / patient.id)


def _write_tiffs(patient: Patient, folder: Path) -> None:
    channels = [MODALITIES.index(name) for name in ("t1", "flair", "t1ce")]
    images = np.moveaxis(patient.volumes[channels], 0, -1)
    masks = np.where(_labels(patient) > 0, 255, 0).astype(np.uint8)
    for number, (image, mask) in enumerate(zip(images, masks, strict=True), start=1):
        _write_tiff(folder / f"{patient.id}_{number}.tif", image, "rgb")
        _write_tiff(folder / f"{patient.id}_{number}_mask.tif", mask, "minisblack")


def _write_tiff(path: Path, image: NDArray[np.generic], photometric: str) -> None:
    with whole_file(path) as file:
        tifffile.imwrite(file, image, photometric=photometric, metadata=None)


def save(patient: Patient, place: Path) -> None:
    """Keep a patient in the cache."""
    labels = _labels(patient)
    with whole_file(place) as file:
        np.savez(file, volumes=patient.volumes, labels=labels)


def _labels(patient: Patient) -> NDArray[np.uint8]:
    assert patient.truth is not None  # every generated patient has labels
    return patient.truth
