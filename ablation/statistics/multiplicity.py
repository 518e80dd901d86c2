"""p-values of a family of planned comparisons, adjusted together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def holm(p: Sequence[float] | NDArray[np.float64]) -> tuple[float, ...]:
    """Return Holm's adjusted p-values, in the order given; strong control, any dependence.

    Source: Holm 1979.

    >>> holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    raw = np.asarray(p, np.float64)
    if raw.size and not ((raw >= 0) & (raw <= 1)).all():
        raise ValueError(f"p-values lie between 0 and 1, got {raw.tolist()}")
    order = np.argsort(raw, kind="stable")
    stepped = np.maximum.accumulate(raw[order] * (raw.size - np.arange(raw.size)))
    adjusted = np.empty_like(raw)
    adjusted[order] = np.minimum(stepped, 1.0)
    return tuple(adjusted.tolist())
