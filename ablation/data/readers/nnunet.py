"""The layout of nnU-Net's raw data sets, version 1 and 2, and of the Medical Segmentation Decathlon.

    dataset.json
    imagesTr/CASE_0000.nii.gz, CASE_0001.nii.gz     a file for each channel, or
    imagesTr/CASE.nii.gz                            one file with all channels (Decathlon)
    labelsTr/CASE.nii.gz

Source: https://github.com/MIC-DKFZ/nnUNet, documentation/dataset_format.md; Antonelli et al. 2022.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ablation.data.findings import Finding
from ablation.data.readers.cases import Case, Found, Source, in_order, relative
from ablation.data.readers.dataset_json import Description, read_description
from ablation.data.readers.endings import ending_of
from ablation.data.readers.own_scans import own_layout, reader_for
from ablation.data.readers.reader import Progress, Reader
from ablation.errors import DataError

if TYPE_CHECKING:
    from ablation.config.sections import DataConfig

JSON, IMAGES, MASKS = "dataset.json", "imagesTr", "labelsTr"
CHANNEL = re.compile(r"(?P<case>.+)_(?P<channel>\d{4})")


def detect(path: Path) -> bool:
    """Return whether the folder is a raw data set, or its folder of images."""
    return ((path / JSON).is_file() and (path / IMAGES).is_dir()) or _is_images(path)


def bind(data: DataConfig, cache: Path, progress: Progress) -> Reader:
    """Return the reader of one data set, with the channels and labels of its dataset.json.

    Raises:
        DataError: A dataset.json that cannot be used, or no image.
        UsageError: Labels in `data.targets` that it does not have.
    """
    del cache, progress
    from ablation.data.readers import label_meaning  # in here: start-up need not wait

    path = Path(str(data.path))
    root, images = (path.parent, path.name) if _is_images(path) else (path, IMAGES)
    if not (root / JSON).is_file() or not (root / images).is_dir():
        raise DataError(f"{path}: is no raw data set of nnU-Net", hint=f"Expected {READER.layout}.")
    described = read_description(root / JSON)
    found = _found(root, images, described)
    if data.targets:
        known = {label for labels in described.labels.values() for label in labels}
        meaning = label_meaning.asked(data.targets, known | {*described.ignored}, JSON)
    else:
        meaning = label_meaning.named(described.labels, JSON, described.ignored)
    return reader_for(READER, found, meaning)


def _is_images(path: Path) -> bool:
    return path.name.startswith("images") and (path.parent / JSON).is_file()


def _found(root: Path, images: str, described: Description) -> Found:
    """Pair the files of images with those of labels."""
    masks = root / images.replace("images", "labels")
    stored = [path for path in sorted((root / images).iterdir()) if ending_of(path)]
    if not stored:
        kinds = sorted({"".join(path.suffixes) for path in (root / images).iterdir()})
        holds = f"no image that can be read, only {', '.join(kinds)}" if kinds else "no file"
        raise DataError(
            f"{root / images}: holds {holds}",
            hint="Images are .nii.gz, .nii, .tif, .png or .jpg files; convert others to NIfTI.",
        )
    names = {path: path.name.removesuffix(ending_of(path)) for path in stored}
    several = any(CHANNEL.fullmatch(name) for name in names.values())
    own, findings = _channels(names, described, several, root)
    truths = {
        path.name.removesuffix(ending_of(path)): path
        for path in (sorted(masks.iterdir()) if masks.is_dir() else ())
        if ending_of(path)
    }
    order = in_order(described.channels)
    cases = {
        name: Case(
            name,
            {channel: files[channel] for channel in order if channel in files},
            truths.get(name),
        )
        for name, files in sorted(own.items())
    }
    if truths:
        findings += [
            Finding(
                "error",
                relative(masks / f"{name}{ending_of(min(case.files))}", root),
                f"is missing; {relative(min(case.files), root)} has no mask",
                name,
            )
            for name, case in cases.items()
            if case.mask is None
        ]
    findings += [
        Finding("error", relative(path, root), "has no image of its name in " + images, name)
        for name, path in truths.items()
        if name not in cases
    ]
    kind = "a file for each channel" if several else "a file for each case"
    said = f"nnU-Net raw data set or Decathlon: {len(cases)} cases in {images}, {kind}, channels {', '.join(described.channels)}"
    unused = [
        f.name
        for f in root.iterdir()
        if f.is_dir() and f.name in {"imagesTs", "labelsTs"} and f.name != images
    ]
    left = (
        (f"{', '.join(sorted(unused))} is not used: the patients of {images} are split anew",)
        if unused
        else ()
    )
    in_mm = all(ending_of(path).startswith(".nii") for path in stored)
    return Found(root, cases, order, tuple(findings), (said, *left), in_mm)


def _channels(
    names: Mapping[Path, str], described: Description, several: bool, root: Path
) -> tuple[dict[str, dict[str, Source]], list[Finding]]:
    """Return the sources of each case by channel, and an error for each file that fits no channel."""
    cases: dict[str, dict[str, Source]] = {}
    findings = []
    for path, name in names.items():
        match = CHANNEL.fullmatch(name)
        if several and match is None:
            fault = "has no channel number, as in CASE_0000; the other files have one"
            findings.append(Finding("error", relative(path, root), fault, name))
        elif match is not None and several:
            number = int(match["channel"])
            if number >= len(described.channels):
                fault = f"is channel {number}, dataset.json has {len(described.channels)} ({', '.join(described.channels)})"
                findings.append(Finding("error", relative(path, root), fault, match["case"]))
            else:
                own = cases.setdefault(match["case"], {})
                own[described.channels[number]] = Source(path)
        else:
            several_in_one = len(described.channels) > 1
            cases[name] = {
                channel: Source(path, number if several_in_one else None)
                for number, channel in enumerate(described.channels)
            }
    return cases, findings


READER = own_layout(
    name="nnunet",
    layout="nnunet: dataset.json, imagesTr/CASE_0000.nii.gz, labelsTr/CASE.nii.gz",
    tree=(
        "Dataset001_Name/dataset.json",
        "                imagesTr/P1_0000.nii.gz, P1_0001.nii.gz (Decathlon: P1.nii.gz with all channels)",
        "                labelsTr/P1.nii.gz",
    ),
    detect=detect,
    bind=bind,
)
"""Read nnU-Net's raw data sets and those of the Decathlon."""
