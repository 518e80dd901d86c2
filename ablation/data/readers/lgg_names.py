"""What the names of the lgg layout say: which slice a file is, and whose examination a folder."""

from __future__ import annotations

import re
from pathlib import Path

MODALITIES = ("pre", "flair", "post")
SLICE = re.compile(r"(?P<patient>.+)_(?P<number>\d+)(?P<mask>_mask)?\.tiff?", re.IGNORECASE)
DATED = re.compile(r"(?P<person>TCGA_[A-Z0-9]{2}_[A-Z0-9]{4})_\d{8}", re.IGNORECASE)
"""A patient's barcode in The Cancer Genome Atlas and the day of the examination."""


def files_of(folder: Path) -> tuple[Path, ...]:
    """Return all files of a patient's folder, in natural order."""
    return tuple(sorted((path for path in folder.iterdir() if path.is_file()), key=_natural))


def person_of(name: str) -> str:
    """Return what the names of all examinations of one person share.

    >>> person_of("TCGA_CS_4941_19960909"), person_of("P7_20010203")
    ('TCGA_CS_4941', 'P7_20010203')
    """
    match = DATED.fullmatch(name)
    return name if match is None else match["person"]


def _natural(path: Path) -> list[tuple[int, str]]:
    return [
        (int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", path.name)
    ]
