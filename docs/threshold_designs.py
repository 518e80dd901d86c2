"""Two designs that need no training, scored on the phantom: what pages and pictures are made from.

Both cut a smoothed FLAIR volume. `sensitive` smooths little and keeps everything above the cut;
`strict` smooths more and drops small parts, so it misses small tumours and sees little where
there is none. Each cut is the best of nine on the validation patients. The same numbers every time.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from ablation.comparison import Design
from ablation.config.sections import DataConfig
from ablation.data import READERS, open_dataset
from ablation.data.preprocess import volume_z_clip01
from ablation.fairness import FairnessFacts
from ablation.metrics.cases import score_case

PATIENTS, VALIDATION = 16, 4
SKULL_PX = 11  # handed to both designs; the scalp is as bright as a tumour
CUTS = np.round(np.arange(0.62, 0.79, 0.02), 2)
LEAST_VOXELS = 400  # of a connected part that `strict` keeps

Volume = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Scan:
    """A phantom patient: scaled FLAIR without the skull, and the tumour, (slice, row, column)."""

    patient: str
    flair: Volume
    truth: Mask
    spacing_mm: tuple[float, float, float]
    truth_hash: str


def sensitive(flair: Volume, cut: float) -> Mask:
    """Return every voxel above the cut."""
    return np.asarray(ndimage.gaussian_filter(flair, (0, 1, 1)) > cut)


def strict(flair: Volume, cut: float) -> Mask:
    """Return the connected parts above the cut that are large enough."""
    found = ndimage.gaussian_filter(flair, (0.5, 2, 2)) > cut
    parts, count = ndimage.label(found, np.ones((3, 3, 3)))
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    sizes[0] = 0
    return np.asarray((sizes >= LEAST_VOXELS)[parts])


RULES: dict[str, Callable[[Volume, float], Mask]] = {"sensitive": sensitive, "strict": strict}


@cache
def designs() -> tuple[Design, ...]:
    """Return both designs with their per-case tables, validation and test."""
    return tuple(_design(name) for name in RULES)


@cache
def slices(name: str) -> pd.DataFrame:
    """Return a design's scores on every slice of the test patients."""
    rows = []
    for scan, mask in zip(_scans()[VALIDATION:], _masks(name)[VALIDATION:], strict=True):
        for number, (truth, found) in enumerate(zip(scan.truth, mask, strict=True)):
            rows.append(_row(scan, f"{scan.patient}/{number}", truth, found))
    return pd.DataFrame(rows)


def _design(name: str) -> Design:
    pairs = zip(_scans(), _masks(name), strict=True)
    table = pd.DataFrame([_row(scan, scan.patient, scan.truth, mask) for scan, mask in pairs])
    table["split"] = ["validation" if i < VALIDATION else "test" for i in range(PATIENTS)]
    facts = FairnessFacts(
        trials=len(CUTS),
        epochs_allowed=0,
        epochs_used=0,
        space_size=1,
        seeds=1,
        selected_on="validation",
        threshold=_cut(name),
        generated=True,
    )
    return Design(name, (table,), facts, ("generated data",), {"metric": "dice"})


def _row(scan: Scan, case: str, truth: Mask, mask: Mask) -> dict[str, object]:
    return score_case(
        patient=scan.patient,
        case=case,
        split="test",
        target="WT",
        truth=truth,
        prediction=mask,
        probability=None,
        spacing_mm=scan.spacing_mm[-truth.ndim :],
        truth_hash=scan.truth_hash,
    )


@cache
def _masks(name: str) -> tuple[Mask, ...]:
    cut = _cut(name)
    return tuple(RULES[name](scan.flair, cut) for scan in _scans())


@cache
def _cut(name: str) -> float:
    chosen_on = _scans()[:VALIDATION]
    dice = [
        np.mean([_dice(scan.truth, RULES[name](scan.flair, cut)) for scan in chosen_on])
        for cut in CUTS
    ]
    return round(float(CUTS[int(np.argmax(dice))]), 2)


def _dice(truth: Mask, mask: Mask) -> float:
    return float(2 * np.sum(truth & mask) / (truth.sum() + mask.sum()))


@cache
def _scans() -> tuple[Scan, ...]:
    return tuple(_generated())


def _generated() -> Iterator[Scan]:
    with tempfile.TemporaryDirectory() as folder:
        data = DataConfig(source="phantom", phantom_patients=PATIENTS)
        dataset = open_dataset(data, Path(folder))
        for facts in dataset.patients:
            patient = READERS["phantom"].read(dataset.places[facts.id]).patient
            assert patient is not None
            assert patient.truth is not None
            assert patient.spacing_mm is not None
            raw = patient.volumes[patient.modalities.index("flair")]
            yield Scan(
                facts.id, _brain(raw), patient.truth > 0, patient.spacing_mm, facts.truth_hash
            )


def _brain(raw: Volume) -> Volume:
    depth = [ndimage.distance_transform_edt(np.pad(one > 0, 1))[1:-1, 1:-1] for one in raw]
    return np.where(np.stack(depth) > SKULL_PX, volume_z_clip01(raw), 0.0)
