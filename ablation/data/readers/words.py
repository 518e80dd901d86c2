"""Words by which people name folders and files of images and masks."""

from __future__ import annotations

import re

MASKS = (
    *("label", "labels", "seg", "segs", "segm", "segmentation", "segmentations", "gt"),
    *("groundtruth", "truth", "truths", "ref", "reference", "mask", "masks", "manual"),
    *("annotation", "annotations", "roi", "rois", "lesion", "lesions"),
)
"""Words that say that something is a mask."""
IMAGES = (
    *("image", "images", "img", "imgs", "scan", "scans", "volume", "volumes", "raw"),
    *("dicom", "dicoms", "dcm", "input", "inputs", "picture", "pictures", "photo", "photos"),
)
"""Words that say that something is an image."""


def words_of(name: str) -> list[str]:
    """Return the words of a name in lower case.

    >>> words_of("labelsTr"), words_of("train-Masks_2")
    (['labels', 'tr'], ['train', 'masks', '2'])
    """
    parts = re.split(r"[._\- ]+|(?<=[a-z])(?=[A-Z])", name)
    return [part.casefold() for part in parts if part]


def without(name: str, words: tuple[str, ...]) -> str:
    """Return a file's name without the words it begins or ends with; "" where it is only words.

    >>> without("P1_seg", MASKS), without("mask-P1", MASKS), without("mask", MASKS)
    ('P1', 'P1', '')
    """
    listed = "|".join(sorted(words, key=len, reverse=True))
    before = ""
    while before != name:
        before = name
        name = re.sub(rf"^(?:{listed})(?:[._\- ]+|$)|[._\- ]+(?:{listed})$", "", name, flags=re.I)
    return name


def side_of(name: str) -> str:
    """Return which side a folder's name says: "mask", "image", or "" where it says neither or both.

    >>> side_of("train_masks"), side_of("imagesTr"), side_of("P1")
    ('mask', 'image', '')
    """
    words = {*words_of(name)}
    masks, images = bool(words & {*MASKS}), bool(words & {*IMAGES})
    return "" if masks == images else ("mask" if masks else "image")
