"""The cases of a data set of somebody's own: which files each has, and how they are read.

The layouts nnunet, pairs and table find the cases; everything behind that is the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ablation.data.findings import Finding

SEQUENCES = ("t1", "t1ce", "t2", "flair")
"""Names that layouts of brain scans share, in the order in which they are kept."""
SPELLINGS = {
    **dict.fromkeys(("t1", "t1w", "t1n"), "t1"),
    **dict.fromkeys(("t1ce", "t1c", "t1gd", "t1post", "t1contrast"), "t1ce"),
    **dict.fromkeys(("t2", "t2w"), "t2"),
    **dict.fromkeys(("flair", "t2f", "t2flair"), "flair"),
}
NAMELESS = "image"
"""What the only channel is called where nothing names it."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a channel of a case is kept."""

    path: Path
    """A file, or the folder of a DICOM series."""
    channel: int | None = None
    """Which one of a file with several; None: the only one."""


@dataclass(frozen=True, slots=True)
class Case:
    """The files of one case: an examination, or a two-dimensional image."""

    name: str
    images: Mapping[str, Source]
    """By channel, in the order of the data set's channels."""
    mask: Path | None
    spacing_mm: tuple[float, float, float] | None = None
    """Slice, row, column; None: as the file says."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file there is, each once."""
        paths = dict.fromkeys(source.path for source in self.images.values())
        found: list[Path] = []
        for path in (*paths, *([] if self.mask is None else [self.mask])):
            found += sorted(path.iterdir()) if path.is_dir() else [path]
        return tuple(path for path in found if path.is_file())


@dataclass(frozen=True, slots=True)
class Found:
    """The cases of a data set, as one of the layouts found them."""

    root: Path
    cases: Mapping[str, Case]
    channels: tuple[str, ...]
    """Names of the images a case can have, in the order of `in_order`."""
    findings: tuple[Finding, ...] = ()
    said: tuple[str, ...] = ()
    in_mm: bool = True
    """Whether the voxel size is known."""
    persons: Mapping[str, str] = field(default_factory=dict)
    """Whose examination a case is, where the files say."""


def channel_name(text: str) -> str:
    """Return the name of a channel as all layouts write it.

    >>> channel_name("T1Gd"), channel_name("FLAIR"), channel_name(" ADC map ")
    ('t1ce', 'flair', 'adc_map')
    """
    plain = "".join(c for c in text.casefold() if c.isalnum())
    return SPELLINGS.get(plain, "_".join(text.casefold().split()) or NAMELESS)


def in_order(names: Mapping[str, object] | tuple[str, ...]) -> tuple[str, ...]:
    """Return channels in the order in which all layouts keep them.

    >>> in_order(("pet", "flair", "ct", "t1"))
    ('t1', 'flair', 'ct', 'pet')
    """
    known = tuple(name for name in SEQUENCES if name in names)
    return (*known, *sorted(name for name in names if name not in SEQUENCES))


def twice(names: list[str], root: Path) -> tuple[Finding, ...]:
    """Return an error for each name that several cases have."""
    return tuple(
        Finding("error", name, f"is the name of {count} cases in {root.name}", name)
        for name, count in Counter(names).items()
        if count > 1
    )


def relative(path: Path, root: Path) -> str:
    """Return a path as findings name it: below the data set's folder where it lies there."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
