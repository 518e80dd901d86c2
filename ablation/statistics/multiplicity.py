"""p-values of a family of planned comparisons, adjusted together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

PValues = Sequence[float] | NDArray[np.float64]


def holm(p: PValues) -> tuple[float, ...]:
    """Return Holm's adjusted p-values, in the order given; strong control, any dependence.

    Source: Holm 1979.

    >>> holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    raw = _checked(p)
    order = np.argsort(raw, kind="stable")
    stepped = np.maximum.accumulate(raw[order] * (raw.size - np.arange(raw.size)))
    return _in_order(stepped, order)


def benjamini_hochberg(p: PValues) -> tuple[float, ...]:
    """Return the adjusted p-values that hold the false discovery rate, in the order given.

    Source: Benjamini & Hochberg 1995; for exploration, where some false finds are accepted.

    >>> benjamini_hochberg([0.01, 0.04, 0.02])
    (0.03, 0.04, 0.03)
    """
    raw = _checked(p)
    order = np.argsort(raw, kind="stable")
    scaled = raw[order] * raw.size / np.arange(1, raw.size + 1)
    return _in_order(np.minimum.accumulate(scaled[::-1])[::-1], order)


def unadjusted(p: PValues) -> tuple[float, ...]:
    """Return the p-values as they are, checked."""
    return tuple(_checked(p).tolist())


def _checked(p: PValues) -> NDArray[np.float64]:
    raw = np.asarray(p, np.float64)
    if raw.size and not ((raw >= 0) & (raw <= 1)).all():
        raise ValueError(f"p-values lie between 0 and 1, got {raw.tolist()}")
    return raw


def _in_order(stepped: NDArray[np.float64], order: NDArray[np.intp]) -> tuple[float, ...]:
    adjusted = np.empty_like(stepped)
    adjusted[order] = np.minimum(stepped, 1.0)
    return tuple(adjusted.tolist())
