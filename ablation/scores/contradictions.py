"""What the scores and counts of one row cannot be together, whatever the two masks were.

Dice, IoU, precision and recall are functions of two numbers, a = fp/tp and b = fn/tp:
Dice = 2/(2 + a + b), IoU = 1/(1 + a + b), precision = 1/(1 + a), recall = 1/(1 + b). Each printed
score therefore bounds a, b or a + b, within its rounding, and the bounds must meet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablation.metrics.cases import COUNTS
from ablation.metrics.registry import METRICS, distances, metric_by_other_name
from ablation.scores.rounding import Values, units_of

OVERLAPS, SHARES = ("dice", "iou"), ("precision", "recall")
RATIOS = (*OVERLAPS, *SHARES, "specificity", "accuracy", "nsd")
SLACK = 1e-5
"""Of a ratio, beside its rounding: 32 bits, and terms such as 1e-5 that avoid a division by 0."""
COARSEST = 0.01
"""Of a ratio at least two decimals are printed; where fewer are seen, they were zeros."""
DISTANCE_SLACK = 1e-4
"""Of a distance, relative, beside its rounding: some tools compute with 32 bits."""
SHARE_OF_HD95 = 0.95
"""Where HD95 is 0, so much of both surfaces is at distance 0."""
FINE = 1.01e-6
"""Unit in which a Dice of 1 leaves no voxel to differ in masks of usual size; with 4 decimals some may."""
FOUR_DECIMALS = 1.01e-4
"""Unit in which a Dice of 1 leaves hardly a voxel to differ."""
FAR = 1700.0
"""Times the share of wrong voxels: the most they add to a mean distance between surfaces, in masks
about 100 voxels wide and with voxels 100 mm off."""

Flags = NDArray[np.bool_]
Fault = tuple[Flags, Callable[[int], str]]
"""Which rows are at fault, and what is wrong with a row, by its place."""


def doubts(frame: pd.DataFrame) -> Iterator[Fault]:
    """Yield what masks can hardly have: a Dice printed as 1 with four decimals or more beside a distance.

    So few voxels differ then that most of both surfaces agree. Rows that are refused, and those
    whose counts say how many voxels differ, are left out.

    Args:
        frame: As of `contradictions`.
    """
    table = _Table.of(frame)
    if "dice" not in table:
        return
    found = [name for name in distances() if name in table]
    dice, (full, room) = table["dice"], _full_overlap(table)
    refused = np.zeros(table.rows, bool)
    for flags, _ in _of_full_overlap(table, found):
        refused |= flags
    for name in found:
        rounded = full & np.isnan(room) & (dice.units <= FOUR_DECIMALS) & (dice.units > 0)
        yield rounded & ~refused & (table[name].low > 0), table.text("dice", name, verb="beside")


def contradictions(frame: pd.DataFrame) -> Iterator[Fault]:
    """Yield what no pair of masks can have, each with the rows at fault.

    Args:
        frame: A row per case of one design, with scores and counts as float by our names or those
            of other tools; nan: undefined. A column of ratios with a value above 1 is in per cent.
    """
    table = _Table.of(frame)
    yield from _outside(table)
    yield from _of_counts(table)
    yield from _beside_empty_masks(table)
    yield from _of_ratios(table)
    yield from _of_distances(table)


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """A score or count of all rows, and how far it may lie from what was computed."""

    label: str
    shown: Values
    """As in the file."""
    values: Values
    """Of a ratio in per cent the fraction."""
    units: Values
    """Of the last digit printed; 0: not rounded."""
    slack: Values

    @property
    def low(self) -> Values:
        """The least that was computed."""
        return np.maximum(self.values - self.slack, 0.0)

    @property
    def high(self) -> Values:
        """The most that was computed."""
        return self.values + self.slack

    def text(self, at: int) -> str:
        """Return label and value of a row."""
        percent = " %" if self.shown[at] != self.values[at] else ""
        return f"{self.label} {self.shown[at]:.6g}{percent}"

    def says(self, words: str) -> Callable[[int], str]:
        """Return what says these words of the value of a row."""
        return lambda at: f"{self.text(at)} {words}"


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """Known scores and counts, by our names."""

    columns: dict[str, _Column]
    rows: int

    @classmethod
    def of(cls, frame: pd.DataFrame) -> _Table:
        """Return what we know of a table's columns."""
        elsewhere = metric_by_other_name()
        columns: dict[str, _Column] = {}
        for column in map(str, frame.select_dtypes("number")):
            plain = column.casefold().replace(" ", "_").replace("-", "_")
            name = elsewhere.get(plain, plain)
            if name in (*RATIOS, *distances(), *COUNTS) and (column == name or name not in columns):
                columns[name] = _column(name, frame[column].to_numpy(float))
        return cls(columns, len(frame))

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    def __getitem__(self, name: str) -> _Column:
        return self.columns[name]

    def count(self, name: str) -> Values:
        """Return a count; nan where it is unknown."""
        return self[name].values if name in self else np.full(self.rows, np.nan)

    def text(self, *names: str, verb: str = "contradicts") -> Callable[[int], str]:
        """Return what says of a row that the first of these contradicts the others."""

        def text(at: int) -> str:
            first, *others = (self[name].text(at) for name in names)
            return f"{first} {verb} {' with '.join(others)}"

        return text


def _column(name: str, shown: Values) -> _Column:
    label = METRICS[name].label if name in METRICS else name
    units = units_of(shown)
    if name in COUNTS:
        return _Column(label, shown, shown, units, np.zeros(len(shown)))
    if name in RATIOS:
        scale = 100.0 if np.nanmax(shown, initial=0.0) > 1 + SLACK else 1.0
        values, units = shown / scale, np.minimum(units / scale, COARSEST)
        return _Column(label, shown, values, units, units / 2 + SLACK)
    return _Column(label, shown, shown, units, units / 2 + DISTANCE_SLACK * np.abs(shown))


def _outside(table: _Table) -> Iterator[Fault]:
    for own in (table[name] for name in RATIOS if name in table):
        limits = "0..1" if np.array_equal(own.shown, own.values, equal_nan=True) else "0..100 %"
        outside = (own.values < -SLACK) | (own.values > 1 + SLACK)
        yield outside, own.says(f"is outside {limits}")


@dataclass(frozen=True, slots=True, eq=False)
class _Counts:
    """Voxels, given or following from others; nan where unknown."""

    tp: Values
    fp: Values
    fn: Values
    tn: Values
    truth: Values
    prediction: Values

    @classmethod
    def of(cls, table: _Table) -> _Counts:
        """Complete the counts of a table."""
        tp, fp, fn = (table.count(name) for name in ("tp", "fp", "fn"))
        truth, prediction = table.count("truth_voxels"), table.count("pred_voxels")
        tp = _first(tp, truth - fn, prediction - fp)
        return cls(
            tp,
            _first(fp, prediction - tp),
            _first(fn, truth - tp),
            table.count("tn"),
            _first(truth, tp + fn),
            _first(prediction, tp + fp),
        )

    @property
    def empty(self) -> Flags:
        """Whether one of the masks is known to be empty."""
        return np.asarray((self.truth == 0) | (self.prediction == 0))

    @property
    def ratios(self) -> dict[str, tuple[Values, Values]]:
        """Parts and wholes of the ratios."""
        tp, fp, fn, tn = self.tp, self.fp, self.fn, self.tn
        return {
            "dice": (2 * tp, 2 * tp + fp + fn),
            "iou": (tp, tp + fp + fn),
            "precision": (tp, tp + fp),
            "recall": (tp, tp + fn),
            "specificity": (tn, tn + fp),
            "accuracy": (tp + tn, tp + tn + fp + fn),
        }


def _first(*choices: Values) -> Values:
    """Return of each row the first value that is known."""
    found = choices[0]
    for other in choices[1:]:
        found = np.where(np.isnan(found), other, found)
    return found


def _of_counts(table: _Table) -> Iterator[Fault]:
    counts = _Counts.of(table)
    sums = {"truth_voxels": ("tp", "fn"), "pred_voxels": ("tp", "fp")}
    for whole, parts in sums.items():
        if whole in table and all(part in table for part in parts):
            apart = table[whole].values != table[parts[0]].values + table[parts[1]].values
            yield _known(apart, table, whole, *parts), table.text(whole, *parts)
        elif whole in table and "tp" in table:
            yield table["tp"].values > table[whole].values, table.text("tp", whole)
    if "lesions_found" in table and "lesions_truth" in table:
        more = table["lesions_found"].values > table["lesions_truth"].values
        yield more, table.text("lesions_found", "lesions_truth")
    wrong = np.zeros(table.rows, bool)
    for name, (some, all_of) in counts.ratios.items():
        if name in table:
            with np.errstate(divide="ignore", invalid="ignore"):
                apart = ~counts.empty & (
                    np.abs(some / all_of - table[name].values) > table[name].slack
                )
            wrong |= apart
            yield apart, _beside_counts(table, name, counts)
    yield from _of_sizes(table, counts, wrong)


def _known(flags: Flags, table: _Table, *names: str) -> Flags:
    """Return the flags of rows in which all of these columns have a value."""
    for name in names:
        flags = flags & ~np.isnan(table[name].values)
    return flags


def _beside_counts(table: _Table, name: str, counts: _Counts) -> Callable[[int], str]:
    def text(at: int) -> str:
        known = {"tp": counts.tp, "fp": counts.fp, "fn": counts.fn, "tn": counts.tn}
        listed = ", ".join(f"{k} {v[at]:g}" for k, v in known.items() if np.isfinite(v[at]))
        return f"{table[name].text(at)} contradicts the counts {listed}"

    return text


def _of_sizes(table: _Table, counts: _Counts, wrong: Flags) -> Iterator[Fault]:
    """Both sizes and a ratio give tp: a whole number, no larger than either mask."""
    truth, prediction = counts.truth, counts.prediction
    both = truth + prediction
    bounds: dict[str, tuple[Values, Values]] = {}
    for name in (name for name in (*OVERLAPS, *SHARES) if name in table):
        low, high = table[name].low, np.minimum(table[name].high, 1.0)
        if name == "dice":
            bounds[name] = low * both / 2, high * both / 2
        elif name == "iou":
            bounds[name] = low * both / (1 + low), high * both / (1 + high)
        else:
            size = prediction if name == "precision" else truth
            bounds[name] = low * size, high * size
    open_rows = ~counts.empty & ~wrong & np.isnan(table.count("tp"))
    sizes = np.minimum(truth, prediction)
    for count in range(1, len(bounds) + 1):
        for names in combinations(bounds, count):
            least = np.ceil(np.max([bounds[name][0] for name in names], axis=0) - 1e-9)
            most = np.minimum(np.min([bounds[name][1] for name in names], axis=0), sizes)
            none = open_rows & (least > np.floor(most + 1e-9))
            open_rows &= ~none
            yield none, _beside_sizes(table, names, counts)


def _beside_sizes(table: _Table, names: tuple[str, ...], counts: _Counts) -> Callable[[int], str]:
    def text(at: int) -> str:
        scores = " with ".join(table[name].text(at) for name in names)
        return (
            f"{scores} contradicts a truth of {counts.truth[at]:g} and a prediction of "
            f"{counts.prediction[at]:g} voxels"
        )

    return text


def _beside_empty_masks(table: _Table) -> Iterator[Fault]:
    """Without a truth or a prediction, ratios are 0, by some conventions 1, or undefined."""
    counts = _Counts.of(table)
    for side, own, other in (
        ("truth", counts.truth, counts.prediction),
        ("prediction", counts.prediction, counts.truth),
    ):
        for name in (name for name in (*OVERLAPS, *SHARES) if name in table):
            score = table[name]
            zero = np.abs(score.values) <= score.slack
            one = np.abs(score.values - 1) <= score.slack
            # Two empty masks agree, and precision and recall of nothing are 1 in some tools.
            allowed = zero | (one & ~(other > 0)) if name in OVERLAPS else zero | one
            flags = (own == 0) & ~allowed & ~np.isnan(score.values)
            yield flags, score.says(f"beside an empty {side}")


def _of_ratios(table: _Table) -> Iterator[Fault]:
    tried = ~_Counts.of(table).empty
    bounds = {name: _bounds(table, name) for name in (*OVERLAPS, *SHARES) if name in table}
    overlaps = [name for name in OVERLAPS if name in bounds]
    shares = [name for name in SHARES if name in bounds]
    pairs = [*combinations(overlaps, 2)]
    for one, other in pairs:
        apart = (bounds[one][1] < bounds[other][0]) | (bounds[other][1] < bounds[one][0])
        yield tried & apart, table.text(one, other)
        tried &= ~apart
    for overlap in overlaps:
        for share in shares:
            apart = bounds[overlap][1] < bounds[share][0]
            yield tried & apart, table.text(overlap, share)
            tried &= ~apart
        if len(shares) == len(SHARES):
            least, most = (sum(bounds[share][side] for share in shares) for side in (0, 1))
            apart = (bounds[overlap][1] < least) | (bounds[overlap][0] > most)
            yield tried & apart, table.text(overlap, *shares)
            tried &= ~apart
    if all(name in table for name in ("accuracy", "recall", "specificity")):
        yield _accuracy_between(table)


def _bounds(table: _Table, name: str) -> tuple[Values, Values]:
    """Return the bounds of a + b of Dice and IoU, of a of precision, of b of recall."""
    own = table[name]
    top = 2.0 if name == "dice" else 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        return top / np.minimum(own.high, 1.0) - top, top / own.low - top


def _accuracy_between(table: _Table) -> Fault:
    """Accuracy is a weighted mean of recall and specificity."""
    own, *parts = (table[name] for name in ("accuracy", "recall", "specificity"))
    below = own.high < np.min([part.low for part in parts], axis=0)
    above = own.low > np.max([part.high for part in parts], axis=0)
    return below | above, table.text("accuracy", "recall", "specificity")


def _of_distances(table: _Table) -> Iterator[Fault]:
    found = [name for name in distances() if name in table]
    if "hd" in found:
        for name in (name for name in found if name != "hd"):
            further = table[name].low > table["hd"].high
            yield further, table.text(name, "hd", verb="exceeds")
    surfaces = ~_Counts.of(table).empty
    if "nsd" in table:
        for name, share in {"hd": 1.0, "hd95": SHARE_OF_HD95}.items():
            if name in table:
                off = surfaces & (table[name].values == 0) & (table["nsd"].high < share)
                yield off, table.text("nsd", name)
    if "dice" in table:
        yield from _of_no_overlap(table, found)
        yield from _of_full_overlap(table, found)


def _of_no_overlap(table: _Table, found: list[str]) -> Iterator[Fault]:
    """Masks that share no voxel have no point in common."""
    dice = table["dice"]
    none = (dice.values == 0) & ~_Counts.of(table).empty
    for name in found:
        yield none & (table[name].values == 0), table.text("dice", name)


def _of_full_overlap(table: _Table, found: list[str]) -> Iterator[Fault]:
    """Masks that agree in every voxel have no distance between their surfaces.

    A Dice that was rounded to 1 leaves some voxels to differ: where the counts say how many, these
    decide, elsewhere the number of decimals.
    """
    dice, counts = table["dice"], _Counts.of(table)
    full, room = _full_overlap(table)
    wrong = _first(counts.fp + counts.fn, np.abs(counts.truth - counts.prediction))
    same = full & (room < 1) & (wrong == 0)
    rounded = full & np.isnan(room)
    hd95_is_0 = table["hd95"].values == 0 if "hd95" in table else np.zeros(table.rows, bool)
    for name in found:
        own = table[name]
        if name == "hd95":
            fine = dice.units < FINE
        elif name == "hd":
            fine = (dice.units < FINE) & ~hd95_is_0
        else:
            fine = own.low > dice.units / 2 * FAR
        yield (own.low > 0) & (same | (rounded & fine)), table.text("dice", name)
    if "nsd" in table:
        fine = rounded & (dice.units < FINE) & (table["nsd"].high < SHARE_OF_HD95)
        yield fine | (same & (table["nsd"].high < 1)), table.text("dice", "nsd")


def _full_overlap(table: _Table) -> tuple[Flags, Values]:
    """Which rows print a Dice of 1, and how many voxels may differ there; nan where unknown."""
    dice, counts = table["dice"], _Counts.of(table)
    room = _first(counts.fp + counts.fn, dice.slack * (counts.truth + counts.prediction))
    return (dice.values == 1) & ~counts.empty, room
