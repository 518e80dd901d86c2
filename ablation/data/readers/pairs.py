"""The layout of a folder of images and a folder of masks, or of images beside their masks.

images/P1.nii.gz, masks/P1.nii.gz                   also tif, png and jpg; other names of folders
imagesTr/P1_0000.nii.gz, labelsTr/P1.nii.gz         channels by number or by sequence
P1/image.nii.gz, P1/mask.nii.gz                     or images/P1/*.dcm, masks/P1.nii.gz
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ablation.data.readers.own_scans import own_layout, reader_for
from ablation.data.readers.pair_files import find_sides
from ablation.data.readers.reader import Progress, Reader
from ablation.errors import DataError

if TYPE_CHECKING:
    from ablation.config.sections import DataConfig


def detect(path: Path) -> bool:
    """Return whether there are images and masks that belong together, and no raw data set inside."""
    if any(path.glob("*/dataset.json")):
        return False
    sides = find_sides(path)
    return bool(sides.images and sides.masks)


def bind(data: DataConfig, cache: Path, progress: Progress) -> Reader:
    """Return the reader of one data set; without any mask, its cases are unlabelled.

    Raises:
        DataError: No image, or labels whose meaning must be given.
        UsageError: Labels in `data.targets` that no mask has.
    """
    from ablation.data.readers.found_labels import meaning_of  # in here: start-up need not wait
    from ablation.data.readers.pair_cases import cases_of

    root = Path(str(data.path))
    sides = find_sides(root)
    if not sides.images:
        raise DataError(f"{root}: holds no image", hint=f"Expected {READER.layout}.")
    found = cases_of(root, sides, data)
    return reader_for(READER, found, meaning_of(found, data, cache, progress))


READER = own_layout(
    name="pairs",
    layout="pairs: images/CASE.nii.gz and masks/CASE.nii.gz, or .tif, .png, .jpg, DICOM folders",
    tree=(
        "scans/images/P1.nii.gz, P2.nii.gz (or P1_0000.nii.gz, P1_0001.nii.gz; P1.png; P1/*.dcm)",
        "      masks/P1.nii.gz, P2.nii.gz (or P1_seg.nii.gz, P1_mask.png)",
    ),
    detect=detect,
    bind=bind,
)
"""Read images and masks that are paired by their names."""
