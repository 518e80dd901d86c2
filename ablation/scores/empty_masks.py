"""How tables of other tools say that one of the two masks was empty.

A distance to an empty mask does not exist. Tools write it as infinite, -1, 0, the diagonal of the
BraTS scans, a large round number, or leave the cell empty.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ablation.errors import UsageError
from ablation.metrics.pair import Status
from ablation.metrics.registry import distances
from ablation.scores.remarks import Level, Remark

DIAGONALS = (373.13, 374.0)
"""Penalties of BraTS: the diagonal of its scans."""
BRATS_SCAN = {"shape": "155x240x240", "spacing": "1x1x1", "distance_unit": "mm"}
LARGE = (*DIAGONALS, 999.0, 1000.0, 9999.0)
"""Distances that tools write for an empty mask, and that are possible as such."""
ROUNDING = 0.006  # 373.1287 is written 373.13
MOST_LINES = 6  # in a remark; more are counted

Row = dict[str, object]


def undefined_distances(texts: Sequence[str]) -> tuple[float, ...]:
    """Return the values that a user says stand for a distance to an empty mask; nan: an empty cell.

    >>> undefined_distances(["-1", "nan"])
    (-1.0, nan)

    Raises:
        UsageError: A text that is no number.
    """
    try:
        return tuple(float(text) for text in texts)
    except ValueError:
        raise UsageError(
            f"--undefined-distance {','.join(texts)} is not a number",
            hint="For example --undefined-distance 373.13 or, for empty cells, nan",
        ) from None


@dataclass(slots=True)
class EmptyMasks:
    """Reads distances to empty masks, row by row, and remembers what it read."""

    asked: Sequence[float] = ()
    """Values that the user says stand for such a distance."""
    unit: str = "line"
    """What the numbers of rows count."""
    _read: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    _open: dict[tuple[str, str], list[int]] = field(default_factory=dict)

    def settle(self, row: Row, line: int) -> Iterator[str]:
        """Take distances to an empty mask out of a row and set its status; yield what is at fault.

        Args:
            row: Scores, counts and texts of a case by our names; what is undefined is None. Distances
                may be infinite or negative.
            line: Of the row, for remarks.
        """
        truth, prediction = sizes(row)
        overlap = row.get("dice") if row.get("dice") is not None else row.get("iou")
        both_found = bool(truth) and bool(prediction)
        says_so = truth == 0 or prediction == 0 or (overlap == 0 and not both_found)
        one_empty = False
        for name in distances():
            if name not in row:
                continue
            form = self._form(row[name])
            if not form:
                continue
            certain = self._certain(row[name])
            if not certain and not says_so:
                yield from self._unsettled(row, name, form, line, overlap, (truth, prediction))
                continue
            if both_found or (isinstance(overlap, float) and 0 < overlap < 1):
                if row[name] is None:
                    continue  # not measured
                other = "both masks hold voxels" if both_found else f"the overlap is {overlap:g}"
                yield f"{name} {form} says that one mask was empty, but {other}"
                continue
            if _is(row[name], DIAGONALS) and not row.get("shape"):
                row.update(BRATS_SCAN)
            row[name] = None
            one_empty |= form != "0" or overlap == 0
            if truth != 0 or prediction != 0:
                self._read.setdefault((name, form), []).append(line)
        if not row.get("status"):
            row["status"] = status_of(row, one_empty=one_empty)

    def _form(self, value: object) -> str:
        """Return how a distance to an empty mask is written; "" where a value is none."""
        if not isinstance(value, float):
            return "an empty cell" if any(math.isnan(one) for one in self.asked) else ""
        if math.isinf(value):
            return "infinite"
        known = value <= 0 or _is(value, LARGE) or _is(value, self.asked)
        return f"{value + 0.0:g}" if known and not _is(value, (373.13,)) else "373.13" * known

    def _certain(self, value: object) -> bool:
        if not isinstance(value, float):
            return True  # asked for, else it would have no form
        return math.isinf(value) or _is(value, self.asked)

    def _unsettled(
        self,
        row: Row,
        name: str,
        form: str,
        line: int,
        overlap: object,
        found: tuple[float | None, float | None],
    ) -> Iterator[str]:
        """Remember a value that may stand for an empty mask, of which the row says nothing."""
        if form == "0" and (overlap is not None or None not in found):
            return  # two masks with the same surface
        value = row[name]
        if isinstance(value, float) and value < 0:
            if value != -1:
                yield f"{name} {form} is outside 0 and above"
                return
            row[name] = None
        self._open.setdefault((name, form), []).append(line)

    def remarks(self) -> Iterator[Remark]:
        """Yield what was read as a distance to an empty mask, and what may be one."""
        for names, form, where in self._joined(self._read):
            yield Remark(
                Level.CAUTION, f"{names} {form} in {where}: read as a distance to an empty mask"
            )
        for names, form, where in self._joined(self._open):
            kept = "taken as not defined" if form == "-1" else "taken as it stands"
            yield Remark(
                Level.WARNING if form == "0" else Level.CAUTION,  # 0 is the best distance there is
                f"{names} {form} in {where}: {kept}; some tools write this where a mask was empty, "
                f"and nothing in these rows says so (if one was: --undefined-distance {form})",
            )

    def _joined(
        self, found: Mapping[tuple[str, str], Sequence[int]]
    ) -> Iterator[tuple[str, str, str]]:
        """Yield the metrics that share form and rows, the form, and the rows."""
        names: dict[tuple[str, tuple[int, ...]], list[str]] = {}
        for (name, form), lines in found.items():
            names.setdefault((form, tuple(dict.fromkeys(lines))), []).append(name)
        for (form, lines), own in names.items():
            shown = ", ".join(map(str, lines[:MOST_LINES]))
            more = f" and {len(lines) - MOST_LINES} more" if len(lines) > MOST_LINES else ""
            plural = "" if len(lines) == 1 else "s"
            yield ", ".join(own), form, f"{self.unit}{plural} {shown}{more}"


def sizes(row: Mapping[str, object]) -> tuple[float | None, float | None]:
    """Return the voxels of truth and prediction, from the counts where only these are known."""
    return (
        _sum(row, "truth_voxels", ("tp", "fn")),
        _sum(row, "pred_voxels", ("tp", "fp")),
    )


def status_of(row: Mapping[str, object], *, one_empty: bool) -> Status:
    """Return which masks are empty, as far as a row says; without a hint both hold voxels.

    Args:
        row: Scores and counts by our names; what is undefined is None.
        one_empty: A distance says that one of the masks is empty.
    """
    truth, prediction = sizes(row)
    overlap = row.get("dice") if row.get("dice") is not None else row.get("iou")
    if truth == 0:
        found = overlap == 0 or one_empty if prediction is None else prediction > 0
        return "false_alarm" if found and overlap != 1 else "both_empty"
    if one_empty and truth is None and prediction:
        return "false_alarm"
    measured = [row[name] for name in distances() if name in row]
    # No distance in a table that has distances: nothing was predicted.
    nothing_found = (
        overlap == 0 and bool(measured) and not any(value is not None for value in measured)
    )
    if prediction == 0 or one_empty or (nothing_found and not prediction):
        return "both_empty" if truth is None and overlap == 1 else "missed"
    return "scored"


def _sum(row: Mapping[str, object], whole: str, parts: Sequence[str]) -> float | None:
    value = row.get(whole)
    if isinstance(value, float):
        return value
    known = [part for name in parts if isinstance(part := row.get(name), float)]
    return sum(known) if len(known) == len(parts) else None


def _is(value: object, known: Sequence[float]) -> bool:
    return isinstance(value, float) and any(abs(value - one) < ROUNDING for one in known)
