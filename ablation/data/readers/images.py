"""Scans without any layout, for a trained network: one image, or a folder of images.

CASE.nii.gz, CASE.png, ...                      a network of one modality
CASE_0000.nii.gz, CASE_0001.nii.gz, ...         a file for each modality, in their order
CASE/ (a folder of DICOM files)                 a series
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ablation.data.readers.cases import Case, Found, Source
from ablation.data.readers.own_scans import reader_for, unlocated, unread
from ablation.data.readers.reader import Reader
from ablation.errors import DataError

NUMBERED = re.compile(r"(?P<case>.+)_(?P<channel>\d{4})")


def images_reader(path: Path, modalities: Sequence[str]) -> Reader:
    """Return what reads the images at a path as scans of these modalities.

    Args:
        path: An image, or a folder of images or of DICOM series.
        modalities: Of the network, in the order of the files' numbers.

    Raises:
        DataError: No image, or not one for each modality.
    """
    from ablation.data.readers.label_meaning import Meaning  # in here: start-up need not wait

    files = _images(path)
    if not files:
        raise DataError(
            f"{path}: holds no image that can be read",
            hint="Name a NIfTI, TIFF, PNG or JPEG image, a folder of such images or of DICOM "
            "series, or a folder in a layout that ablate data check knows.",
        )
    cases = _cases(files, tuple(modalities))
    found = Found(
        root=path if path.is_dir() and path not in files.values() else path.parent,
        cases=cases,
        channels=tuple(modalities),
    )
    return reader_for(READER, found, Meaning({}, frozenset(), ""))


def _images(path: Path) -> dict[str, Path]:
    """Return the images at a path by their names without ending."""
    from ablation.data.readers.dicom import dicom_files
    from ablation.data.readers.endings import ending_of

    if path.is_file():
        inside = [path]
    elif dicom_files(path):
        return {path.resolve().name: path}
    else:
        inside = sorted(path.iterdir())
    found: dict[str, Path] = {}
    for one in inside:
        if one.is_dir() and dicom_files(one):
            name = one.name
        elif one.is_file() and (ending := ending_of(one)):
            name = one.name[: -len(ending)]
        else:
            continue
        if (other := found.setdefault(name, one)) is not one:
            raise DataError(
                f"{one.parent}: {other.name} and {one.name} are both images of case {name}",
                hint="Keep one of the two in this folder.",
            )
    return found


def _cases(files: dict[str, Path], modalities: tuple[str, ...]) -> dict[str, Case]:
    numbered = {name: NUMBERED.fullmatch(name) for name in files}
    channels: dict[str, dict[str, Source]] = {}
    if len(modalities) == 1 and not all(
        match and int(match["channel"]) == 0 for match in numbered.values()
    ):
        channels = {name: {modalities[0]: Source(file)} for name, file in files.items()}
        return {name: Case(name, images, None) for name, images in channels.items()}
    for name, file in files.items():
        match = numbered[name]
        if match is None or int(match["channel"]) >= len(modalities):
            raise DataError(
                f"{file}: the network needs {', '.join(modalities)}; the name does not say which "
                "of these it is",
                hint="Name the images CASE_0000, CASE_0001, ..., one number for each modality in "
                "this order.",
            )
        number = int(match["channel"])
        channels.setdefault(match["case"], {})[modalities[number]] = Source(file)
    for case, images in channels.items():
        if lacking := [name for name in modalities if name not in images]:
            missing = ", ".join(f"{case}_{modalities.index(name):04d} ({name})" for name in lacking)
            raise DataError(
                f"case {case} has no image {missing}",
                hint="Add it; the network needs every modality of a case.",
            )
    return {case: Case(case, images, None) for case, images in channels.items()}


READER = Reader(
    name="images",
    layout="images: CASE.nii.gz, or CASE_0000.nii.gz and CASE_0001.nii.gz for two modalities",
    distance_unit="mm",
    modalities=(),
    targets={},
    detect=lambda _: False,
    locate=unlocated,
    files=lambda _: (),
    read=unread,
)
"""Not among the layouts that are trained on: there is no truth."""
