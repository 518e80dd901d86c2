"""Tell images from masks in the folders of somebody's own: by names of folders, then of files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ablation.data.readers.endings import ending_of
from ablation.data.readers.words import MASKS, side_of, without, words_of

DEPTH = 4
"""Levels of folders that are looked through."""
DICOM = ".dcm"


@dataclass(frozen=True, slots=True)
class Sides:
    """The images and the masks of a folder; a folder of DICOM slices stands for its image."""

    images: tuple[Path, ...]
    masks: tuple[Path, ...]
    how: str
    """By what they were told apart."""


def find_sides(root: Path) -> Sides:
    """Return the images and masks below a folder."""
    items = tuple(items_in(root)) if root.is_dir() else ()
    for told in (_by_folders, _by_names, _by_two_folders):
        sides = told(root, items)
        if sides.images and sides.masks:
            return sides
    return Sides(items, (), "no mask by its name")


def items_in(folder: Path, depth: int = DEPTH) -> Iterator[Path]:
    """Yield the images below a folder, sorted: files that can be read, and folders of DICOM slices."""
    entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    if any(path.suffix.lower() == DICOM for path in entries):
        yield folder
        return
    for path in entries:
        if path.is_dir():
            if depth:
                yield from items_in(path, depth - 1)
        elif ending_of(path):
            yield path
    if _holds_bare_dicom(entries):
        yield folder


def stem_of(path: Path) -> str:
    """Return a file's name without its ending; of a folder of DICOM slices its name."""
    ending = "" if path.is_dir() else ending_of(path)
    return path.name[: len(path.name) - len(ending)]


def folders_above(root: Path, path: Path) -> tuple[str, ...]:
    """Return the names of the folders between the data set's and a file."""
    return path.relative_to(root).parts[:-1]


def _by_folders(root: Path, items: Sequence[Path]) -> Sides:
    """Tell them by the folders they lie in: images and masks, imagesTr and labelsTr, ..."""
    sides: dict[str, list[Path]] = {"image": [], "mask": [], "": []}
    for path in items:
        said = [side for name in folders_above(root, path) if (side := side_of(name))]
        sides[said[-1] if said else ""].append(path)
    # A folder with another name than the masks' is that of the images, where no folder says so.
    images = sides["image"] or sides[""]
    names = sorted({name for path in items for name in folders_above(root, path) if side_of(name)})
    return Sides(tuple(images), tuple(sides["mask"]), f"by folders: {', '.join(names)}")


def _by_names(root: Path, items: Sequence[Path]) -> Sides:
    """Tell them by the first or last word of each file: P1_seg, mask_P1, mask."""
    del root
    masks = [path for path in items if without(stem_of(path), MASKS) != stem_of(path)]
    images = [path for path in items if path not in masks]
    words = sorted({words_of(stem_of(path))[-1] for path in masks} & {*MASKS})
    return Sides(tuple(images), tuple(masks), f"by names with {', '.join(words) or 'a mask word'}")


def _by_two_folders(root: Path, items: Sequence[Path]) -> Sides:
    """Tell two folders with files of the same names by what the first file of each holds."""
    folders = sorted({path.parent for path in items if path.parent != root})
    if len(folders) != 2:
        return Sides((), (), "")
    left, right = (tuple(path for path in items if path.parent == one) for one in folders)
    if {stem_of(path) for path in left} != {stem_of(path) for path in right}:
        return Sides((), (), "")
    from ablation.data.readers.pictures import looks_like_mask  # in here: start-up need not wait

    looks = [looks_like_mask(side[0]) for side in (left, right)]
    if looks[0] == looks[1]:
        return Sides((), (), "")
    images, masks = (right, left) if looks[0] else (left, right)
    how = f"by content: {masks[0].parent.name} holds few values, {images[0].parent.name} many"
    return Sides(images, masks, how)


def _holds_bare_dicom(entries: Sequence[Path]) -> bool:
    """Tell whether a folder holds DICOM files without an ending."""
    from ablation.data.readers.endings import is_dicom

    bare = [path for path in entries if path.is_file() and not ending_of(path)]
    return bool(bare) and is_dicom(bare[0])
