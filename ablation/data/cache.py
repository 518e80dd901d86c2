"""Slices ready for a network: made once, kept on disk, memory-mapped by any number of processes."""

from __future__ import annotations

import hashlib
import json
import shutil
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ablation.config.sections import DataConfig
from ablation.data.dataset import Dataset, fit
from ablation.data.facts import PatientFacts
from ablation.data.filters import FILTERS, filtered
from ablation.data.planes import Stack, in_plane, stack, to_axial, to_plane
from ablation.data.preprocess import normalise, resize_images, resize_mask
from ablation.data.readers.patients import Patient, region
from ablation.data.readers.reader import Progress, paced, silent
from ablation.data.targets import Labels, chosen
from ablation.errors import DataError
from ablation.files.atomic import locked
from tracking.sealed import read_sound, sealed

PREPARED_VERSION = 3
"""Raised when the same settings give other slices or the files another form: entries of another
version are not looked at."""
UNUSABLE = (OSError, TypeError, ValueError)
"""What an entry raises that is absent or damaged: it is built."""
IMAGES, MASKS, TRUTH, ROWS = "images.npy", "masks.npy", "truth", "rows.json"
BLOCK = 1 << 22
"""Bytes read at a time for a checksum."""
_sound: set[tuple[Path, int]] = set()
"""Entries whose files this process has checked: folder and time of rows.json."""


@dataclass(frozen=True, slots=True)
class Slices:
    """All slices of all labelled patients on the grid of the network, read-only."""

    images: NDArray[np.float32]
    """Shape (slice, size, size, modality), 0..1, memory-mapped."""
    masks: NDArray[np.uint8]
    """Shape (slice, size, size, target), 0 or 1, memory-mapped."""
    rows: Mapping[str, slice]
    """The rows of each patient, in slice order."""
    folder: Path
    """Where they lie in the cache."""
    plane: str = "axial"
    """The plane of the slices; truth and masks stay axial."""
    neighbours: int = 0
    """Slices above and as many below that a 2-D network sees with each."""
    targets: tuple[str, ...] = ("WT",)
    """The regions that are segmented, in the order of the masks' last axis."""
    extents: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Rows and columns of patients whose truth is not here."""

    @property
    def inputs(self) -> NDArray[np.float32] | Stack:
        """The slices with their neighbours as channels: indexed by rows, as `images` is."""
        return stack(self.images, list(self.rows.values()), self.neighbours)

    def extent(self, patient: str) -> tuple[int, int]:
        """Return rows and columns that the slices of a patient were scanned with."""
        if patient in self.extents:
            return self.extents[patient]
        return in_plane(self.native_truth(patient).shape, self.plane)[1:]

    def as_drawn(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return maps (slices, rows, columns, ...) of a patient in the axes of its truth."""
        return np.ascontiguousarray(to_axial(maps, self.plane))

    def native_truth(self, patient: str, target: str | None = None) -> NDArray[np.bool_]:
        """Return a target, by default the first, as drawn: (slices, rows, columns) of the scan."""
        number = list(self.rows).index(patient)
        file = _truth_file(self.folder, number)
        try:
            truth: NDArray[np.bool_] = np.load(file, mmap_mode="r")[
                0 if target is None else self.targets.index(target)
            ]
        except UNUSABLE as error:
            raise DataError(
                f"{file} changed while it was in use: {error}",
                hint="Run the command again: it prepares the slices again.",
            ) from error
        return truth


def prepare(dataset: Dataset, data: DataConfig, cache: Path, progress: Progress = silent) -> Slices:
    """Preprocess all labelled patients, or find them in the cache.

    Two processes that ask at once build once. Another image size, modality, target or scaling is
    another entry. The first time a process asks, the checksum of each file is compared with the
    recorded one (`benchmarks/cache_check.py`); an entry that was changed is built again.

    Raises:
        DataError: A patient changed or vanished since the data set was opened.
    """
    data = fit(dataset.reader, data)
    patients = [facts for facts in dataset.patients if facts.labelled]
    key = _key(patients, data, chosen(data.target, dataset.targets))
    folder = cache / "slices" / f"v{PREPARED_VERSION}" / key
    with suppress(*UNUSABLE):
        return _open(folder, data)
    with locked(folder.with_name(f"{folder.name}.lock")):
        with suppress(*UNUSABLE):
            return _open(folder, data)
        shutil.rmtree(folder, ignore_errors=True)  # damaged from outside
        _build(dataset, patients, data, folder, paced(progress))
    return _open(folder, data)


def training_rows(
    slices: Slices, patients: Sequence[str], data: DataConfig, seed: int
) -> NDArray[np.intp]:
    """Return the rows to train on, sorted: tumour slices, and a share of the empty ones.

    A slice with fewer than `min_tumor_px` pixels of any target on the network's grid counts as empty.

    Args:
        slices: The prepared slices.
        patients: Ids of the training patients; validation and test keep every slice.
        data: `min_tumor_px` and `empty_slices`.
        seed: Which of the empty slices stay; `data.split_seed`.
    """
    rows = np.concatenate(
        [np.arange(slices.rows[p].start, slices.rows[p].stop) for p in sorted(patients)]
    )
    pixels = np.array([int(np.count_nonzero(slices.masks[row].any(axis=-1))) for row in rows])
    tumour, empty = rows[pixels >= data.min_tumor_px], rows[pixels < data.min_tumor_px]
    wanted = round(data.empty_slices * len(empty))
    kept = np.random.default_rng(seed).permutation(empty)[:wanted]
    chosen = np.sort(np.concatenate([tumour, kept]))
    if not len(chosen):
        raise DataError(
            f"no training slice is left of {len(rows)}: none has data.min_tumor_px={data.min_tumor_px} "
            f"tumour pixels, and data.empty_slices={data.empty_slices} keeps no empty ones",
            hint="Lower data.min_tumor_px or raise data.empty_slices.",
        )
    return chosen


def _key(patients: Sequence[PatientFacts], data: DataConfig, targets: Mapping[str, Labels]) -> str:
    content = [(facts.id, facts.raw_hash, facts.truth_hash) for facts in patients]
    settings: tuple[object, ...] = (
        *(data.image_size, data.modalities, tuple(targets.items()), data.normalise),
        *(() if data.plane == "axial" else (data.plane,)),
        *((name, getattr(data, name)) for name in FILTERS if getattr(data, name) is not None),
    )
    return hashlib.sha256(repr((content, settings)).encode()).hexdigest()[:20]


def _build(
    dataset: Dataset,
    patients: Sequence[PatientFacts],
    data: DataConfig,
    folder: Path,
    progress: Progress,
) -> None:
    """Write the entry beside its place, then move it there; called under the entry's lock."""
    partial = folder.with_name(f".{folder.name}")
    shutil.rmtree(partial, ignore_errors=True)  # of a process that was killed while building
    (partial / TRUTH).mkdir(parents=True)
    slices = [in_plane(facts.shape, data.plane)[0] for facts in patients]
    grid = (sum(slices), data.image_size, data.image_size)
    targets = chosen(data.target, dataset.targets)
    rows: dict[str, tuple[int, int]] = {}
    start = 0
    with (partial / IMAGES).open("wb") as images, (partial / MASKS).open("wb") as masks:
        _begin_array(images, (*grid, len(data.modalities)), np.dtype(np.float32))
        _begin_array(masks, (*grid, len(targets)), np.dtype(np.uint8))
        for number, (facts, count) in enumerate(zip(patients, slices, strict=True)):
            progress(f"preparing patient {number + 1} of {len(patients)}: {facts.id}")
            patient = _read(dataset, facts)
            truth = _truth(patient)
            drawn = np.stack([region(truth, tuple(labels)) for labels in targets.values()])
            np.save(_truth_file(partial, number), drawn)
            images.write(_network_images(patient, data).tobytes())
            seen = [resize_mask(to_plane(one, data.plane), data.image_size) for one in drawn]
            masks.write(np.stack(seen, axis=-1).astype(np.uint8).tobytes())
            rows[facts.id] = start, start + count
            start += count
    content = {"rows": rows, "targets": [*targets], "files": _checksums(partial)}
    (partial / ROWS).write_text(json.dumps(sealed(content)))
    partial.replace(folder)


def scan_of(dataset: Dataset, facts: PatientFacts, data: DataConfig) -> NDArray[np.float32]:
    """Return the first modality of a patient as it was scanned, scaled to 0..1, for pictures.

    Shape (slices, rows, columns), that of the truth as drawn.

    Raises:
        DataError: The patient changed or vanished since the data set was opened.
    """
    patient = _read(dataset, facts)
    data = fit(dataset.reader, data)
    first = patient.modalities.index(data.modalities[0])
    return normalise(patient.volumes[first], data.normalise, patient.brain)


def scan_alone(patient: Patient, data: DataConfig, targets: Sequence[str]) -> Slices:
    """Return a patient, labelled or not, as a network sees it; nothing is kept on disk.

    The slices have no truth and no masks.
    """
    images = _network_images(patient, data)
    return Slices(
        images=images,
        masks=np.empty((len(images), 0, 0, 0), np.uint8),
        rows={patient.id: slice(0, len(images))},
        folder=Path(),
        plane=data.plane,
        neighbours=data.neighbours,
        targets=tuple(targets),
        extents={patient.id: in_plane(patient.shape, data.plane)[1:]},
    )


def _network_images(patient: Patient, data: DataConfig) -> NDArray[np.float32]:
    """Return shape (slices, size, size, modality)."""
    wanted = [patient.modalities.index(name) for name in data.modalities]
    channels = [
        to_plane(normalise(patient.volumes[index], data.normalise, patient.brain), data.plane)
        for index in wanted
    ]
    channels = [filtered(one, data) for one in channels]
    return np.stack([resize_images(one, data.image_size) for one in channels], axis=-1)


def _begin_array(file: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    # Written in order rather than through a memory map: a full disk is then an OSError, not SIGBUS.
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)


def _open(folder: Path, data: DataConfig) -> Slices:
    """Open an entry.

    Raises:
        OSError: It is not there.
        TypeError: Its list of rows is damaged.
        ValueError: A file was changed after the entry was built.
    """
    content = read_sound(folder / ROWS)
    checked = folder, (folder / ROWS).stat().st_mtime_ns
    if checked not in _sound:
        if _checksums(folder) != content.get("files"):
            raise ValueError(f"{folder} was changed after it was built")
        _sound.add(checked)
    return Slices(
        images=np.load(folder / IMAGES, mmap_mode="r"),
        masks=np.load(folder / MASKS, mmap_mode="r"),
        rows={name: slice(start, stop) for name, (start, stop) in content["rows"].items()},
        folder=folder,
        plane=data.plane,
        neighbours=data.neighbours,
        targets=tuple(content["targets"]),
    )


def _checksums(folder: Path) -> dict[str, int]:
    """Return the CRC-32 of each array of an entry: it runs at the speed of the memory."""
    files = (folder / IMAGES, folder / MASKS, *folder.glob(f"{TRUTH}/*.npy"))
    return {file.relative_to(folder).as_posix(): _checksum(file) for file in files}


def _checksum(file: Path) -> int:
    found = 0
    with file.open("rb") as content:
        while block := content.read(BLOCK):
            found = zlib.crc32(block, found)
    return found


def _read(dataset: Dataset, facts: PatientFacts) -> Patient:
    """Read a patient again, for the pixels this time."""
    try:
        patient = dataset.reader.read(dataset.places[facts.id]).patient
    except OSError as error:
        raise DataError(f"{facts.id}: cannot be read any more ({error})") from error
    if patient is None or patient.shape != facts.shape:
        raise DataError(
            f"{facts.id}: its files changed since they were checked", hint="Run the command again."
        )
    return patient


def _truth(patient: Patient) -> NDArray[np.uint8]:
    assert patient.truth is not None  # only labelled patients are prepared
    return patient.truth


def _truth_file(folder: Path, number: int) -> Path:
    return folder / TRUTH / f"{number}.npy"
