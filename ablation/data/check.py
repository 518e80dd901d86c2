"""What can be said about patients whose files could be read: warnings about what they hold."""

from __future__ import annotations

from collections.abc import Container, Mapping

import numpy as np

from ablation.data.findings import Finding
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
    return tuple(Finding("warning", where, fault, patient.id) for fault in faults)


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
