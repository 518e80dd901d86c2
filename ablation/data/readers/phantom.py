"""Generated patients: brain-like, deterministic, made when first needed and kept in the cache."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ablation.data.readers.reader import Located, Progress, Reader, Reading

if TYPE_CHECKING:
    from ablation.config.sections import DataConfig

MODALITIES = ("t1", "t1ce", "t2", "flair")


def locate(data: DataConfig, cache: Path, progress: Progress) -> Located:
    """Return the wanted patients in the cache, after generating those that are not there."""
    from ablation.data.readers.phantom_patients import find  # in here: start-up need not wait

    return find(data, cache, progress)


def read(place: Path) -> Reading:
    """Read a generated patient from the cache."""
    from ablation.data.readers.phantom_patients import load  # in here: start-up need not wait

    return load(place)


READER = Reader(
    name="phantom",
    layout="phantom: generated, no folder",
    generated=True,
    distance_unit="mm",
    modalities=MODALITIES,
    targets={"WT": (1, 2, 4), "TC": (1, 4), "ET": (4,)},
    fractions=(0.50, 0.20),
    detect=lambda _: False,
    locate=locate,
    files=lambda place: (place,),
    read=read,
)
