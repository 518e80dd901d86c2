"""Layouts of scans: one file each, registered here.

READERS["lgg"].detect(Path("scans"))
"""

from __future__ import annotations

from ablation.data.readers import brats, lgg, nnunet, pairs, phantom, table
from ablation.data.readers.reader import Reader
from ablation.plugins import Registry

READERS: Registry[Reader] = Registry(
    "layout",
    [table.READER, nnunet.READER, lgg.READER, brats.READER, pairs.READER, phantom.READER],
)
"""Every layout that can be read, in the order in which a folder is tried."""

__all__ = ["READERS", "Reader", "person_of"]


def person_of(name: str) -> str:
    """Return what the names of one person's examinations share where the layout is not known.

    >>> person_of("BraTS-GLI-02060-101"), person_of("TCGA_CS_4941_19960909"), person_of("P7")
    ('BraTS-GLI-02060', 'TCGA_CS_4941', 'P7')
    """
    persons = (reader.person(name) for reader in READERS.values())
    return next((person for person in persons if person != name), name)
