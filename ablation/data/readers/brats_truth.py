"""From the stored labels of a BraTS truth to one numbering, and where the brain is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablation.data.readers.brats_names import ENHANCING, YEAR_2013, numbering
from ablation.data.readers.rim import count, oedema_of
from ablation.data.readers.whole_numbers import whole_numbers
from ablation.errors import DataError

BORDER_SHARE = 0.5
"""Share of the outermost voxels that have one value when there is nothing around the head."""

Values = NDArray[Any]


def labels_of(values: Values, name: str) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Return labels in the numbering of 2013, in the shape of the values, and what was assumed.

    Args:
        values: As stored; any numeric type.
        name: Of the file, which decides between numberings.

    Raises:
        DataError: Values that are no labels.
    """
    whole = _whole(values)
    found = [label for label, count in enumerate(np.bincount(whole.ravel(), minlength=5)) if count]
    oedema = None
    if 3 in found and ENHANCING not in found and values.ndim == 3:
        oedema = oedema_of([count(whole.astype(np.uint8))])
    table, assumed = numbering(name, found, oedema)
    meaning = np.array([table.get(label, 0) for label in YEAR_2013], np.uint8)
    labels = meaning[whole]
    notes = [assumed] if assumed else []
    if labels.any() and not np.any(labels == ENHANCING):
        notes.append("no voxel is enhancing tumour; the target ET is empty")
    return labels, tuple(notes)


def brain_of(volumes: NDArray[np.float32]) -> NDArray[np.bool_] | None:
    """Return where the brain is in skull-stripped volumes, shape (slice, row, column).

    Around the brain each volume has one value: 0, or what a z-score made of it. It is the most
    frequent value on the border; brain is where any modality differs from its own.

    Args:
        volumes: Shape (modality, slice, row, column).

    Returns:
        None when no border is of one value: not skull-stripped, or cropped into the brain.
    """
    brain = None
    for volume in volumes:
        around = _border_value(volume)
        if around is not None:
            differs = volume != around
            brain = differs if brain is None else brain | differs
    return brain


def _border_value(volume: NDArray[np.float32]) -> float | None:
    faces = [face for axis in range(3) for face in (volume.take(0, axis), volume.take(-1, axis))]
    values, counts = np.unique(np.concatenate([face.ravel() for face in faces]), return_counts=True)
    most = int(counts.argmax())
    return float(values[most]) if counts[most] >= BORDER_SHARE * counts.sum() else None


def _whole(values: Values) -> NDArray[np.int32]:
    """Return the values as whole numbers from 0 to 4."""
    values = whole_numbers(values, "it was interpolated")
    unknown = (values < 0) | (values > max(YEAR_2013))
    if unknown.any():
        some = ", ".join(f"{value:g}" for value in np.unique(values[unknown])[:3])
        raise DataError(
            f"holds label {some} in {np.count_nonzero(unknown)} voxels, known are 0 to 4"
        )
    return values.astype(np.int32)
