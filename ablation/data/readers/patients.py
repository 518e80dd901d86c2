"""What every source yields: one patient's images and truth, as arrays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablation.data.grid import Grid


@dataclass(frozen=True, slots=True)
class Patient:
    """One patient as read from disk, before any preprocessing."""

    id: str
    volumes: NDArray[np.generic]
    """Images, shape (modality, slice, row, column), in the type they were stored in."""
    modalities: tuple[str, ...]
    truth: NDArray[np.uint8] | None
    """Labels, shape (slice, row, column); 0 is healthy. None: no truth is drawn for this patient."""
    spacing_mm: tuple[float, float, float] | None
    """Voxel size in the order of the axes; None when the files do not say."""
    slice_order: tuple[str, ...]
    """What each slice was read from, first to last."""
    brain: NDArray[np.bool_] | None = None
    """Where the brain is, shape (slice, row, column); None: told from the intensities."""
    grid: Grid | None = None
    """Where the voxels lie in space and in the files; None when the files do not say."""
    hashed_as: tuple[str, ...] | None = None
    """Names of the modalities in the hash of the images; None: their own."""
    stored_hash: str = ""
    """Hash of the labels as the file has them, where `truth` numbers them otherwise."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Slices, rows, columns."""
        slices, rows, columns = self.volumes.shape[1:]
        return slices, rows, columns


def raw_hash(patient: Patient) -> str:
    """Return a hash of the images, their modalities and spacing; not of name or location."""
    return _hash_array(
        patient.volumes, repr((patient.hashed_as or patient.modalities, patient.spacing_mm))
    )


def truth_hash(patient: Patient) -> str:
    """Return a hash of the labels; empty when there are none."""
    return "" if patient.truth is None else labels_hash(patient.truth)


def labels_hash(labels: NDArray[np.uint8]) -> str:
    """Return a hash of labels in canonical order, shape (slice, row, column)."""
    return _hash_array(labels, "")


def region(truth: NDArray[np.uint8], labels: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return where the truth carries one of the labels, in the shape of the truth.

    >>> region(np.array([0, 1, 2, 4], np.uint8), (1, 4)).tolist()
    [False, True, False, True]
    """
    return np.isin(truth, labels)


def _hash_array(array: NDArray[np.generic], about: str) -> str:
    # The byte order is fixed, so that a machine of the other order finds the same hash.
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    digest = hashlib.sha256(f"{little.dtype.str}{little.shape}{about}".encode())
    digest.update(little.data)
    return digest.hexdigest()[:32]
