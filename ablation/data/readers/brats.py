"""The layout of BraTS, 2013 to 2024: a folder per examination, a NIfTI file per modality and the truth.

    BraTS2021_00000/BraTS2021_00000_t1.nii.gz, _t1ce, _t2, _flair, _seg
    BraTS-GLI-00012-000/BraTS-GLI-00012-000-t1n.nii.gz, -t1c, -t2w, -t2f, -seg

One without truth is unlabelled. Since 2023 a person may have several, told apart by the last number.
Source: Menze et al. 2015, Baid et al. 2021.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ablation.data.findings import Finding
from ablation.data.readers.brats_names import (
    MODALITIES,
    REGIONS,
    files_of,
    is_volume,
    person_of,
    role_of,
    whose,
)
from ablation.data.readers.folders import folders_in, refuse_one_patient
from ablation.data.readers.reader import Located, Progress, Reader, Reading
from ablation.data.readers.words import side_of
from ablation.errors import DataError

if TYPE_CHECKING:
    from ablation.config.sections import DataConfig

GRADES = {"HGG", "LGG"}
"""Folders that the sets of 2017 to 2019 put between the data set and its patients."""


def detect(path: Path) -> bool:
    """Return whether the folder holds patients of this layout, or is one."""
    folders = [path, *_folders(path)] if path.is_dir() else []
    return any(_is_patient(folder) for folder in folders)


def locate(data: DataConfig, cache: Path, progress: Progress) -> Located:
    """Find the patient folders below `data.path`, one for each examination of a person."""
    del cache, progress
    root = Path(str(data.path))
    if _is_patient(root):
        refuse_one_patient(root)
    folders = [folder for folder in _folders(root) if _is_patient(folder)]
    if not folders:
        raise DataError(f"{root}: holds no patient folder", hint=f"Expected {READER.layout}.")
    ignored = tuple(
        Finding("warning", folder.name, "holds no volume of a patient; ignored")
        for folder in _folders(root)
        if folder not in folders
    )
    places, doubles = _by_name(folders)
    return Located(root, places, (*ignored, *doubles))


def read(folder: Path) -> Reading:
    """Read a patient's volumes in canonical order; every fault of every file is reported at once."""
    from ablation.data.readers.brats_volumes import read_volumes  # in here: start-up need not wait

    return read_volumes(folder)


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
    for path in folders_in(root):
        found += _folders(path) if path.name in GRADES else [path]
    return found


def _is_patient(folder: Path) -> bool:
    """Return whether a folder holds volumes of one patient, not images or masks of many."""
    if side_of(folder.name):
        return False
    roles: dict[str, list[str]] = defaultdict(list)
    for path in folder.iterdir():
        if is_volume(path.name) and (role := role_of(path.name)):
            roles[role].append(whose(path.name))
    return any(len(set(names)) == 1 for names in roles.values())


READER = Reader(
    name="brats",
    layout="brats: PATIENT/PATIENT_t1.nii.gz, _t1ce, _t2, _flair and _seg, or the names of 2013 and 2023",
    tree=(
        "scans/P1/P1_t1.nii.gz, P1_t1ce.nii.gz, P1_t2.nii.gz, P1_flair.nii.gz, P1_seg.nii.gz",
        "      P2/flair.nii.gz, seg.nii.gz (only the sequences that are used need be there)",
    ),
    distance_unit="mm",
    modalities=MODALITIES,
    targets=REGIONS,
    detect=detect,
    locate=locate,
    files=files_of,
    read=read,
    person=person_of,
)
"""Read four modalities and the truth from NIfTI files."""
