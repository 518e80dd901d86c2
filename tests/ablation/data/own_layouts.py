"""Write phantom patients in the layouts in which people bring their own scans."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import nibabel
import numpy as np
from numpy.typing import NDArray

from ablation.data import Patient

AFFINE = np.diag([-1.0, -1.0, 3.0, 1.0])
"""Of arrays (column, row, slice) that are in canonical order: left, back, head; 1 x 1 x 3 mm."""
CONSECUTIVE = np.array([0, 2, 1, 0, 3], np.uint8)
"""Labels of the phantom (1 necrosis, 2 oedema, 4 enhancing) as the Decathlon numbers them."""
NAMES = {"background": 0, "edema": 1, "non-enhancing tumor": 2, "enhancing tumour": 3}


def save_nifti(path: Path, values: NDArray[np.generic]) -> None:
    """Write values of shape (..., slice, row, column); channels come last in the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = np.moveaxis(values, 0, -1) if values.ndim == 4 else values
    axes = (2, 1, 0, *range(3, stored.ndim))
    nibabel.save(nibabel.Nifti1Image(np.ascontiguousarray(stored.transpose(axes)), AFFINE), path)


def labels_of(patient: Patient) -> NDArray[np.uint8]:
    assert patient.truth is not None
    return CONSECUTIVE[patient.truth]


def images_of(patient: Patient, *names: str) -> NDArray[np.int16]:
    return patient.volumes[[patient.modalities.index(name) for name in names]].astype(np.int16)


def write_nnunet(root: Path, patients: Sequence[Patient], **changes: object) -> Path:
    """Two channels and three labels, a file for each channel."""
    for patient in patients:
        for number, values in enumerate(images_of(patient, "flair", "t1ce")):
            save_nifti(root / "imagesTr" / f"{patient.id}_{number:04d}.nii.gz", values)
        save_nifti(root / "labelsTr" / f"{patient.id}.nii.gz", labels_of(patient))
    described = {
        "channel_names": {"0": "FLAIR", "1": "T1Gd"},
        "labels": NAMES,
        "numTraining": len(patients),
        "file_ending": ".nii.gz",
    }
    (root / "dataset.json").write_text(json.dumps(described | changes))
    return root


def write_decathlon(root: Path, patients: Sequence[Patient]) -> Path:
    """The same in 4-D files."""
    for patient in patients:
        save_nifti(root / "imagesTr" / f"{patient.id}.nii.gz", images_of(patient, "flair", "t1ce"))
        save_nifti(root / "labelsTr" / f"{patient.id}.nii.gz", labels_of(patient))
    described = {
        "modality": {"0": "FLAIR", "1": "t1gd"},
        "labels": {str(number): name for name, number in NAMES.items()},
        "training": [],
    }
    (root / "dataset.json").write_text(json.dumps(described))
    return root
