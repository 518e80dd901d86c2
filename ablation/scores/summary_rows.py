"""Rows of a table that sum other rows up: by their name, or because they equal mean, median or SD."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from ablation.metrics.registry import METRICS, metric_by_other_name
from ablation.scores.rounding import Values, decimals_of, units_of


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STATISTICS = _words(
    "mean means average averages avg median std stdev stddev sd sem variance var iqr min minimum "
    "max maximum sum total totals overall summary aggregate aggregated all count quantile "
    "quantiles percentile percentiles quartile mittelwert mittel durchschnitt gesamt insgesamt "
    "deviation dev standardabweichung moyenne médiane écart ecart media mediana média promedio moyen"
)
"""One of these words makes a name without a number that of a summary."""
BESIDE = _words(
    "of the and for over per all cases case patients patient subjects subject images scans rows "
    "test set data dataset score scores metric metrics value values result results coefficient "
    "similarity standard error row n ci lower upper bound st micro macro "
    "weighted arithmetic geometric grand global type wt tc et"
)
"""Words that may stand beside them."""
NUMBERED = _words("quantile quantiles percentile percentiles quartile")
"""Beside these a number is part of the statistic."""

LEAST_ROWS = 2
BLOCK = 6
"""Most rows of statistics looked for at one end of a table."""
CHANCE, CHANCE_OF_ODD_NAME = 0.001, 0.05
"""A row counts as a summary where a real one would equal it less often than this."""
NEAR = 0.2
"""Values within this many SD of the statistic show how often a real one comes close to it."""
MOST_TRIED = 20
"""Of rows anywhere in the table; where more come close to a statistic, closeness means nothing."""
SLACK = 1e-7
"""Relative; tools that compute with 32 bits are off by this much."""

FUNCTIONS: Mapping[str, Callable[[Values], float]] = {
    "mean": lambda values: float(values.mean()),
    "median": lambda values: float(np.median(values)),
    "SD (n - 1)": lambda values: float(values.std(ddof=1)),
    "SD (n)": lambda values: float(values.std()),
}


def is_named_summary(name: str, more: Collection[str] = ()) -> bool:
    """Tell whether a case's name says that the row sums others up.

    Args:
        name: Of the case.
        more: Further words that may stand in such a name, such as the table's targets.

    >>> [is_named_summary(n) for n in ("Average Dice", "Mean:", "mean ± sd", "25%", "Mean (n=20)")]
    [True, True, True, True, True]
    >>> [is_named_summary(n) for n in ("MAX_0012", "SD-3", "patient 7", "Minna", "P25")]
    [False, False, False, False, False]
    """
    text = unicodedata.normalize("NFKC", name).casefold()
    text, parts = re.subn(r"\d+(?:[.,]\d+)?\s*%(?:\s*ci\b)?|\bn\s*=\s*\d+", " ", text)
    words = re.findall(r"[^\W_]+", text)
    if STATISTICS.isdisjoint(words) and not (parts and "=" not in name):
        return False
    known = STATISTICS | BESIDE | _metric_words() | {word.casefold() for word in more}
    numbers = not NUMBERED.isdisjoint(words)
    return all(
        word in known or (numbers and re.fullmatch(r"\d+(?:st|nd|rd|th)?", word)) for word in words
    )


def summary_rows(
    names: Sequence[str], columns: Mapping[str, Values], more: Collection[str] = ()
) -> dict[int, str]:
    """Return which rows sum others up, by their place, each with the reason.

    A row that equals a statistic of the other rows in every column counts where the digits are too
    many for a coincidence: one score with two decimals proves nothing.

    Args:
        names: Of the cases, of one design and one target.
        columns: All scores, one value for each name; nan: undefined.
        more: As of `is_named_summary`.

    >>> dice = np.array([0.8123, 0.7541, 0.9034, 0.6688, 0.7846])
    >>> hd95 = np.array([2.236, 9.871, 4.123, 15.552, 7.946])
    >>> summary_rows(["P1", "P2", "P3", "P4", "P5"], {"dice": dice, "hd95": hd95})
    {4: 'equals the mean of the other rows'}
    """
    found = {
        at: "looks like a summary row by its name"
        for at, name in enumerate(names)
        if is_named_summary(name, more)
    }
    cases = np.array([at for at in range(len(names)) if at not in found], dtype=np.int64)
    kept = [values[cases] for values in columns.values()]
    for at, statistic in _equal_to_the_rest([names[at] for at in cases], kept):
        found[int(cases[at])] = f"equals the {statistic} of the other rows"
    return dict(sorted(found.items()))


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """A score of all cases."""

    values: Values
    units: Values
    """Of the last digits printed."""
    weight: float
    """How much it says that no column before it says: 1 all, 0 nothing, as IoU beside Dice."""

    def chance(
        self, at: int, rest: NDArray[np.int64], function: Callable[[Values], float]
    ) -> float | None:
        """Return how often a real value would equal this statistic of the rest.

        1 where this value does not; None where nothing can be told.
        """
        value, others = self.values[at], self.values[rest]
        others = others[np.isfinite(others)]
        spread = others.std() if others.size >= LEAST_ROWS else 0.0
        if not np.isfinite(value) or not spread:
            return None
        statistic = function(others)
        rounding = 10.0 ** -float(decimals_of(self.values[[at]])[0])
        averaged = self.units[rest].max() * min(1.0, 2 / np.sqrt(others.size))
        slack = (rounding + averaged) / 2 + SLACK * abs(statistic)
        if abs(value - statistic) > slack:
            return 1.0
        close = int(np.count_nonzero(np.abs(others - statistic) <= NEAR * spread)) + 1
        return float(min(1.0, slack * close / (others.size * NEAR * spread)) ** self.weight)


def _equal_to_the_rest(names: Sequence[str], values: Sequence[Values]) -> Iterator[tuple[int, str]]:
    """Yield each row that equals a statistic of the others, by its place, and the statistic's name."""
    columns = _columns([own for own in values if _varies(own)])
    if len(names) <= LEAST_ROWS or not columns:
        return
    for at, rest, limit in _candidates(names, columns):
        for statistic, function in FUNCTIONS.items():
            chances = [column.chance(at, rest, function) for column in columns]
            if math.prod(chance for chance in chances if chance is not None) < limit:
                yield at, statistic
                break


def _varies(values: Values) -> bool:
    known = values[np.isfinite(values)]
    return known.size >= LEAST_ROWS and bool(np.ptp(known) > 0)


def _columns(all_values: Sequence[Values]) -> list[_Column]:
    ranks = [rankdata(values, nan_policy="omit") for values in all_values]
    found: list[_Column] = []
    for own, values in zip(ranks, all_values, strict=True):
        known = (np.isfinite(own) & np.isfinite(other) for other in ranks[: len(found)])
        shared = [
            _correlation(own[both], other[both]) for both, other in zip(known, ranks, strict=False)
        ]
        found.append(_Column(values, units_of(values), 1 - max(shared, default=0.0) ** 2))
    return found


def _correlation(one: Values, other: Values) -> float:
    """Return the size of the correlation; 0 where one does not vary."""
    if one.size < LEAST_ROWS or not np.ptp(one) or not np.ptp(other):
        return 0.0
    return float(abs(np.corrcoef(one, other)[0, 1]))


def _candidates(
    names: Sequence[str], columns: Sequence[_Column]
) -> Iterator[tuple[int, NDArray[np.int64], float]]:
    """Yield a row, what it may sum up, and how rare a coincidence must be for it to count."""
    rows = np.arange(len(names))
    odd = _odd(names)
    usual = np.setdiff1d(rows, odd)
    for at in odd:
        yield int(at), usual, CHANCE_OF_ODD_NAME / len(odd)
    for size in range(1, min(BLOCK, len(rows) - LEAST_ROWS) + 1):
        limit = CHANCE if size == 1 else CHANCE / BLOCK**2
        for at in range(size):
            yield len(rows) - size + at, rows[:-size], limit
            yield at, rows[size:], limit
    for at in _near_a_statistic(columns):
        yield int(at), np.delete(rows, at), CHANCE / len(rows)


def _near_a_statistic(columns: Sequence[_Column]) -> NDArray[np.int64]:
    """Return the rows that may equal a statistic of all others; none where many may by chance."""
    fits = np.ones((len(FUNCTIONS), len(columns[0].values)), bool)
    for column in columns:
        known = np.isfinite(column.values)
        values = column.values[known]
        near = np.abs(values - _without_each(values)) <= column.units.max() + SLACK
        fits[:, known] &= near
    found = np.flatnonzero(fits.any(axis=0))
    return found if len(found) <= MOST_TRIED else found[:0]


def _without_each(values: Values) -> NDArray[np.float64]:
    """Return FUNCTIONS of all values but one, shape (function, the value left out).

    >>> _without_each(np.array([1.0, 2.0, 6.0])).round(3)
    array([[4.   , 3.5  , 1.5  ],
           [4.   , 3.5  , 1.5  ],
           [2.828, 3.536, 0.707],
           [2.   , 2.5  , 0.5  ]])
    """
    n = len(values)
    mean = values.mean()
    means = (n * mean - values) / (n - 1)
    squares = ((values - mean) ** 2).sum() - (values - mean) ** 2 * n / (n - 1)
    squares = np.maximum(squares, 0.0)
    ordered, places = np.sort(values), np.argsort(np.argsort(values, kind="stable"), kind="stable")
    lower, upper = ((n - 2) // 2, (n - 1) // 2)
    medians = (ordered[lower + (places <= lower)] + ordered[upper + (places <= upper)]) / 2
    spread = np.sqrt(squares / max(n - 2, 1))
    return np.stack([means, medians, spread, np.sqrt(squares / (n - 1))])


def _odd(names: Sequence[str]) -> NDArray[np.int64]:
    """Return the rows without a number in their name, where nearly all others have one."""
    plain = np.array([not re.search(r"\d", name) for name in names], bool)
    few = np.count_nonzero(plain) <= max(1, len(names) // 5)
    return np.flatnonzero(plain) if few else np.flatnonzero(plain)[:0]


@cache
def _metric_words() -> frozenset[str]:
    names = chain(METRICS, metric_by_other_name())
    words = (re.findall(r"[^\W_]+", name) for name in names)
    return frozenset(chain.from_iterable(words))
