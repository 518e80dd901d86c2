"""The slices of a patient in the lgg layout: pair images with masks, check and read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ablation.data.findings import Finding, errors_of
from ablation.data.readers.folders import about_file
from ablation.data.readers.lgg_names import MODALITIES, SLICE, files_of
from ablation.data.readers.patients import Patient
from ablation.data.readers.reader import Reading
from ablation.data.readers.tiff import Image, read_tiff
from ablation.errors import DataError


@dataclass(frozen=True, slots=True)
class SliceFiles:
    """The files of a patient by slice number."""

    images: Mapping[int, Path]
    masks: Mapping[int, Path]
    findings: tuple[Finding, ...]


def read_slices(folder: Path, *, may_lack_masks: bool = False) -> Reading:
    """Read a patient's slices in natural order; every fault of every file is reported at once.

    `may_lack_masks`: a patient without any mask has no truth, which is an error otherwise.
    """
    found = slice_files(folder)
    unlabelled = may_lack_masks and not found.masks
    images, image_faults = _read_all(found.images.values(), _refuse_image)
    masks, mask_faults = _read_all(found.masks.values(), _refuse_mask)
    paired = () if unlabelled else _pairing(folder, found)
    findings = (*found.findings, *paired, *image_faults, *mask_faults)
    findings += _odd_ones(images, masks)
    if errors_of(findings):
        return Reading(None, findings)
    order = sorted(found.images)
    volumes = np.stack([np.moveaxis(images[found.images[n]], -1, 0) for n in order], axis=1)
    names = tuple(found.images[n].name for n in order)
    if unlabelled:
        return Reading(Patient(folder.name, volumes, MODALITIES, None, None, names), findings)
    try:
        truth, assumed = labels_of(np.stack([masks[found.masks[n]] for n in order]))
    except DataError as error:
        return Reading(None, (*findings, Finding("error", folder.name, error.message, folder.name)))
    findings += tuple(Finding("warning", folder.name, fault, folder.name) for fault in assumed)
    findings += _copies_of_flair(folder.name, volumes)
    return Reading(Patient(folder.name, volumes, MODALITIES, truth, None, names), findings)


def slice_files(folder: Path) -> SliceFiles:
    """Sort a patient's files into images and masks; numbers given twice are errors."""
    images: dict[int, Path] = {}
    masks: dict[int, Path] = {}
    findings = []
    for path in files_of(folder):
        match = SLICE.fullmatch(path.name)
        if match is None or match["patient"] != folder.name:
            if path.suffix.lower() in {".tif", ".tiff"}:
                findings.append(
                    about_file("warning", path, "is named like no slice of this patient; ignored")
                )
            continue
        kind = masks if match["mask"] else images
        other = kind.setdefault(int(match["number"]), path)
        if other != path:
            findings.append(about_file("error", path, f"has the slice number of {other.name}"))
    return SliceFiles(images, masks, tuple(findings))


def labels_of(masks: Image) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Return labels 0 and 1 in the shape of the masks, and what had to be assumed.

    Two values are background and tumour, whatever they are. Grey values come from smoothing or
    resizing: from half of the largest value up is tumour.

    Raises:
        DataError: A few small values, which are labels of something rather than grey.
    """
    levels = masks.astype(np.int64)
    values = np.unique(levels)
    top = int(values[-1])
    if len(values) == 1 or (len(values) == 2 and values[0] == 0):
        assumed = f"masks hold 0 and {top}, not 0 and 255; every value above 0 is read as tumour"
        return (levels > 0).astype(np.uint8), () if top in {0, 255} else (assumed,)
    if top < 8:
        listed = ", ".join(str(value) for value in values)
        raise DataError(f"masks hold {listed}: these are labels, expected 0 and 255")
    grey = int(np.count_nonzero((levels > 0) & (levels < top)))
    assumed = f"masks hold {grey} grey pixels; {top} / 2 and above is read as tumour"
    return (2 * levels >= top).astype(np.uint8), (assumed,)


def _read_all(
    paths: Iterable[Path], refuse: Callable[[Image], None]
) -> tuple[dict[Path, Image], tuple[Finding, ...]]:
    arrays, findings = {}, []
    for path in paths:
        try:
            array = read_tiff(path)
            refuse(array)
        except DataError as error:
            findings.append(about_file("error", path, error.message))
        else:
            arrays[path] = array
    return arrays, tuple(findings)


def _refuse_image(image: Image) -> None:
    if image.ndim != 3 or image.shape[-1] != len(MODALITIES):
        raise DataError(
            f"is {_size(image.shape)}, expected rows x columns x 3 ({', '.join(MODALITIES)})"
        )
    if image.dtype.kind == "f":
        bad = int(np.count_nonzero(~np.isfinite(image)))
        if bad:
            raise DataError(f"holds {bad} values that are no finite numbers (NaN or infinite)")


def _refuse_mask(mask: Image) -> None:
    if mask.ndim != 2:
        raise DataError(f"is {_size(mask.shape)}, expected a mask of rows x columns")
    if mask.dtype.kind not in "biu":
        raise DataError(f"holds {mask.dtype} values, expected whole numbers from 0 to 255")
    if mask.dtype.kind == "i" and mask.min() < 0:
        raise DataError(f"holds {mask.min()}, expected whole numbers from 0 to 255")


def _pairing(folder: Path, found: SliceFiles) -> tuple[Finding, ...]:
    """Return what is missing: masks, images (errors) and slice numbers (a warning)."""
    images, masks = found.images, found.masks
    if images and not masks:
        return (
            Finding(
                "error", folder.name, f"no mask for any of its {len(images)} slices", folder.name
            ),
        )
    lacking = [
        about_file(
            "error",
            path.with_name(f"{path.stem}_mask{path.suffix}"),
            f"is missing; {path.name} has no mask",
        )
        for number, path in images.items()
        if number not in masks
    ]
    orphans = [
        about_file(
            "error",
            path.with_name(path.name.replace("_mask", "")),
            f"is missing; {path.name} has no image",
        )
        for number, path in masks.items()
        if number not in images
    ]
    numbers = images.keys() | masks.keys()
    gaps = [str(n) for n in range(min(numbers), max(numbers)) if n not in numbers]
    gap = f"no slice {', '.join(gaps)}; the slices around it are read as neighbours"
    warnings = [Finding("warning", folder.name, gap, folder.name)] if gaps else []
    return (*lacking, *orphans, *warnings)


def _odd_ones(images: Mapping[Path, Image], masks: Mapping[Path, Image]) -> tuple[Finding, ...]:
    """Return an error for each image and mask unlike most of the patient's images."""
    kinds = {path: (image.shape, str(image.dtype)) for path, image in images.items()}
    if not kinds:
        return ()
    ((usual, _),) = Counter(kinds.values()).most_common(1)
    expected = f"{_size(usual[0])} {usual[1]}"
    odd_images = (
        about_file("error", path, f"is {_size(shape)} {dtype}, the other slices are {expected}")
        for path, (shape, dtype) in kinds.items()
        if (shape, dtype) != usual
    )
    odd_masks = (
        about_file("error", path, f"is {_size(mask.shape)}, the images are {_size(usual[0][:2])}")
        for path, mask in masks.items()
        if mask.shape != usual[0][:2]
    )
    return (*odd_images, *odd_masks)


def _copies_of_flair(patient: str, volumes: Image) -> tuple[Finding, ...]:
    # The data set fills a sequence that was not acquired with FLAIR (its README).
    return tuple(
        Finding(
            "warning",
            patient,
            f"{name} equals flair in every slice: this sequence was not acquired",
            patient,
            sequence=name,
        )
        for name, volume in zip(MODALITIES, volumes, strict=True)
        if name != "flair" and np.array_equal(volume, volumes[1])
    )


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(str(side) for side in shape)
