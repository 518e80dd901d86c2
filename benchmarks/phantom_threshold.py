"""How well a plain FLAIR threshold finds the phantom's tumours: the figure a network must beat.

The cut is the one with the best mean Dice on the training patients; Dice is a patient's volume
Dice on the grid of the scan. "brain only" hands the threshold the skull for free.

    python benchmarks/phantom_threshold.py
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
from scipy import ndimage

from ablation.config.sections import DataConfig
from ablation.data import READERS, open_dataset, split_patients
from ablation.data.preprocess import volume_z_clip01

SKULL_PX = 11
CUTS = np.arange(0.30, 1.00, 0.01)


def main() -> None:
    data = DataConfig(source="phantom")
    with tempfile.TemporaryDirectory() as cache:
        start, cpu = time.perf_counter(), time.process_time()
        dataset = open_dataset(data, Path(cache))
        wall, cpu = time.perf_counter() - start, time.process_time() - cpu
        print(
            f"generate and check {len(dataset.patients)} patients: {wall:.1f} s ({cpu:.1f} s CPU)"
        )
        split = split_patients(dataset, data)
        for skull, name in ((True, "whole head"), (False, "brain only")):
            curves = {
                facts.id: dice_by_cut(dataset.places[facts.id], skull=skull)
                for facts in dataset.patients
            }
            best = int(np.argmax(np.mean([curves[i] for i in split.train], axis=0)))
            scores = [
                np.mean([curves[i][best] for i in part]) for part in (split.train, split.test)
            ]
            print(
                f"{name}: FLAIR > {CUTS[best]:.2f}, mean Dice train {scores[0]:.3f}, test {scores[1]:.3f}"
            )


def dice_by_cut(place: Path, *, skull: bool) -> np.ndarray:
    patient = READERS["phantom"].read(place).patient
    assert patient is not None
    assert patient.truth is not None
    raw = patient.volumes[patient.modalities.index("flair")]
    scaled = volume_z_clip01(raw)
    if not skull:
        depth = np.stack(
            [ndimage.distance_transform_edt(np.pad(one > 0, 1))[1:-1, 1:-1] for one in raw]
        )
        scaled = np.where(depth > SKULL_PX, scaled, 0)
    truth = patient.truth > 0
    found = [scaled > cut for cut in CUTS]
    return np.array([2 * np.sum(f & truth) / (f.sum() + truth.sum()) for f in found])


if __name__ == "__main__":
    main()
