"""The volumes of a patient in the BraTS layout: told apart by name, checked, and read on one grid."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ablation.data.findings import Finding, errors_of
from ablation.data.grid import Grid, difference
from ablation.data.readers.brats_names import BRAIN, MODALITIES, TRUTH, files_of, role_of
from ablation.data.readers.brats_truth import brain_of, labels_of
from ablation.data.readers.folders import about_file
from ablation.data.readers.patients import Patient
from ablation.data.readers.reader import Reading
from ablation.data.readers.volumes import Volume, read_volume
from ablation.errors import DataError

OFFICIAL = re.compile(r"BraTS", re.IGNORECASE)
"""How the names of patients of BraTS begin."""


@dataclass(frozen=True, slots=True)
class VolumeFiles:
    """The files of a patient by role: modalities in canonical order, then truth and brain."""

    paths: Mapping[str, Path]
    findings: tuple[Finding, ...]


def read_volumes(folder: Path) -> Reading:
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

    Only the modalities that are used need be there. One that is missing from three others under a
    name of BraTS, whose sets have all four, is an accident.
    """
    paths: dict[str, Path] = {}
    findings = []
    for path in files_of(folder):
        role = role_of(path.name)
        if role is None:
            findings.append(
                about_file("warning", path, "is named like no volume of BraTS; ignored")
            )
        elif paths.setdefault(role, path) != path:
            findings.append(
                about_file("error", path, f"is the {role}, as {paths[role].name} is already")
            )
    present = [name for name in MODALITIES if name in paths]
    named = any(path.name.startswith(folder.name) for path in paths.values())
    if named and OFFICIAL.match(folder.name) and len(present) == len(MODALITIES) - 1:
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
            findings.append(about_file("error", path, error.message))
        else:
            findings += [about_file("warning", path, note) for note in volumes[role].assumed]
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
            findings.append(about_file("error", paths[role], fault))
        elif volume.grid.stored != usual.stored:
            note = f"has axes {volume.grid.stored}, the other volumes {usual.stored}; turned to match them in space"
            findings.append(about_file("warning", paths[role], note))
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
