"""The layout of BraTS, 2013 to 2024: a folder per examination, a NIfTI file per modality and the truth.

    BraTS2021_00000/BraTS2021_00000_t1.nii.gz, _t1ce, _t2, _flair, _seg
    BraTS-GLI-00012-000/BraTS-GLI-00012-000-t1n.nii.gz, -t1c, -t2w, -t2f, -seg

One without truth is unlabelled. Since 2023 a person may have several, told apart by the last number.
Source: Menze et al. 2015, Baid et al. 2021.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ablation.config.sections import DataConfig
from ablation.data.check import Finding, errors_of
from ablation.data.grid import Grid, difference
from ablation.data.readers.brats_names import (
    BRAIN,
    MODALITIES,
    REGIONS,
    SUFFIX,
    TRUTH,
    person_of,
    role_of,
)
from ablation.data.readers.brats_truth import brain_of, labels_of
from ablation.data.readers.patients import Patient
from ablation.data.readers.reader import Located, Progress, Reading, Source
from ablation.data.readers.volumes import Volume, read_volume
from ablation.errors import DataError

GRADES = {"HGG", "LGG"}
"""Folders that the sets of 2017 to 2019 put between the data set and its patients."""


@dataclass(frozen=True, slots=True)
class VolumeFiles:
    """The files of a patient by role: modalities in canonical order, then truth and brain."""

    paths: Mapping[str, Path]
    findings: tuple[Finding, ...]


def detect(path: Path) -> bool:
    """Return whether the folder holds patients of this layout, or is one."""
    return _is_patient(path) or any(_is_patient(folder) for folder in _folders(path))


def locate(data: DataConfig, cache: Path, progress: Progress) -> Located:
    """Find the patient folders below `data.path`, one for each examination of a person."""
    del cache, progress
    root = Path(str(data.path))
    if _is_patient(root):
        raise DataError(
            f"{root}: is the folder of one patient",
            hint=f"Name the folder above: {root.resolve().parent}",
        )
    folders = [folder for folder in _folders(root) if _is_patient(folder)]
    if not folders:
        raise DataError(f"{root}: holds no patient folder", hint=f"Expected {SOURCE.layout}.")
    ignored = tuple(
        Finding("warning", folder.name, "holds no volume of a patient; ignored")
        for folder in _folders(root)
        if folder not in folders
    )
    places, doubles = _by_name(folders)
    return Located(root, places, (*ignored, *doubles))


def files(folder: Path) -> tuple[Path, ...]:
    """Return the NIfTI files of a patient's folder, sorted."""
    named = (path for path in folder.iterdir() if _is_volume(path.name) and path.is_file())
    return tuple(sorted(named))


def read(folder: Path) -> Reading:
    """Read a patient's volumes in canonical order; every fault of every file is reported at once."""
    named = volume_files(folder)
    volumes, faults = _read_all(named.paths)
    placed = _misplaced(named.paths, volumes)
    findings = (*named.findings, *faults, *placed)
    present = tuple(name for name in MODALITIES if name in volumes)
    if errors_of(findings) or not present:
        return Reading(None, findings)
    images = _stack([volumes[name].values for name in present])
    grid = volumes[present[0]].grid
    patient = Patient(
        id=folder.name,
        volumes=images,
        modalities=present,
        truth=np.ascontiguousarray(volumes[TRUTH].values, np.uint8) if TRUTH in volumes else None,
        spacing_mm=grid.spacing_mm,
        slice_order=tuple(f"slice {number}" for number in range(1, grid.shape[0] + 1)),
        brain=volumes[BRAIN].values > 0.5 if BRAIN in volumes else brain_of(images),
        grid=grid,
    )
    return Reading(patient, findings)


def volume_files(folder: Path) -> VolumeFiles:
    """Sort a patient's files by role; a role taken twice and a missing modality are errors.

    Files that carry the patient's name come from a set that has all four modalities. In a folder
    of files without it, as in 2013, any may be absent.
    """
    paths: dict[str, Path] = {}
    findings = []
    for path in files(folder):
        role = role_of(path.name)
        if role is None:
            findings.append(_finding("warning", path, "is named like no volume of BraTS; ignored"))
        elif paths.setdefault(role, path) != path:
            findings.append(
                _finding("error", path, f"is the {role}, as {paths[role].name} is already")
            )
    if any(path.name.startswith(folder.name) for path in paths.values()):
        absent = [name for name in MODALITIES if name not in paths]
    else:
        absent = [] if paths.keys() & set(MODALITIES) else list(MODALITIES)
    if absent:
        fault = f"has no {', '.join(absent)}; expected {', '.join(MODALITIES)}"
        findings.append(Finding("error", folder.name, fault, folder.name))
    order = [role for role in (*MODALITIES, TRUTH, BRAIN) if role in paths]
    return VolumeFiles({role: paths[role] for role in order}, tuple(findings))


def _read_all(paths: Mapping[str, Path]) -> tuple[dict[str, Volume], tuple[Finding, ...]]:
    volumes, findings = {}, []
    for role, path in paths.items():
        try:
            volumes[role] = _read_as(role, path)
        except DataError as error:
            findings.append(_finding("error", path, error.message))
        else:
            findings += [_finding("warning", path, note) for note in volumes[role].assumed]
    return volumes, tuple(findings)


def _read_as(role: str, path: Path) -> Volume:
    volume = read_volume(path)
    if role == TRUTH:
        labels, assumed = labels_of(volume.values, path.name)
        return replace(volume, values=labels, assumed=(*volume.assumed, *assumed))
    values = volume.values
    bad = 0 if values.dtype.kind != "f" else int(np.count_nonzero(~np.isfinite(values)))
    if bad:
        share = "only" if bad == values.size else str(bad)
        raise DataError(f"holds {share} values that are no finite numbers (NaN or infinite)")
    if values.min() == values.max():
        raise DataError(f"is {values.flat[0]:g} everywhere")
    return volume


def _misplaced(paths: Mapping[str, Path], volumes: Mapping[str, Volume]) -> tuple[Finding, ...]:
    """Return an error for each volume that lies elsewhere than most of the patient's volumes."""
    if not volumes:
        return ()
    usual = _usual_grid([volume.grid for volume in volumes.values()])
    findings = []
    for role, volume in volumes.items():
        fault = difference(volume.grid, usual)
        if fault:
            findings.append(_finding("error", paths[role], fault))
        elif volume.grid.stored != usual.stored:
            note = f"has axes {volume.grid.stored}, the other volumes {usual.stored}; turned to match them in space"
            findings.append(_finding("warning", paths[role], note))
    return tuple(findings)


def _usual_grid(grids: Sequence[Grid]) -> Grid:
    def alike(grid: Grid) -> tuple[int, int]:
        same = [other for other in grids if not difference(grid, other)]
        return len(same), sum(other.stored == grid.stored for other in same)

    return max(grids, key=alike)


def _stack(values: Sequence[NDArray[np.generic]]) -> NDArray[np.float32]:
    # One type for all sets: the same patient in two releases then has the same hash.
    stack = np.empty((len(values), *values[0].shape), np.float32)
    for place, one in zip(stack, values, strict=True):
        place[...] = one
    return stack


def _by_name(folders: Sequence[Path]) -> tuple[dict[str, Path], tuple[Finding, ...]]:
    """Return the folders by name, and an error for each whose name another has."""
    places: dict[str, Path] = {}
    findings = []
    for folder in folders:
        first = places.setdefault(folder.name, folder)
        if first != folder:
            where = f"{folder.parent.name}/{folder.name}"
            fault = f"has the name of {first.parent.name}/{first.name}"
            findings.append(Finding("error", where, fault, folder.name))
    return places, tuple(findings)


def _folders(root: Path) -> list[Path]:
    """Return the folders in a folder, and those in its folders of grades."""
    found = []
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        if path.is_dir() and not path.name.startswith("."):
            found += _folders(path) if path.name in GRADES else [path]
    return found


def _is_patient(folder: Path) -> bool:
    return any(_is_volume(path.name) and role_of(path.name) for path in folder.iterdir())


def _is_volume(name: str) -> bool:
    # macOS leaves a ._NAME beside each NAME it copies.
    return not name.startswith(".") and SUFFIX.search(name) is not None


def _finding(severity: Literal["error", "warning"], path: Path, fault: str) -> Finding:
    return Finding(severity, f"{path.parent.name}/{path.name}", fault, path.parent.name)


SOURCE = Source(
    name="brats",
    layout="brats: PATIENT/PATIENT_t1.nii.gz, _t1ce, _t2, _flair and _seg, or the names of 2013 and 2023",
    generated=False,
    distance_unit="mm",
    modalities=MODALITIES,
    regions=REGIONS,
    fractions=(0.70, 0.15),
    detect=detect,
    locate=locate,
    files=files,
    read=read,
    person=person_of,
)
"""Read four modalities and the truth from NIfTI files."""
