"""From a patient's images and truth to what a network sees: scaled to 0..1, square, one region.

Each step is a pure function of one volume; nothing is learned from other patients.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse

from ablation.errors import DataError

Volume = NDArray[np.generic]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

CLIP = 3.0
"""Standard deviations of brain intensity that are kept on either side."""
BRAIN_SHARE = 0.1
"""Voxels above this share of the 99.5th percentile are tissue rather than air."""
IN_PLANE = np.array([[[0] * 3] * 3, [[0, 1, 0], [1, 1, 1], [0, 1, 0]], [[0] * 3] * 3])
"""Neighbours within a slice only: a ventricle open to the next slice is still enclosed in its own."""


def normalise(volume: Volume, how: str, brain: Mask | None = None) -> Floats:
    """Scale one modality of one patient, shape (slice, row, column), to 0..1.

    Args:
        volume: Intensities as stored.
        how: "volume_z_clip01" or "div255".
        brain: Where the brain is, where a source knows; None: told from the intensities.

    Raises:
        DataError: Values outside 0..255 with "div255".
    """
    if how == "volume_z_clip01":
        return volume_z_clip01(volume, brain)
    values = volume.astype(np.float32)
    if values.min() < 0 or values.max() > 255:
        raise DataError(
            f"data.normalise=div255 needs values of 0..255, the images hold {values.min()}..{values.max()}",
            hint="Use data.normalise=volume_z_clip01.",
        )
    return values / np.float32(255)


def volume_z_clip01(volume: Volume, brain: Mask | None = None) -> Floats:
    """Z-score over the brain of the whole volume, clip to ±3, map to 0..1; air is 0.

    One scale for all slices of a patient, so the same tissue looks the same in each of them.
    A constant brain becomes 0.5, a volume of zeros stays 0.

    >>> volume_z_clip01(np.zeros((2, 4, 4))).max()
    np.float32(0.0)
    """
    inside = brain_mask(volume) if brain is None else brain
    values = volume.astype(np.float64)
    tissue = values[inside]
    if tissue.size == 0:
        return np.zeros(volume.shape, np.float32)
    score = np.clip((values - tissue.mean()) / (tissue.std() or 1.0), -CLIP, CLIP)
    return np.where(inside, (score + CLIP) / (2 * CLIP), 0.0).astype(np.float32)


def brain_mask(volume: Volume) -> NDArray[np.bool_]:
    """Return where there is head rather than air, in the shape of the volume.

    Air is seldom exactly 0 in scans that are not skull-stripped: what is darker than a tenth of
    the 99.5th percentile is air, unless the head encloses it (ventricles, bone). Where values are
    negative, both are counted from the lowest.
    """
    values = volume.astype(np.float64)
    values -= min(0.0, float(values.min()))
    dark = values <= BRAIN_SHARE * np.percentile(values, 99.5)
    regions, count = ndimage.label(dark, structure=IN_PLANE)
    is_air = np.zeros(count + 1, bool)
    for edge in (regions[:, 0], regions[:, -1], regions[:, :, 0], regions[:, :, -1]):
        is_air[edge] = True
    is_air[0] = False  # label 0 is what is not dark
    inside: NDArray[np.bool_] = ~is_air[regions]
    return inside


def resize_images(volume: Floats, size: int) -> Floats:
    """Resize each slice to size x size; each axis by its own factor.

    Shrinking averages the covered area, so no pixel is skipped; growing is bilinear. Both take
    pixels as squares whose centres lie at half-integers.
    """
    for axis in (1, 2):
        # Few weights are not 0; and unlike BLAS, sparse products give every machine the same bits.
        weights = sparse.csr_array(resize_weights(volume.shape[axis], size))
        lines = np.moveaxis(volume, axis, 0)
        resized = (weights @ lines.reshape(len(lines), -1)).reshape(size, *lines.shape[1:])
        volume = np.moveaxis(resized, 0, axis)
    return np.ascontiguousarray(volume, np.float32)


def resize_mask(mask: NDArray[np.bool_], size: int) -> NDArray[np.bool_]:
    """Resize each slice to size x size; each pixel takes the value at its own centre."""
    rows, columns = (_centres(side, size) for side in mask.shape[1:])
    return mask[:, rows[:, None], columns[None, :]]


def resize_weights(old: int, new: int) -> Floats:
    """Return the matrix, shape (new, old), that resizes one axis; each row sums to 1.

    >>> resize_weights(4, 2).tolist()
    [[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]]
    """
    factor = old / new
    here = np.arange(old)
    if new <= old:
        left = np.arange(new)[:, None] * factor
        covered = np.minimum(left + factor, here + 1) - np.maximum(left, here)
        weights = np.clip(covered, 0, None) / factor
    else:
        centre = np.clip((np.arange(new)[:, None] + 0.5) * factor - 0.5, 0, old - 1)
        weights = np.clip(1 - np.abs(centre - here), 0, None)
    return np.asarray(weights, np.float32)


def _centres(old: int, new: int) -> NDArray[np.intp]:
    return np.asarray(np.floor((np.arange(new) + 0.5) * (old / new)), np.intp)
