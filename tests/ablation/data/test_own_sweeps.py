"""One trial on the same patients in each of six layouts: the truths scored are those of the phantom."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import ablation
from ablation.data.readers.phantom_patients import generate
from ablation.metrics.table import read_cases
from tracking.names import PER_CASE

pytestmark = pytest.mark.slow
LAYOUTS = ("nnunet", "decathlon", "pairs", "png", "dicom", "table")
PATIENTS = 4
SETTINGS: dict[str, object] = {
    "data.target": "WT", "data.image_size": 32, "training.epochs": 2, "training.batch_size": 8,
    "model.base": 4, "model.depth": 2, "inference.search": "off",
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_sweep_scores_the_truths_of_the_phantom(
    layouts: ModuleType, tmp_path: Path, layout: str
) -> None:
    patients = [generate(index, seed=0) for index in range(PATIENTS)]
    place = getattr(layouts, f"write_{layout}")(tmp_path / "scans", patients)
    own = {} if layout in ("nnunet", "decathlon", "png") else {"data.targets": {"WT": [1, 2, 3]}}
    ablation.sweep(
        "unet",
        trials=1,
        data=str(place),
        settings=SETTINGS | own,
        workspace=tmp_path / "runs",
        cache=tmp_path / "cache",
    )
    (final,) = (tmp_path / "runs").glob("*/unet/final-*")
    cases = read_cases(final / PER_CASE)
    test = cases[cases["split"] == "test"]
    truths = {patient.id: patient.truth for patient in patients if patient.truth is not None}
    assert len(test) > 0
    for _, row in test.iterrows():
        truth = truths[row["patient"]] if layout != "png" else None
        if truth is None:  # a case is a slice
            patient, _, number = str(row["case"]).partition("_slice")
            assert row["patient"] == patient
            truth = truths[patient][int(number) - 1]
        voxels = int(np.count_nonzero(truth))
        assert row["tp"] + row["fn"] == voxels
    assert {*test["patient"]} <= {*truths}
