"""Labels are whole numbers, also in files that store them as fractions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablation.errors import DataError

ROUNDING = 1e-3
"""A label that went through a scale factor may be off by this much."""


def whole_numbers(values: NDArray[Any], otherwise: str) -> NDArray[Any]:
    """Return the values rounded to whole numbers, of the type they have.

    Args:
        values: As stored; any numeric type.
        otherwise: What fractions mean, or what to do; the end of the error's sentence.

    Raises:
        DataError: A value that is no finite number, or a fraction.

    Example:
        >>> whole_numbers(np.array([0.0, 1.0001]), "it was interpolated")
        array([0., 1.])
    """
    if values.dtype.kind != "f":
        return values
    if not np.all(np.isfinite(values)):
        raise DataError("holds values that are no finite numbers (NaN or infinite)")
    whole: NDArray[Any] = np.rint(values)
    between = np.abs(values - whole) > ROUNDING
    if between.any():
        some = ", ".join(f"{value:.3g}" for value in np.unique(values[between])[:3])
        raise DataError(
            f"holds fractions ({some}) in {np.count_nonzero(between)} voxels: {otherwise}"
        )
    return whole
