"""The refusal of a folder of no known layout: what it holds, and what each layout looks like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from ablation.data.readers.reader import Reader
from ablation.errors import DataError
from ablation.errors.words import counted

DEPTH = 4
MOST_FILES = 20_000
"""Files that are looked at; a folder with more is no folder of scans alone."""
ARRAYS = (".npy", ".npz", ".h5", ".hdf5", ".pkl", ".pickle", ".mat")
"""Endings of arrays that were prepared by a program."""
OTHERS = {
    ".mha": "convert to NIfTI",
    ".mhd": "convert to NIfTI",
    ".nrrd": "convert to NIfTI",
    ".gif": "convert to PNG",
    ".bmp": "convert to PNG",
    ".zip": "unpack it",
    ".gz": "unpack it",
    ".tar": "unpack it",
    ".tgz": "unpack it",
}
"""Endings of files that are not read, and what to do with them."""


def refuse_unknown_layout(path: Path, readers: Mapping[str, Reader]) -> DataError:
    """Return the error about a folder, or a file, that no layout knows.

    Args:
        path: What was given as data.
        readers: All layouts.
    """
    files = [path] if path.is_file() else list(_files(path, DEPTH))
    endings = Counter(_ending(file) for file in files)
    folders = len({file.parent for file in files})
    listed = ", ".join(
        f"{count} {ending or 'without ending'}" for ending, count in endings.most_common(6)
    )
    held = f"found {listed} in {counted(folders, 'folder')}" if files else "it is empty"
    what = "is no table of scans" if path.is_file() else "holds no patients of a known layout"
    return DataError(
        f"{path}: {what}: {held}",
        hint="\n".join([*_advice(path, endings, readers), "Known layouts:", *_trees(readers)]),
    )


def _advice(path: Path, endings: Mapping[str, int], readers: Mapping[str, Reader]) -> Iterator[str]:
    inside = [
        (folder, name)
        for folder in _folders(path)
        for name, reader in readers.items()
        if reader.detect(folder)
    ]
    if inside:
        listed = ", ".join(f"{folder} ({name})" for folder, name in inside[:3])
        yield f"Name the folder of the scans: {listed}."
    if any(ending in ARRAYS for ending in endings):
        yield (
            "Arrays such as X_train.npy do not say which patient a slice is of, so that nothing can be "
            "split or tested by patient. Give the scans they were made from; or write each case as "
            "NIfTI or PNG and list them in a CSV with the column patient."
        )
    for ending, advice in OTHERS.items():
        if ending in endings:
            yield f"{ending} files are not read: {advice}."


def _trees(readers: Mapping[str, Reader]) -> Iterator[str]:
    for reader in readers.values():
        if not reader.generated:
            yield reader.layout
            yield from (f"    {line}" for line in reader.tree)


def _files(folder: Path, depth: int) -> Iterator[Path]:
    for number, path in enumerate(sorted(folder.iterdir())):
        if number >= MOST_FILES:
            return
        if path.is_dir():
            if depth and not path.name.startswith("."):
                yield from _files(path, depth - 1)
        elif not path.name.startswith("."):
            yield path


def _folders(path: Path) -> list[Path]:
    """Return the folders in a folder, and those in them."""
    if not path.is_dir():
        return [path.parent] if path.is_file() else []
    first = [one for one in sorted(path.iterdir()) if one.is_dir()][:50]
    return [*first, *(two for one in first for two in sorted(one.iterdir())[:50] if two.is_dir())]


def _ending(file: Path) -> str:
    name = file.name.lower()
    return ".nii.gz" if name.endswith(".nii.gz") else file.suffix.lower()
