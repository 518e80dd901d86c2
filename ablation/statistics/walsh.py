"""Walsh averages, the means of two of n values, in order: all of them, or one by its place.

There are n (n + 1) / 2 of them, so beyond some thousand values they are counted, not listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ablation.statistics.paired import rounded

Array = NDArray[np.float64]

LISTED_UP_TO = 2_000  # values: 2 million averages, 16 MB
HALVINGS = 200  # of the range of the averages; it is narrow enough long before


def walsh_averages_at(values: Array, places: Sequence[int]) -> tuple[float, ...]:
    """Return the averages of two values (of a value with itself, too) at these places, from 0.

    Args:
        values: Shape (n,); rounded, so that the averages are rounded as they are.
        places: Of the averages in ascending order.

    Time O(n log n) and memory O(n) beyond 2,000 values.

    >>> walsh_averages_at(np.array([1.0, 2.0, 4.0]), [0, 3, 5])
    (1.0, 2.5, 4.0)
    """
    return _at(np.ascontiguousarray(np.sort(values)).tobytes(), tuple(places))


@lru_cache(maxsize=128)  # the planned test and the table of effect sizes ask for the same ones
def _at(ascending: bytes, places: tuple[int, ...]) -> tuple[float, ...]:
    values = np.frombuffer(ascending, np.float64)
    if values.size > LISTED_UP_TO:
        return tuple(_counted(values, place) for place in places)
    i, j = np.triu_indices(values.size)
    averages = np.sort(rounded((values[i] + values[j]) / 2.0, values))
    return tuple(float(averages[place]) for place in places)


def _counted(ascending: Array, place: int) -> float:
    """The average at a place, by halving the range that holds it."""
    low, high = 2 * float(ascending[0]), 2 * float(ascending[-1])
    if _sums_up_to(ascending, low) > place:
        return float(rounded(np.array([low / 2]), ascending)[0])
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        if _sums_up_to(ascending, middle) > place:
            high = middle
        else:
            low = middle
    return float(rounded(np.array([high / 2]), ascending)[0])


def _sums_up_to(ascending: Array, edge: float) -> int:
    """How many sums of two values, each pair once and each value with itself, reach the edge."""
    ordered = int(np.searchsorted(ascending, edge - ascending, side="right").sum())
    doubled = int(np.searchsorted(2 * ascending, edge, side="right"))
    return (ordered + doubled) // 2
