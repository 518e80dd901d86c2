"""How far a printed score may lie from what was computed, told by the digits of its column."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
"""A column of a table; nan where a cell is empty."""

MOST_DIGITS = 14
"""A value with more significant digits was not rounded."""
FEW_DECIMALS = 2
"""A value with so few may be a simple fraction such as 0.5 or 1."""


def units_of(values: Values) -> Values:
    """Return the unit of each value's last printed digit, shape as given; 0: it was not rounded.

    A column has one format: a fixed number of decimals, or of significant digits. Both are taken
    from the value that shows most of them, because trailing zeros may be left out, and the coarser
    one counts. A column may mix rounded values and values in full.

    >>> units_of(np.array([0.8, 0.8125, 12.0]))
    array([0.0001, 0.0001, 0.01  ])
    >>> units_of(np.array([1.0, 1 / 3, 0.667]))
    array([0.   , 0.   , 0.001])
    """
    places, sizes = decimals_of(values), _places_of_first_digits(values)
    digits = np.where(np.isfinite(values) & (values != 0), sizes + 1 + places, 1)
    in_full = digits > MOST_DIGITS
    rounded = ~in_full & (places > FEW_DECIMALS)
    if in_full.sum() < rounded.sum() or not in_full.any():
        rounded = ~in_full
    decimals = int(places[rounded].max(initial=0))
    most = int(digits[rounded].max(initial=1))
    units = np.maximum(10.0**-decimals, 10.0 ** (sizes + 1 - most))
    return np.where(rounded, units, 0.0)


def decimals_of(values: Values) -> NDArray[np.int64]:
    """Return how many decimals each value needs, shape as given; 0 for an undefined value.

    >>> decimals_of(np.array([0.25, 3.0, 1e-05, 120.0, np.nan]))
    array([2, 0, 5, 0, 0])
    """
    return np.array([_decimals(value) for value in values.tolist()], dtype=np.int64)


def _decimals(value: float) -> int:
    mantissa, _, power = repr(value).partition("e")
    fraction = mantissa.partition(".")[2].rstrip("0")
    return max(0, len(fraction) - int(power or 0))


def _places_of_first_digits(values: Values) -> NDArray[np.int64]:
    """Return the power of ten of each first digit: 1 for 12, -2 for 0.03; of 0 a very small one.

    Of 1 it is -1: what rounds up to 1 has its first digit behind the point.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        powers = np.ceil(np.log10(np.abs(values)) - 1e-12) - 1
    return np.where(np.isfinite(powers), powers, -30).astype(np.int64)
