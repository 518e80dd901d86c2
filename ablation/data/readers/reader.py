"""What a layout of scans declares: where patients are, which files they have, how to read one.

A layout is one module here with a `READER`, and one line in `READERS` (readers/__init__.py). What it
needs to open files is imported when a patient is read, so that its facts are known at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ablation.data.findings import Finding

if TYPE_CHECKING:
    from ablation.config.sections import DataConfig
    from ablation.data.readers.patients import Patient

Progress = Callable[[str], None]
"""Called with a line about what is being done."""
PACE_S = 2.0
"""Seconds between two lines of progress."""


def silent(line: str) -> None:
    """Say nothing: the progress of who does not want any."""
    del line


@dataclass(frozen=True, slots=True)
class Located:
    """The patients of a data set, before anything is read."""

    root: Path
    """Folder that file names in findings are relative to."""
    places: Mapping[str, Path]
    """Folder or file of each patient."""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """A patient, or none when a finding is an error."""

    patient: Patient | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """One layout of scans on disk.

    Example:
        >>> from ablation.data.readers import READERS
        >>> READERS["brats"].person("BraTS-GLI-02060-101")
        'BraTS-GLI-02060'
    """

    name: str
    """What `data.source` calls it; also the experiment's name where none is given."""
    layout: str
    """The layout in a line, for the error about a folder of no known layout."""
    distance_unit: Literal["mm", "px"]
    """Unit of distances: "px" where the files carry no voxel size."""
    modalities: tuple[str, ...]
    """Images that a patient of this layout can have, in the order they are read."""
    targets: Mapping[str, tuple[int, ...]]
    """Labels of the truth that make up each target, largest region first."""
    detect: Callable[[Path], bool]
    """Whether a folder looks like this layout."""
    locate: Callable[[DataConfig, Path, Progress], Located]
    """Find the patients; arguments: settings, cache folder, progress."""
    files: Callable[[Path], tuple[Path, ...]]
    """Files of the patient at a place: while none of them changes, the patient is not read again."""
    read: Callable[[Path], Reading]
    """Read and check the patient at a place; a fault is a finding that names the file, no exception."""
    person: Callable[[str], str] = str
    """What the names of all examinations of one person share; the name itself where all differ."""
    fractions: tuple[float, float] = (0.70, 0.15)
    """Default shares of patients for training and validation; the rest is test."""
    generated: bool = False
    """Whether patients are made, not found in a folder."""
    bind: Callable[[DataConfig, Path, Progress], Reader] | None = None
    """Return the reader of one data set, where modalities and targets are known only from its files;
    arguments: settings, cache folder, progress. None: they are the same for all."""
    tree: tuple[str, ...] = ()
    """An example of its folders and files, line by line."""
    key: str = ""
    """What else than the files decides how a patient is read; part of what is remembered of them."""
    read_unlabelled: Callable[[Path], Reading] | None = None
    """Read a patient that may have no truth at all; None: `read` does."""
    said: tuple[str, ...] = ()
    """What was found in this data set and what was assumed about it, in sentences."""


def largest_first(targets: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Return targets in the order of how many labels they have.

    >>> largest_first({"ET": (3,), "WT": (1, 2, 3)})
    {'WT': (1, 2, 3), 'ET': (3,)}
    """
    return dict(sorted(targets.items(), key=lambda target: -len(target[1])))


def paced(progress: Progress) -> Progress:
    """Let a line through at once, and then one every two seconds."""
    due = 0.0

    def pace(line: str) -> None:
        nonlocal due
        if time.monotonic() >= due:
            due = time.monotonic() + PACE_S
            progress(line)

    return pace
