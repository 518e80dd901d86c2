"""What a source of patients promises: where they are, which files they have, how to read one.

A new layout is one new module with a `SOURCE`, one line in `SOURCES` (dataset.py), and tests.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ablation.config.sections import DataConfig
from ablation.data.check import Finding
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
class Source:
    """One layout of scans on disk."""

    name: str
    layout: str
    """The layout in a line, for error messages."""
    generated: bool
    distance_unit: Literal["mm", "px"]
    modalities: tuple[str, ...]
    regions: Mapping[str, tuple[int, ...]]
    """Labels of the truth that make up each target, largest region first."""
    fractions: tuple[float, float]
    """Default shares of patients for training and validation; the rest is test."""
    detect: Callable[[Path], bool]
    """Whether a folder looks like this layout."""
    locate: Callable[[DataConfig, Path, Progress], Located]
    """Find the patients; arguments: settings, cache folder, progress."""
    files: Callable[[Path], tuple[Path, ...]]
    """Files of the patient at a place."""
    read: Callable[[Path], Reading]
    """Read and check the patient at a place."""
    person: Callable[[str], str] = str
    """What the names of all examinations of one person share; the name itself where all differ."""


def paced(progress: Progress) -> Progress:
    """Let a line through at once, and then one every two seconds."""
    due = 0.0

    def pace(line: str) -> None:
        nonlocal due
        if time.monotonic() >= due:
            due = time.monotonic() + PACE_S
            progress(line)

    return pace
