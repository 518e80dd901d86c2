"""Write phantom patients in the layouts in which people bring their own scans."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import nibabel
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

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


def write_pairs(
    root: Path, patients: Sequence[Patient], images: str = "images", masks: str = "masks"
) -> Path:
    """FLAIR alone, NIfTI, a mask beside each image."""
    for patient in patients:
        save_nifti(root / images / f"{patient.id}.nii.gz", images_of(patient, "flair")[0])
        save_nifti(root / masks / f"{patient.id}_seg.nii.gz", labels_of(patient))
    return root


def write_png(root: Path, patients: Sequence[Patient]) -> Path:
    """A grey PNG for each slice, and a mask of 0 and 255."""
    for patient in patients:
        flair, labels = images_of(patient, "flair")[0], labels_of(patient)
        for number, (image, mask) in enumerate(zip(flair, labels, strict=True), 1):
            name = f"{patient.id}_slice{number:02d}"
            for folder, values in (("images", image), ("masks", (mask > 0) * 255)):
                (root / folder).mkdir(parents=True, exist_ok=True)
                suffix = "" if folder == "images" else "_mask"
                Image.fromarray(values.astype(np.uint8)).save(root / folder / f"{name}{suffix}.png")
    return root


def write_dicom(root: Path, patients: Sequence[Patient]) -> Path:
    """A folder of DICOM slices for each patient, and NIfTI masks."""
    for patient in patients:
        folder = root / "images" / patient.id
        folder.mkdir(parents=True)
        save_nifti(root / "masks" / f"{patient.id}.nii.gz", labels_of(patient))
        for number, values in enumerate(images_of(patient, "flair")[0]):
            # Slices are numbered from head to feet, files from feet to head.
            save_dicom(folder / f"{100 - number:03d}.dcm", values, number)
    return root


def save_dicom(path: Path, values: NDArray[np.generic], number: int) -> None:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.4"
    meta.MediaStorageSOPInstanceUID = f"1.2.3.{number + 1}"
    dicom = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    dicom.SOPClassUID = meta.MediaStorageSOPClassUID
    dicom.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dicom.SeriesInstanceUID = "1.2.3"
    dicom.Rows, dicom.Columns = values.shape
    dicom.PixelSpacing, dicom.SliceThickness = [1.0, 1.0], 3.0
    dicom.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    dicom.ImagePositionPatient = [0, 0, 3.0 * number]
    dicom.SamplesPerPixel, dicom.PhotometricInterpretation = 1, "MONOCHROME2"
    dicom.BitsAllocated = dicom.BitsStored = 16
    dicom.HighBit, dicom.PixelRepresentation = 15, 0
    dicom.PixelData = values.astype("<u2").tobytes()
    dicom.save_as(path, enforce_file_format=True)


def write_table(root: Path, patients: Sequence[Patient]) -> Path:
    """A CSV beside the NIfTI files it lists."""
    rows = ["patient,t1ce,flair,mask,age"]
    for patient in patients:
        for name, values in zip(
            ("flair", "t1ce"), images_of(patient, "flair", "t1ce"), strict=True
        ):
            save_nifti(root / "scans" / f"{patient.id}-{name}.nii.gz", values)
        save_nifti(root / "scans" / f"{patient.id}-drawn.nii.gz", labels_of(patient))
        paths = [f"scans/{patient.id}-{name}.nii.gz" for name in ("t1ce", "flair", "drawn")]
        rows.append(",".join([patient.id, *paths, "61"]))
    (root / "scans.csv").write_text("\n".join(rows) + "\n")
    return root / "scans.csv"
