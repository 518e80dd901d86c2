"""Write what was computed for a patient in the geometry of the patient's own files."""

from __future__ import annotations

import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablation.data.grid import stored_affine, to_stored
from ablation.data.readers.endings import FLAT, NIFTI, ending_of
from ablation.data.readers.patients import Patient
from ablation.data.readers.volumes import as_stored
from ablation.errors import DataError
from ablation.files.atomic import write_whole

WHITE = 255
"""What marks the region in a picture; viewers show it white."""


@dataclass(frozen=True, slots=True)
class Form:
    """Files that hold a volume of a patient."""

    ending: str
    """".nii.gz", ".tif" or ".png"."""
    slices: tuple[str, ...] = ()
    """Names without ending, one for each slice; none: one file holds the volume."""

    def names(self, case: str, suffix: str) -> tuple[str, ...]:
        """Return the files below the folder of results, as in ("P1_mask.nii.gz",)."""
        if not self.slices:
            return (f"{case}{suffix}{self.ending}",)
        return tuple(f"{case}/{one}{suffix or '_mask'}{self.ending}" for one in self.slices)


def form_of(patient: Patient, files: Sequence[Path], *, fractions: bool) -> Form:
    """Return how a volume of a patient is stored: as the patient's own images are.

    A scan that has a place in space becomes a NIfTI file, one of a file for each slice as many
    TIFF files, a picture a picture. `fractions`: values are no whole numbers, which PNG cannot hold.
    """
    if patient.grid is not None:
        return Form(".nii.gz")
    own = {path.name for path in files}
    if all(name in own for name in patient.slice_order):
        return Form(".tif", tuple(PurePosixPath(name).stem for name in patient.slice_order))
    flat = any(ending_of(path) in FLAT for path in files) and patient.shape[0] == 1
    if not flat:
        return Form(".nii.gz")
    return Form(".tif" if fractions or _are_tiff(files) else ".png")


def _are_tiff(files: Sequence[Path]) -> bool:
    return all(ending_of(path) in (".tif", ".tiff") for path in files)


def write_volume(
    folder: Path,
    names: Sequence[str],
    values: NDArray[Any],
    patient: Patient,
    files: Sequence[Path],
) -> None:
    """Write a mask or a map of a patient, each file complete or not at all.

    Args:
        folder: Where results go.
        names: Files of `Form.names`.
        values: Shape (slice, row, column): a boolean mask, or float32.
        patient: Whose it is.
        files: The patient's own files; a NIfTI file takes affine, header and, for a mask of
            integer images, the data type from the first that lies on the patient's grid.
    """
    if names[0].endswith(".nii.gz"):
        write_whole(folder / names[0], _nifti(values, patient, files))
        return
    for name, one in zip(names, values, strict=True):
        write_whole(folder / name, _picture(one, name))


def _picture(values: NDArray[Any], name: str) -> bytes:
    shown = values.astype(np.uint8) * np.uint8(WHITE) if values.dtype == bool else values
    target = io.BytesIO()
    if name.endswith(".png"):
        from PIL import Image

        Image.fromarray(shown).save(target, "PNG")
    else:
        import tifffile

        tifffile.imwrite(target, np.ascontiguousarray(shown), photometric="minisblack")
    return target.getvalue()


def _nifti(values: NDArray[Any], patient: Patient, files: Sequence[Path]) -> bytes:
    import nibabel  # in here: only who writes volumes waits for it

    source = _source(patient, files)
    if source is not None:
        kind, affine, header = type(source), source.affine, source.header.copy()
        stored_type = source.get_data_dtype()
    else:
        kind, affine, header = nibabel.Nifti1Image, _affine(patient), None
        stored_type = np.dtype(np.uint8)
    if values.dtype == bool:
        scaled = source is not None and source.dataobj.slope not in (None, 1.0)
        whole = stored_type.kind in "iu" and not scaled
        values = values.astype(stored_type if whole else np.uint8)
    if patient.grid is not None:
        stored = to_stored(values, patient.grid.stored)
    else:
        stored = values.transpose(2, 1, 0)
    if source is not None:
        stored = stored.reshape(_sides(source.shape, stored.shape))
    image = kind(np.ascontiguousarray(stored), affine, header)
    image.set_data_dtype(values.dtype)
    image.header["cal_min"] = image.header["cal_max"] = 0
    # Without a time, so that the same mask is the same bytes.
    return gzip.compress(image.to_bytes(), compresslevel=6, mtime=0)


def _sides(source: Sequence[int], own: Sequence[int]) -> tuple[int, ...]:
    """Return the shape of a file without its channels."""
    if np.prod(source) == np.prod(own):
        return tuple(source)
    return tuple(own)


def _source(patient: Patient, files: Sequence[Path]) -> Any:
    """Return the patient's first NIfTI image whose voxels are those of the patient, as stored."""
    grid = patient.grid
    if grid is None:
        return None
    for file in files:
        if ending_of(file) not in NIFTI:
            continue
        try:
            image, volume = as_stored(file)
        except DataError:
            continue
        own = volume.grid
        if (own.stored, own.shape) == (grid.stored, grid.shape) and np.array_equal(
            own.affine, grid.affine
        ):
            return image
    return None


def _affine(patient: Patient) -> NDArray[np.float64]:
    if patient.grid is not None:
        return stored_affine(patient.grid)
    slices, rows, columns = patient.spacing_mm or (1.0, 1.0, 1.0)
    return np.diag([-columns, -rows, slices, 1.0])
