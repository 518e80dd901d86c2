"""Which files can hold an image or a mask, told by their names and first bytes."""

from __future__ import annotations

from pathlib import Path

NIFTI = (".nii", ".nii.gz")
TIFF = (".tif", ".tiff")
LOSSY = (".jpg", ".jpeg")
FLAT = (*TIFF, ".png", *LOSSY)
"""Endings of files that hold one slice and say nothing about its place."""
ENDINGS = (*NIFTI[::-1], *FLAT)
DICOM = ".dcm"
TABLES = (".csv", ".tsv")
MAGIC_AT, MAGIC = 128, b"DICM"


def ending_of(path: Path) -> str:
    """Return the ending of a file that can be read, "" for any other; macOS leaves a ._NAME behind.

    >>> ending_of(Path("P1.nii.gz")), ending_of(Path("P1.txt")), ending_of(Path("._P1.png"))
    ('.nii.gz', '', '')
    """
    name = path.name.lower()
    return "" if name.startswith(".") else next((e for e in ENDINGS if name.endswith(e)), "")


def is_dicom(path: Path) -> bool:
    """Tell by its ending, or without one by its content, whether a file is DICOM."""
    if path.suffix.lower() == DICOM:
        return True
    if path.suffix and not path.suffix[1:].isdigit():
        return False
    with path.open("rb") as file:
        return file.read(MAGIC_AT + len(MAGIC))[MAGIC_AT:] == MAGIC
