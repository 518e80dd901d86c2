"""What is known of each patient without its pixels: read once, then remembered by file state."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablation.data.check import check_patient
from ablation.data.findings import Finding
from ablation.data.id_key import IdKey
from ablation.data.readers.cases import relative
from ablation.data.readers.patients import Patient, raw_hash, truth_hash
from ablation.data.readers.reader import Located, Progress, Reader
from ablation.files.atomic import write_whole
from tracking.sealed import read_sound, sealed

FACTS_VERSION = 5
"""Raised when a check or a fact changes: facts remembered by another version are not used."""


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """What is known of a patient, or of one of several examinations, without opening the images."""

    id: str
    shape: tuple[int, int, int]
    """Slices, rows, columns."""
    spacing_mm: tuple[float, float, float] | None
    tumour_voxels: int
    """Voxels with any label."""
    tumour_slices: int
    slices: int
    truth_hash: str
    raw_hash: str
    labelled: bool
    modalities: tuple[str, ...] = ()
    person: str = ""
    """Whose examination it is: the patient in tables; its own id where there is no other."""
    target_voxels: Mapping[str, int] = field(default_factory=dict, hash=False)
    """Voxels of each target of the layout; empty without a truth."""
    stored_hash: str = ""
    """Hash of the labels as the file has them, where targets number them otherwise; never public."""
    blank: bool = False
    """Whether every image has one value: such images say nothing about whose they are."""

    def __post_init__(self) -> None:
        """Take an examination for the only one of its person, unless told otherwise."""
        if not self.person:
            object.__setattr__(self, "person", self.id)


def facts_of(patient: Patient, targets: Mapping[str, tuple[int, ...]]) -> PatientFacts:
    """Return the facts of a patient that has been read.

    Args:
        patient: Images and truth.
        targets: Labels of each target of the layout.
    """
    truth = patient.truth
    tumour = np.zeros(patient.shape, bool) if truth is None else truth > 0
    found = {} if truth is None else _voxels(truth, targets)
    return PatientFacts(
        id=patient.id,
        shape=patient.shape,
        spacing_mm=patient.spacing_mm,
        tumour_voxels=int(tumour.sum()),
        tumour_slices=int(tumour.any(axis=(1, 2)).sum()),
        slices=patient.shape[0],
        truth_hash=truth_hash(patient),
        raw_hash=raw_hash(patient),
        labelled=patient.truth is not None,
        modalities=patient.modalities,
        target_voxels=found,
        stored_hash=patient.stored_hash,
        blank=bool(np.all(patient.volumes == patient.volumes.flat[0])),
    )


def _voxels(truth: NDArray[np.uint8], targets: Mapping[str, tuple[int, ...]]) -> dict[str, int]:
    counts = np.bincount(truth.ravel(), minlength=256)
    return {name: int(counts[list(labels)].sum()) for name, labels in targets.items()}


def facts_of_all(
    reader: Reader,
    located: Located,
    cache: Path,
    progress: Progress,
    key: IdKey | None = None,
) -> tuple[dict[str, PatientFacts], tuple[Finding, ...]]:
    """Return facts of the readable patients, and all findings; files seen before are not read.

    Args:
        reader: The layout of the scans.
        located: Where each patient is.
        cache: Folder in which the facts are remembered.
        progress: Called with a line per patient that is read.
        key: Of hashed ids: the facts, which hold names, are then remembered encrypted, and what
            was remembered of these scans in plain text is removed.
    """
    memory = _Memory.of(reader, located.root, cache, key)
    remembered = memory.recall()
    entries: dict[str, Any] = {}
    try:
        for number, (name, place) in enumerate(located.places.items(), start=1):
            seal = _seal(reader, located.root, place)
            entry = remembered.get(name)
            if entry is None or entry["seal"] != seal:
                progress(f"checking patient {number} of {len(located.places)}: {name}")
                entry = {"seal": seal, **_look(reader, place)}
            entries[name] = entry
    finally:  # Ctrl-C keeps what was read: a large set of volumes takes an hour
        memory.keep(remembered, remembered | entries)
    facts = {name: _facts_from(entry["facts"]) for name, entry in entries.items() if entry["facts"]}
    findings = tuple(Finding(**one) for entry in entries.values() for one in entry["findings"])
    return facts, findings


@dataclass(frozen=True, slots=True)
class _Memory:
    """The file of remembered facts."""

    file: Path
    key: IdKey | None
    """None: plain text."""
    plain: tuple[Path, ...] = ()
    """With a key: what was remembered in plain text."""

    @classmethod
    def of(cls, reader: Reader, root: Path, cache: Path, key: IdKey | None) -> _Memory:
        """Return where the facts of the scans in a folder are remembered."""
        place = str(root.absolute())
        folder = cache / "facts" / f"v{FACTS_VERSION}"
        name = f"{reader.name}-{hashlib.sha256(place.encode()).hexdigest()[:16]}.json"
        if key is None:
            return cls(folder / name, None)
        plain = tuple(file for file in [folder / name] if file.exists())
        return cls(folder / f"{reader.name}-{key.of_place(place)}.encrypted", key, plain)

    def recall(self) -> dict[str, Any]:
        """Return what is remembered of each patient, also what was in plain text until now."""
        for file in (self.file, *self.plain):
            try:
                if self.key is None or file in self.plain:
                    return dict(read_sound(file)["patients"])
                return dict(json.loads(self.key.opened(file.read_bytes()))["patients"])
            except (OSError, LookupError, TypeError, ValueError):
                continue  # never written, or damaged: everything is looked at again
        return {}

    def keep(self, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        """Remember what is known now, where that is more than before."""
        if now != before or self.plain:
            text = json.dumps(sealed({"patients": now}))
            write_whole(self.file, text if self.key is None else self.key.closed(text))
        for file in self.plain:
            file.unlink(missing_ok=True)


def _look(reader: Reader, place: Path) -> dict[str, Any]:
    reading = reader.read(place)
    findings = list(reading.findings)
    facts = None
    if reading.patient is not None:
        findings += check_patient(reading.patient, place.name)
        # Through JSON, so that a fresh look and a remembered one are the same.
        facts = json.loads(json.dumps(asdict(facts_of(reading.patient, reader.targets))))
    return {"facts": facts, "findings": [asdict(finding) for finding in findings]}


def _facts_from(stored: Mapping[str, Any]) -> PatientFacts:
    spacing = stored["spacing_mm"]
    shapes = {
        "shape": tuple(stored["shape"]),
        "spacing_mm": None if spacing is None else tuple(spacing),
        "modalities": tuple(stored["modalities"]),
    }
    return PatientFacts(**{**stored, **shapes})


def _seal(reader: Reader, root: Path, place: Path) -> str:
    """Return a hash of names, sizes and times of a patient's files: unchanged means unread."""
    states = [(path, path.stat()) for path in reader.files(place)]
    listed = [(relative(path, root), s.st_size, s.st_mtime_ns) for path, s in states]
    rules = (list(reader.targets.items()), reader.key)
    return hashlib.sha256(repr((rules, listed)).encode()).hexdigest()
