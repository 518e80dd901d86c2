"""What can be said about patients whose files could be read: warnings about what they hold."""

from __future__ import annotations

from collections.abc import Container, Mapping

import numpy as np

from ablation.data.findings import Finding
from ablation.data.preprocess import brain_mask
from ablation.data.readers.patients import Patient


def check_patient(patient: Patient, where: str) -> tuple[Finding, ...]:
    """Return what can be said about readable images and truth; all are warnings."""
    faults = [
        f"{name} is {volume.flat[0]} everywhere"
        for name, volume in zip(patient.modalities, patient.volumes, strict=True)
        if volume.min() == volume.max()
    ]
    # Of images of one slice many are empty; how many is in the table.
    if patient.truth is not None and not np.any(patient.truth) and patient.shape[0] > 1:
        faults.append(
            f"no tumour in any of the {patient.shape[0]} masks; counted as a patient without tumour"
        )
    if patient.truth is not None and patient.shape[0] > 1 and (fault := _implausible(patient)):
        faults.append(fault)
    return tuple(Finding("warning", where, fault, patient.id) for fault in faults)


def _implausible(patient: Patient) -> str:
    """Say that the masks cover more than a tumour can; empty where they do not."""
    assert patient.truth is not None
    tumour = patient.truth > 0
    volume = patient.volumes[0]
    head = brain_mask(volume) if patient.brain is None else patient.brain
    if float(head.mean()) > CROPPED and float(tumour.mean()) < CROPPED:
        return ""  # cropped around the tumour, so that the head is not to be seen
    share = float(tumour[head].mean()) if head.any() else float(tumour.mean())
    outside = float(tumour[~head].mean()) if not head.all() else 0.0
    slices = int(tumour.any(axis=(1, 2)).sum())
    every = slices >= MOST_SLICES * len(tumour) and len(tumour) >= SEVERAL
    if share > MOST_OF_HEAD or outside > MOST_OF_HEAD:
        where = "head" if share >= outside else "air around the head"
        return (
            f"masks cover {max(share, outside):.0%} of the {where}, on {slices} of {len(tumour)} slices: "
            "no tumour is that large; they may be inverted (0 for tumour) or another structure"
        )
    if every and share > LARGE_SHARE:
        return (
            f"masks cover {share:.0%} of the head and have tumour on {slices} of {len(tumour)} slices; "
            "check that they are not inverted or of another structure"
        )
    return ""


CROPPED = 0.9
"""Share of the voxels that are head where there is no air around it."""
MOST_OF_HEAD = 0.5
"""Share of the head that no tumour fills."""
LARGE_SHARE, MOST_SLICES, SEVERAL = 0.3, 0.95, 10
"""Share of the head of a large tumour, share of slices that are nearly all, of so many."""


def find_twins(raw_hashes: Mapping[str, str], labelled: Container[str]) -> tuple[Finding, ...]:
    """Return a warning for each patient whose images another patient already has.

    Args:
        raw_hashes: Hash of the images by patient. The first name in sorted order counts.
        labelled: Patients with a truth; they count before those without.
    """
    first: dict[str, str] = {}
    twins = []
    for name in sorted(raw_hashes, key=lambda name: (name not in labelled, name)):
        original = first.setdefault(raw_hashes[name], name)
        if original != name:
            fault = f"same images as {original}; left out, so that one patient counts once and in one part"
            twins.append(Finding("warning", name, fault, name))
    return tuple(twins)
