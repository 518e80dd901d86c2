"""What two masks need to be compared, and the smallest box that holds both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ablation.errors import DataError

Mask: TypeAlias = NDArray[np.bool_]
"""Foreground of an image (row, column) or a volume (slice, row, column)."""


def check_pair(truth: Mask, prediction: Mask, where: str = "masks") -> None:
    """Refuse masks that are not boolean or differ in shape; `where` names the case.

    A mask of labels or of 0.0 and 1.0 is refused because `&` and `~` mean something else there.
    """
    for name, mask in (("truth", truth), ("prediction", prediction)):
        if mask.dtype != np.bool_:
            raise DataError(
                f"{where}: {name} is {mask.dtype}, not boolean",
                hint="Compare the labels or the probability with a value first.",
            )
    if truth.shape != prediction.shape:
        raise DataError(
            f"{where}: truth {truth.shape} and prediction {prediction.shape} differ in shape",
            hint="Resample the prediction onto the truth's grid.",
        )


def directions(shape: Sequence[float]) -> tuple[int, ...]:
    """Return the axes along which an image extends: those longer than 1 voxel.

    >>> directions((1, 96, 96)), directions((96, 96, 1)), directions((1, 1))
    ((1, 2), (0, 1), (1,))
    """
    return tuple(axis for axis, n in enumerate(shape) if n > 1) or (len(shape) - 1,)


def union_box(truth: Mask, prediction: Mask) -> tuple[slice, ...] | None:
    """Return the box around the foreground of both masks, a slice per axis; None if both empty.

    >>> image = np.zeros((6, 8), bool)
    >>> image[2:4, 5] = True
    >>> union_box(image, np.zeros_like(image))
    (slice(2, 4, None), slice(5, 6, None))
    """
    return _box(truth | prediction)


def _box(mask: Mask) -> tuple[slice, ...] | None:
    # The projection along the first axis runs over memory in order: 4 times as fast as one
    # projection per axis, and each further step sees only what is left of the box.
    if mask.ndim == 1:
        return _span(mask)
    inner = _box(np.logical_or.reduce(mask, axis=0))
    if inner is None:
        return None
    outer = _span(np.logical_or.reduce(mask[:, *inner], axis=tuple(range(1, mask.ndim))))
    return None if outer is None else (*outer, *inner)


def _span(line: Mask) -> tuple[slice, ...] | None:
    at = np.flatnonzero(line)
    return (slice(int(at[0]), int(at[-1]) + 1),) if at.size else None
