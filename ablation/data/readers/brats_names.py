"""What the names of BraTS files say: which volume a file is, and how its labels are numbered.

Flair_subtrMeanDivStd.nii.gz, OTMultiClass.nii.gz     2013, and what was made from it
Brats18_2013_2_1_t1ce.nii.gz, BraTS20_Training_001_seg.nii, BraTS2021_00000_t1.nii.gz
BraTS-GLI-00012-000-t1c.nii.gz                        2023 on: kind, patient, time point
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from ablation.data.readers.visits import person_by_words
from ablation.errors import DataError

MODALITIES = ("t1", "t1ce", "t2", "flair")
TRUTH, BRAIN = "truth", "brain"
NAMES_OF_2013 = ("ot", "otmulticlass")
"""What a truth is called in 2013 and 2015, when 3 was non-enhancing tumour."""
ROLES = {
    **dict.fromkeys(("t1", "t1n"), "t1"),
    **dict.fromkeys(("t1ce", "t1c", "t1gd"), "t1ce"),
    **dict.fromkeys(("t2", "t2w"), "t2"),
    **dict.fromkeys(("flair", "t2f"), "flair"),
    **dict.fromkeys(("seg", "segm", *NAMES_OF_2013), TRUTH),
    "brainmask": BRAIN,
}
"""What the words in a file's name stand for, in all years."""
SUFFIX = re.compile(r"\.nii(\.gz)?$", re.IGNORECASE)
DASHED = re.compile(r"BraTS-(?P<kind>[A-Z]+)-(?P<patient>\d+)-(?P<scan>\d+)", re.IGNORECASE)
"""The names since 2023; the last number counts the examinations of one person."""
FIRST_AFTER_TREATMENT = 2000
"""BraTS-GLI patients from this number on came in 2024, most of them operated on."""

Table = Mapping[int, int]
NECROSIS, OEDEMA, NON_ENHANCING, ENHANCING = 1, 2, 3, 4
REGIONS = {
    "WT": (NECROSIS, OEDEMA, NON_ENHANCING, ENHANCING),
    "TC": (NECROSIS, NON_ENHANCING, ENHANCING),
    "ET": (ENHANCING,),
}
"""Targets in the numbering of 2013, which all others are brought to. Source: Menze et al. 2015."""
YEAR_2013: Table = {0: 0, 1: NECROSIS, 2: OEDEMA, 3: NON_ENHANCING, 4: ENHANCING}
YEAR_2017: Table = {0: 0, 1: NECROSIS, 2: OEDEMA, 4: ENHANCING}
YEAR_2023: Table = {0: 0, 1: NECROSIS, 2: OEDEMA, 3: ENHANCING}
SWAPPED: Table = {0: 0, 1: OEDEMA, 2: NECROSIS, 3: ENHANCING}
"""The Decathlon, and nnU-Net's conversions of BraTS."""
SWAPPED_OEDEMA = 1
"""What oedema is there."""
YEAR_2024: Table = {**YEAR_2023, 4: 0}


def role_of(name: str) -> str | None:
    """Return which volume a file holds: a modality, truth, brain, or None when its name says none.

    The last word that says something counts.

    >>> role_of("BraTS-GLI-00012-000-t1c.nii.gz"), role_of("Flair_subtrMeanDivStd.nii.gz")
    ('t1ce', 'flair')
    """
    return ROLES.get(_telling_word(name))


def files_of(folder: Path) -> tuple[Path, ...]:
    """Return the NIfTI files of a patient's folder, sorted."""
    named = (path for path in folder.iterdir() if is_volume(path.name) and path.is_file())
    return tuple(sorted(named))


def is_volume(name: str) -> bool:
    """Return whether a file is named like a volume."""
    # macOS leaves a ._NAME beside each NAME it copies.
    return not name.startswith(".") and SUFFIX.search(name) is not None


def person_of(name: str) -> str:
    """Return what the names of all examinations of one person share.

    >>> person_of("BraTS-GLI-02060-101"), person_of("BraTS2021_00000")
    ('BraTS-GLI-02060', 'BraTS2021_00000')
    >>> person_of("brats_tcia_pat153_0002"), person_of("Brats18_TCIA01_131_1")
    ('brats_tcia_pat153', 'Brats18_TCIA01_131')
    """
    match = DASHED.fullmatch(name)
    return person_by_words(name) if match is None else name[: match.end("patient")]


def numbering(name: str, found: Collection[int], oedema: int | None = None) -> tuple[Table, str]:
    """Return what each label of a truth file means, and what had to be assumed.

    Args:
        name: Of the truth file.
        found: Labels in it; all are among 0 to 4.
        oedema: Which of the labels 1 and 2 lies at the rim of the tumour, as oedema does; None
            where that is not clear.

    Raises:
        DataError: The labels can mean two things under this name.
    """
    dashed = DASHED.match(name)
    if dashed is not None:
        return _since_2023(dashed["kind"].upper(), int(dashed["patient"]), found)
    if 3 not in found:
        return YEAR_2017, ""
    if _telling_word(name) in NAMES_OF_2013:
        return YEAR_2013, ""
    if ENHANCING in found:
        return YEAR_2013, (
            "labels 3 and 4 both occur; read as in 2013: 3 non-enhancing, 4 enhancing tumour"
        )
    if oedema == SWAPPED_OEDEMA:
        return SWAPPED, (
            "label 3 occurs and 4 does not, and label 1 lies at the rim of the tumour: 1 is read as oedema, "
            "2 as necrosis, 3 as enhancing tumour, as in the Decathlon and nnU-Net's conversions; check it"
        )
    return YEAR_2023, "label 3 occurs and 4 does not; 3 is read as enhancing tumour, as in 2023"


def whose(name: str) -> str:
    """Return what a file's name says before the word for its role.

    >>> whose("BraTS2021_00000_flair.nii.gz"), whose("Flair_subtrMeanDivStd.nii.gz")
    ('brats2021_00000', '')
    """
    words = re.split(r"[._-]", SUFFIX.sub("", name.lower()))
    telling = _telling_word(name)
    return "_".join(words[: len(words) - 1 - words[::-1].index(telling)]) if telling else ""


def _telling_word(name: str) -> str:
    words = re.split(r"[._-]", SUFFIX.sub("", name.lower()))
    return next((word for word in reversed(words) if word in ROLES), "")


def _since_2023(kind: str, patient: int, found: Collection[int]) -> tuple[Table, str]:
    if kind.startswith("PED"):
        # The children's sets of 2023 and 2024 share their names but not their numbers.
        if 4 in found:
            raise DataError("holds label 4: the numbering of BraTS-PED 2024 is not supported")
        return YEAR_2023, "labels are read as in 2023: 3 is enhancing tumour"
    if 4 not in found:
        return YEAR_2023, ""
    if kind == "GLI" and patient < FIRST_AFTER_TREATMENT and 3 not in found:
        return YEAR_2017, (
            "label 4 occurs and 3 does not; 4 is read as enhancing tumour, as before 2023"
        )
    return YEAR_2024, "label 4 is read as resection cavity, as in 2024: part of no target"
