"""Masks of any tool scored against truths: every file is checked first, then each case scored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path

import numpy as np

from ablation.comparison.tables.volumes import look_like_slices
from ablation.data.readers.brats_names import DASHED
from ablation.data.readers.described import brats_labels_of
from ablation.data.readers.reader import Progress, paced, silent
from ablation.data.readers.rim import Count, count
from ablation.errors import DataError
from ablation.errors.words import counted
from ablation.fairness import FairnessFacts
from ablation.metrics.cases import score_case
from ablation.metrics.surface import HD95_METHOD, NSD_TOLERANCE
from ablation.scores.mask_files import MaskFile, misplaced, read_mask, resampled
from ablation.scores.pairing import Pair
from ablation.scores.regions import NESTED, Content, Numbers, Regions, regions_of
from ablation.scores.remarks import Level, Remark, note

KEPT_BYTES = 1 << 30
"""Masks kept from the check for the scores; further ones are read again."""

MASK_FACTS = FairnessFacts(
    imported="masks", hd95_method=HD95_METHOD, nsd_tolerance_mm=NSD_TOLERANCE
)
"""What the fairness ledger can state of scored masks."""

HIGHEST_OF_BRATS = 4
CLEAR_OVERLAP, KEPT_OVERLAP = 0.3, 0.5
"""Dice that is no chance, and the share of it that resampling must keep."""
Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class MaskScores:
    """The per-case table of the predictions, and what was assumed on the way."""

    rows: tuple[Row, ...]
    said: tuple[Remark, ...]


def score_masks(
    pairs: Sequence[Pair],
    *,
    labels: Mapping[str, Numbers] | None = None,
    target: str | None = None,
    resample: bool = False,
    progress: Progress = silent,
) -> MaskScores:
    """Score every prediction against its truth, one row for each case and target.

    Args:
        pairs: What is held against what.
        labels: Targets and their labels or channels; None: by the usual conventions.
        target: The only target wanted.
        resample: Bring predictions onto the grid of their truth, by the nearest voxel.
        progress: Called with a line now and then.

    Raises:
        DataError: Every file that cannot be used and why.
    """
    reader, progress = _Reader(resample), paced(progress)
    ours, theirs, said = _checked(pairs, reader, progress)
    regions = regions_of(ours.content, theirs.content, labels, target)
    rows: list[Row] = []
    for number, pair in enumerate(pairs, start=1):
        progress(f"scoring case {number} of {len(pairs)}: {pair.case}")
        prediction, truth, _ = reader(pair)
        assert prediction is not None
        assert truth is not None
        rows += _rows(pair, prediction, truth, regions)
    assumed = [note(text) for text in said]
    assumed += [Remark(Level.WARNING, text) for text in reader.destroyed]
    return MaskScores(tuple(rows), (*assumed, *regions.said, *_one_patient_each(pairs)))


def _checked(
    pairs: Sequence[Pair], reader: _Reader, progress: Progress
) -> tuple[_Summary, _Summary, list[str]]:
    """Read every file once: what each side holds, and what the files leave open."""
    ours, theirs = _Summary(), _Summary()
    faults, said = [], []
    for number, pair in enumerate(pairs, start=1):
        progress(f"checking case {number} of {len(pairs)}: {pair.case}")
        prediction, truth, wrong = reader(pair)
        faults += wrong
        if prediction is not None and truth is not None:
            ours.add(prediction, truth)
            theirs.add(truth)
            theirs.named(pair.truth)
            said += [(pair.prediction, note) for note in prediction.assumed]
            said += [(pair.truth, note) for note in truth.assumed]
    if faults:
        raise DataError(
            f"{counted(len(faults), 'fault')} in the masks\n  " + "\n  ".join(faults),
            hint=reader.hint(len(faults)),
        )
    return ours, theirs, _joined(said)


def _rows(pair: Pair, prediction: MaskFile, truth: MaskFile, regions: Regions) -> Iterator[Row]:
    for target in regions.truth:
        yield score_case(
            patient=pair.patient,
            case=pair.case,
            split="test",
            target=target,
            truth=truth.where(regions.truth[target]),
            prediction=prediction.where(regions.prediction[target]),
            probability=None,
            spacing_mm=truth.spacing_mm,
            truth_hash=regions.truth_hash(truth, target),
        )


@dataclass(slots=True)
class _Reader:
    """Reads the two files of a pair, the second time from memory while it lasts."""

    resample: bool
    misplaced: int = 0
    """Predictions refused for their grid alone."""
    same_size: int = 0
    """Those of them that have the size of their truth."""
    destroyed: list[str] = field(default_factory=list)
    """Predictions that lie on their truth as stored, and no more once they are resampled."""
    _kept: dict[str, tuple[MaskFile, MaskFile]] = field(default_factory=dict)
    _bytes: int = 0

    def __call__(self, pair: Pair) -> tuple[MaskFile | None, MaskFile | None, list[str]]:
        if pair.case in self._kept:
            return (*self._kept[pair.case], [])
        faults: list[str] = []
        truth = _tried(pair.truth, read_mask, faults)
        prediction = _tried(pair.prediction, read_mask, faults)
        if truth is None or prediction is None:
            return None, None, faults
        apart = misplaced(prediction, truth)
        if apart and self.resample and truth.grid is not None:
            grid, own = truth.grid, prediction
            prediction = _tried(pair.prediction, lambda _: resampled(own, grid), faults)
            if prediction is not None and own.shape == truth.shape:
                before, after = _agreement(own, truth), _agreement(prediction, truth)
                if before > CLEAR_OVERLAP and after < KEPT_OVERLAP * before:
                    self.destroyed.append(
                        f"{pair.prediction}: Dice with the truth is {before:.2f} as stored and {after:.2f} "
                        "after --resample nearest: its place in space is wrong, not its mask; write it with "
                        "the affine of the truth instead"
                    )
        elif apart:
            self.misplaced += 1
            self.same_size += prediction.shape == truth.shape
            faults.append(f"{pair.prediction} {apart} ({pair.truth})")
        if prediction is not None and not faults:
            self._keep(pair.case, prediction, truth)
        return prediction, truth, faults

    def hint(self, faults: int) -> str:
        """Return what to do about so many faults."""
        if self.misplaced != faults:
            return "Mend or leave out these files."
        if self.same_size == faults:
            return (
                "They have the size of their truths: write them with the affine of the truth. --resample "
                "nearest is for masks that are where their affine says."
            )
        return "--resample nearest brings predictions onto the truth's grid."

    def _keep(self, case: str, prediction: MaskFile, truth: MaskFile) -> None:
        self._bytes += prediction.values.nbytes + truth.values.nbytes
        if self._bytes <= KEPT_BYTES:
            self._kept[case] = prediction, truth


def _agreement(prediction: MaskFile, truth: MaskFile) -> float:
    """Return the Dice of any label with any label, voxel by voxel as they are stored."""
    ours, theirs = (
        side.values.any(axis=0) if side.has_channels else side.values > 0
        for side in (prediction, truth)
    )
    both = int(ours.sum()) + int(theirs.sum())
    return 2 * int((ours & theirs).sum()) / both if both else 0.0


def _tried(path: Path, read: Callable[[Path], MaskFile], faults: list[str]) -> MaskFile | None:
    try:
        return read(path)
    except DataError as error:
        faults.append(f"{path} {error.message}")
        return None


@dataclass(slots=True)
class _Summary:
    """What the files of one side hold, summed up as they are read."""

    _labels: set[int] = field(default_factory=set)
    _channels: set[int] = field(default_factory=set)
    _voxels: list[int] = field(default_factory=list)
    _apart: set[tuple[int, int]] = field(default_factory=set)
    _rims: list[Count] = field(default_factory=list)
    _overlap: Counter[tuple[int, int]] = field(default_factory=Counter)
    _names: list[bool] = field(default_factory=list)
    _described: dict[Path, Mapping[int, int] | None] = field(default_factory=dict)

    def named(self, path: Path) -> None:
        """Note what a file's name and a dataset.json near it say of its labels."""
        self._names.append(DASHED.match(path.name) is not None)
        for folder in (path.parent, path.parent.parent):
            file = folder / "dataset.json"
            if file not in self._described:
                self._described[file] = brats_labels_of(file)

    def add(self, mask: MaskFile, truth: MaskFile | None = None) -> None:
        self._channels.add(mask.channels)
        if not mask.has_channels:
            self._labels |= set(np.flatnonzero(np.bincount(mask.values.ravel())).tolist()) - {0}
            if mask.values.ndim == 3 and mask.values.max() <= HIGHEST_OF_BRATS:
                self._rims.append(count(mask.values.astype(np.uint8)))
                self._overlap += _overlap(mask, truth)
            return
        counts = [int(np.count_nonzero(channel)) for channel in mask.values]
        before = self._voxels or [0] * len(counts)
        self._voxels = [a + b for a, b in zip(before, counts, strict=False)]
        if len(counts) != len(NESTED):
            return  # only these are told by which lies inside which
        for inner, outer in permutations(range(len(counts)), 2):
            if np.any(mask.values[inner] & ~mask.values[outer]):
                self._apart.add((inner, outer))

    @property
    def content(self) -> Content:
        pairs = frozenset(permutations(range(len(self._voxels)), 2)) - self._apart
        told = [table for table in self._described.values() if table is not None]
        return Content(
            self._labels, frozenset(self._channels), self._voxels, pairs, self._rims, self._overlap,
            told[0] if told and all(table == told[0] for table in told) else None,
            bool(self._names) and all(self._names),
        )  # fmt: skip


def _overlap(mask: MaskFile, truth: MaskFile | None) -> Counter[tuple[int, int]]:
    """Return how many voxels have each pair of labels; none where the truth has none of BraTS."""
    alike = truth is not None and truth.values.shape == mask.values.shape
    if truth is None or not alike or truth.values.max() > HIGHEST_OF_BRATS:
        return Counter()
    side = HIGHEST_OF_BRATS + 1
    pairs = mask.values.ravel().astype(np.intp) * side + truth.values.ravel()
    counts = np.bincount(pairs, minlength=side * side).tolist()
    return Counter({divmod(pair, side): voxels for pair, voxels in enumerate(counts) if voxels})


def _one_patient_each(pairs: Sequence[Pair]) -> Iterator[Remark]:
    cases = [pair.case for pair in pairs]
    if look_like_slices(cases) and all(pair.case == pair.patient for pair in pairs):
        text = (
            f"cases such as {cases[0]} look like slices of one patient, which are not independent; "
            "name the patients in a column of --ids"
        )
        yield Remark(Level.WARNING, text)


def _joined(said: Sequence[tuple[Path, str]]) -> list[str]:
    """Return each remark once, with how many files it is about."""
    files: dict[str, list[Path]] = {}
    for path, text in said:
        files.setdefault(text, []).append(path)
    return [
        f"{paths[0]}{f' and {len(paths) - 1} more' if len(paths) > 1 else ''}: {text}"
        for text, paths in files.items()
    ]
