"""Read the files of one case: its channels and its mask, checked and on one grid."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ablation.data.findings import Finding, errors_of
from ablation.data.grid import Grid, difference
from ablation.data.readers.brats_truth import brain_of
from ablation.data.readers.cases import Case, Found, relative
from ablation.data.readers.label_meaning import Meaning
from ablation.data.readers.patients import Patient, labels_hash
from ablation.data.readers.pictures import Picture, read_labels, read_picture
from ablation.data.readers.reader import Reading
from ablation.errors import DataError


def read_case(case: Case, found: Found, meaning: Meaning) -> Reading:
    """Read a case; every fault of every file is reported at once."""
    report = _Report(case, found.root)
    pictures = _pictures(case, report)
    channels = _channels(case, pictures, report)
    truth, truth_grid, stored_hash = _truth(case, meaning, report)
    placed = {
        source.path: pictures[source.path]
        for source in case.images.values()
        if source.path in pictures
    }
    usual = _usual(list(channels.values()), truth, truth_grid)
    for path, picture in placed.items():
        if usual is not None:
            _compare(
                path, picture, usual, report, "the other files" if len(placed) > 1 else "the image"
            )
    if truth is not None and case.mask is not None and usual is not None:
        _compare(case.mask, Picture(truth[np.newaxis], truth_grid), usual, report, "the image")
    if errors_of(report.findings) or usual is None:
        return Reading(None, tuple(report.findings))
    images = np.empty((len(channels), *usual.values.shape[1:]), np.float32)
    for place, one in zip(images, channels.values(), strict=True):
        place[...] = one.values[0]
    grid = usual.grid
    if (
        grid is not None
        and case.spacing_mm
        and not np.allclose(case.spacing_mm, grid.spacing_mm, rtol=0.01)
    ):
        told, stored = (
            "x".join(f"{side:g}" for side in reversed(one))
            for one in (case.spacing_mm, grid.spacing_mm)
        )
        report.error(next(iter(placed)), f"has voxels of {stored} mm, the table says {told} mm")
        return Reading(None, tuple(report.findings))
    spacing = case.spacing_mm or (None if grid is None else grid.spacing_mm)
    names = tuple(channels)
    patient = Patient(
        id=case.name,
        volumes=images,
        modalities=names,
        truth=truth,
        spacing_mm=spacing,
        slice_order=tuple(f"slice {number}" for number in range(1, images.shape[1] + 1)),
        brain=None if grid is None else brain_of(images),
        grid=grid,
        stored_hash=stored_hash,
        hashed_as=names if len(names) > 1 else (ONE_CHANNEL,),
    )
    return Reading(patient, tuple(report.findings))


ONE_CHANNEL = "flair"
"""Name under which the only channel of a case is hashed, whatever its files call it: the same scan
has no name in one layout and one in another, and `flair` alone is what earlier versions hashed."""


class _Report:
    """Collects the findings about one case."""

    def __init__(self, case: Case, root: Path) -> None:
        self.findings: list[Finding] = []
        self._case, self._root = case, root

    def error(self, path: Path, fault: str) -> None:
        where = relative(path, self._root)
        self.findings.append(Finding("error", where, fault, self._case.name))

    def warn(self, path: Path, fault: str) -> None:
        where = relative(path, self._root)
        self.findings.append(Finding("warning", where, fault, self._case.name))


def _pictures(case: Case, report: _Report) -> dict[Path, Picture]:
    """Read each file of images once."""
    pictures: dict[Path, Picture] = {}
    for path in dict.fromkeys(source.path for source in case.images.values()):
        try:
            pictures[path] = read_picture(path)
        except DataError as error:
            report.error(path, error.message)
        else:
            several = pictures[path].values.shape[0] > 1
            for note in pictures[path].assumed:
                if not (several and "channels" in note):  # the data set says so itself
                    report.warn(path, note)
    return pictures


def _channels(case: Case, pictures: Mapping[Path, Picture], report: _Report) -> dict[str, Picture]:
    """Return each channel as a picture of one channel."""
    channels: dict[str, Picture] = {}
    for name, source in case.images.items():
        picture = pictures.get(source.path)
        if picture is None:
            continue
        held = len(picture.values)
        if source.channel is None and held > 1:
            report.error(source.path, f"holds {held} channels, expected one image ({name})")
            continue
        if source.channel is not None and source.channel >= held:
            report.error(
                source.path,
                f"holds {held} channels, the data set has {name} in {source.channel + 1}",
            )
            continue
        values = picture.values[source.channel or 0][np.newaxis]
        if values.dtype.kind not in "biuf":
            report.error(source.path, f"holds {values.dtype} values, expected numbers")
            continue
        bad = 0 if values.dtype.kind != "f" else int(np.count_nonzero(~np.isfinite(values)))
        if bad:
            share = "only" if bad == values.size else str(bad)
            report.error(
                source.path, f"holds {share} values that are no finite numbers (NaN or infinite)"
            )
            continue
        channels[name] = Picture(values, picture.grid)
    promised = {source.channel for source in case.images.values() if source.channel is not None}
    for path, picture in pictures.items():
        if promised and len(picture.values) > max(promised) + 1:
            report.error(
                path, f"holds {len(picture.values)} channels, the data set has {max(promised) + 1}"
            )
    return channels


def _truth(
    case: Case, meaning: Meaning, report: _Report
) -> tuple[NDArray[np.uint8] | None, Grid | None, str]:
    """Return the labels of the mask as targets count them, where they lie, and the stored ones' hash."""
    if case.mask is None:
        return None, None, ""
    try:
        stored, grid, assumed = read_labels(case.mask)
        labels = meaning.of(stored)
    except DataError as error:
        report.error(case.mask, error.message)
        return None, None, ""
    for note in assumed:
        report.warn(case.mask, note)
    return labels, grid, labels_hash(stored)


def _usual(
    channels: list[Picture], truth: NDArray[np.uint8] | None, grid: Grid | None
) -> Picture | None:
    """Return the channel that lies where most files of the case do; None where there is none."""
    files = channels if truth is None else [*channels, Picture(truth[np.newaxis], grid)]
    return max(
        channels,
        key=lambda one: sum(not _difference(one, other, "") for other in files),
        default=None,
    )


def _compare(path: Path, picture: Picture, usual: Picture, report: _Report, others: str) -> None:
    """Report a file that lies elsewhere than most of its case."""
    if fault := _difference(picture, usual, others):
        report.error(path, fault)
    elif picture.grid is not None and usual.grid is not None:
        axes, theirs = picture.grid.stored, usual.grid.stored
        if axes != theirs:
            report.warn(path, f"has axes {axes}, {others} {theirs}; turned to match in space")


def _difference(picture: Picture, usual: Picture, others: str) -> str:
    """Say how the voxels of two files differ; empty where they lie at the same places."""
    if picture.grid is not None and usual.grid is not None:
        # Sizes are columns x rows x slices there, as other programs print them.
        return difference(picture.grid, usual.grid, f"the voxels of {others}")
    shapes = [one.values.shape[1:] for one in (picture, usual)]
    if shapes[0] == shapes[1]:
        return ""
    is_flat = shapes[0][0] == shapes[1][0] == 1
    ours, theirs = ("x".join(map(str, shape[1 if is_flat else 0 :])) for shape in shapes)
    return f"is {ours}, {others}: {theirs}"
