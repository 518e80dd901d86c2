"""What a metric declares about itself: all that tables, comparisons and reports need to know."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ablation.metrics.pair import MaskPair, Status

Kind = Literal["ratio", "background", "distance", "loss", "declared"]

ROW_UNIT = "distance_unit"
"""As a metric's unit: what the table's column of this name says, mm or px."""

MOST_DIGITS = 12
"""Decimals beyond which a difference is rounding."""

DIAGONAL: Literal["diagonal"] = "diagonal"
"""As a penalty: the diagonal of the image, longer than any distance in it."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A score of one case, with direction and unit.

    A new one is such an entry with its function, in a file of `ablation/metrics/entries`, and a
    line in `registry.py`.
    """

    name: str
    """Column of the per-case table."""
    label: str
    """What tables and figures call it."""
    kind: Kind
    """ratio: of what is foreground in truth or prediction, 0 to 1; distance: between surfaces;
    loss: any other amount. background: depends on how much healthy tissue is in view; described,
    never tested first. declared: of another tool, with a direction that its user gave; no range, no
    worst value."""
    higher_is_better: bool
    digits: int
    """Decimals of a printed value."""
    function: Callable[[MaskPair], float] | None = None
    """Computes it; nan where the formula is undefined. None: scores of another tool."""
    meaning: str = ""
    """The formula in words, for the reference of the table."""
    unit: str = ""
    """"" for a plain number; ROW_UNIT for a distance."""
    bounds: tuple[float, float] = (-math.inf, math.inf)
    """Smallest and largest possible value."""
    undefined: tuple[Status, ...] = ()
    """Under which the formula divides 0 by 0 or lacks a surface."""
    also_undefined: str = ""
    """Where else it is undefined, which the status does not tell."""
    penalty: float | Literal["diagonal"] | None = None
    """The worst value, which a missed tumour counts; None: there is none."""
    summary: tuple[Literal["mean", "median"], ...] = ()
    """How it is summed up over patients in the metrics of a run."""
    other_names: tuple[str, ...] = ()
    """What other tools call it, in lower case, words joined by underscores."""
    definition: str = ""
    """Completes "LABEL is ..." in a methods text; may cite as [@key] of references.bib."""
    definitions: tuple[tuple[str, str], ...] = ()
    """Where programs differ: (method, definition) of each; a run's fact NAME_method says which."""

    @property
    def sign(self) -> int:
        """What a raw difference is multiplied by, so that above 0 means better."""
        return 1 if self.higher_is_better else -1

    @property
    def best(self) -> float:
        """The value of a perfect prediction; infinite where there is no limit."""
        return self.bounds[1] if self.higher_is_better else self.bounds[0]

    @property
    def difference_bounds(self) -> tuple[float, float]:
        """Smallest and largest possible difference of two values."""
        span = self.bounds[1] - self.bounds[0]
        return (-span, span)

    @property
    def penalised(self) -> tuple[Status, ...]:
        """Under which the penalty stands in for an undefined value.

        A missed tumour counts the worst value. A false alarm does in distances, which need two
        surfaces; a ratio that needs a truth tells nothing of a false alarm.
        """
        counting: tuple[Status, ...] = ("missed",)
        if self.penalty == DIAGONAL:
            counting = ("missed", "false_alarm")
        elif self.penalty is None:
            counting = ()
        return tuple(status for status in counting if status in self.undefined)

    def text(self, value: float | None, *, signed: bool = False) -> str:
        """Return a value as printed; nothing for a value that does not exist.

        >>> auc = declared("auc", higher_is_better=True)
        >>> auc.text(0.51234), auc.text(-1.5, signed=True)
        ('0.512', '-1.500')
        """
        return number_text(value, self.digits, signed=signed)

    def texts(self, *values: float | None, signed: bool = False) -> tuple[str, ...]:
        """Return a difference and its limits as printed, with the decimals that they need.

        Limits that exclude 0 are not printed as 0, nor is a difference with such limits.

        >>> dice = declared("dice", higher_is_better=True)
        >>> dice.texts(0.0007, 0.0003, 0.0012), dice.texts(0.0007, -0.0003, 0.0012)
        (('0.0007', '0.0003', '0.0012'), ('0.001', '0.000', '0.001'))
        """
        digits = self.digits
        known = [value for value in values if value is not None and value == value]
        if known and (min(known) > 0 or max(known) < 0):
            while digits < MOST_DIGITS and any(round(value, digits) == 0 for value in known):
                digits += 1
        return tuple(number_text(value, digits, signed=signed) for value in values)


def number_text(value: float | None, digits: int, *, signed: bool = False) -> str:
    """Return a number with this many decimals, and no minus before a rounded zero.

    >>> number_text(-0.0004, 3), number_text(0.02, 3, signed=True), number_text(None, 3)
    ('0.000', '+0.020', '')
    """
    if value is None or value != value:
        return ""
    rounded = round(value, digits) + 0.0
    return f"{rounded:{'+' if signed and rounded else ''}.{digits}f}"


def declared(name: str, *, higher_is_better: bool) -> Metric:
    """Return a score of another tool, whose direction cannot be known from its name.

    >>> declared("auc", higher_is_better=True).text(0.91234)
    '0.912'
    """
    return Metric(name, name, "declared", higher_is_better, 3)
