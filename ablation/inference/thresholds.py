"""The threshold with the best validation Dice, exact over 99 thresholds from one pass over the maps.

Counting once per threshold reads every probability 99 times. Here a product guesses the highest threshold a
probability is above, one comparison corrects the guess, and the voxel is counted once; sums from
the top give true and false positives of all thresholds, equal to the loop's to the last voxel.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CUTS = np.arange(10, 1000, 10)
"""Thresholds in per mille. Steps of a float (np.arange(0.3, 0.7, 0.05)) miss ends and digits."""

THRESHOLDS = (CUTS / 1000).astype(np.float32)
"""What probabilities are compared with: p > threshold, strictly, both float32."""

OTSU = 0.0
"""A threshold of this value stands for the one that Otsu's method finds on each case's map."""
GRID = tuple(cut / 1000 for cut in CUTS.tolist())
"""The thresholds as they are written."""

BLOCK = 1 << 15  # voxels at a time, so that what lies between the steps stays in the cache

_SLACK = np.float32(2.0**-10)
"""Far above every rounding of 100 * p, far below the distance of two cuts: no guess is too low."""
_CUT = np.array([-1.0, *THRESHOLDS, np.inf], np.float32)
"""The threshold of each guess, 0 to 100; no probability is above a guess of 100."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Voxels of one case under several masks: one a threshold, or one a way of post-processing."""

    tp: NDArray[np.int64]
    """True positives, shape (masks,)."""
    fp: NDArray[np.int64]
    """False positives, shape (masks,)."""
    truth: int
    """Tumour voxels."""


class Sums(NamedTuple):
    """Voxels of all patients together under one mask each."""

    tp: int
    fp: int
    fn: int


@dataclass(frozen=True, slots=True)
class Choice:
    """The best threshold, and how every other one did."""

    threshold: float
    validation_dice: float
    """Mean volume Dice of the patients with tumour at the threshold; 0 if there is none."""
    patients: int
    """Patients with tumour, over whom the mean is; at 0 the threshold is 0.5 by default."""
    at_edge: bool
    """Whether the best is the first or last of several cuts: a better one may lie outside."""
    curve: tuple[float, ...]
    """Mean volume Dice at every threshold; nan without patients with tumour."""


def to_mask(probability: NDArray[np.float32], threshold: float) -> NDArray[np.bool_]:
    """Return the voxels above the threshold, which is rounded to float32 as in the search.

    At OTSU it is that of Otsu's method on this map.
    """
    return probability > np.float32(otsu(probability) if threshold == OTSU else threshold)


def otsu(probability: NDArray[np.float32]) -> float:
    """Return the threshold that parts a map's values best into two classes; 0.5 of an even map.

    Of all edges between 256 bins of 0..1 the one with the largest variance between the classes; of
    equal ones the middle.

    Source: Otsu 1979.
    """
    bins = 256
    level = np.minimum((probability.reshape(-1) * bins).astype(np.intp), bins - 1)
    counts = np.bincount(level, minlength=bins).astype(float)
    sums = counts * (np.arange(bins) + 0.5) / bins
    below, mass = np.cumsum(counts)[:-1], np.cumsum(sums)[:-1]
    above = counts.sum() - below
    parted = (below > 0) & (above > 0)
    if not parted.any():
        return 0.5
    with np.errstate(invalid="ignore", divide="ignore"):
        distance = mass / below - (sums.sum() - mass) / above
        variance = np.where(parted, below * above * distance**2, -1.0)
    best = np.flatnonzero(variance >= variance.max() * (1 - 1e-12))
    return float((best.mean() + 1) / bins)


def count_curve(probability: NDArray[np.float32], truth: NDArray[np.bool_]) -> Counts:
    """Count true and false positives of one volume at all thresholds; both arrays of one shape.

    Raises:
        ValueError: Types other than float32 and bool, other shapes, or values outside 0..1.

    >>> counts = count_curve(np.float32([0.2, 0.7, 0.9]), np.array([False, True, False]))
    >>> counts.tp[[18, 19, 69]], counts.fp[[18, 19, 69]]
    (array([1, 1, 0]), array([2, 1, 1]))
    """
    if probability.dtype != np.float32 or truth.dtype != np.bool_:
        raise ValueError(f"{probability.dtype} and {truth.dtype} instead of float32 and bool")
    if probability.shape != truth.shape:
        raise ValueError(f"probability {probability.shape} and truth {truth.shape}")
    flat, label = probability.reshape(-1), truth.reshape(-1)
    histogram = np.zeros(2 * (len(CUTS) + 1), np.int64)
    for start in range(0, flat.size, BLOCK):
        block = slice(start, start + BLOCK)
        histogram += _histogram(flat[block], label[block])
    above = histogram.reshape(-1, 2)[:0:-1].cumsum(axis=0)[::-1]
    return Counts(tp=above[:, 1], fp=above[:, 0], truth=int(np.count_nonzero(label)))


def count_at(
    probability: NDArray[np.float32], truth: NDArray[np.bool_], threshold: float
) -> Counts:
    """Count true and false positives of one volume at one threshold, on the grid or not."""
    mask = to_mask(probability, threshold)
    tp = np.count_nonzero(mask & truth)
    fp = np.count_nonzero(mask) - tp
    return Counts(np.array([tp]), np.array([fp]), int(np.count_nonzero(truth)))


def dice_curve(counts: Counts) -> NDArray[np.float64]:
    """Return the volume Dice at every threshold, shape (cuts,); nan where truth and mask are empty."""
    predicted = counts.tp + counts.fp
    with np.errstate(invalid="ignore"):
        return np.asarray(2.0 * counts.tp / (predicted + counts.truth))


def mean_curve(
    cases: Sequence[Counts], cuts: int, patients: Sequence[str] = ()
) -> NDArray[np.float64]:
    """Return the mean Dice of the patients with tumour at every threshold; nan if there is none.

    Args:
        cases: Counts of each case.
        cuts: How many thresholds.
        patients: Whose case each is: a patient's Dice is the mean over its cases with tumour, and
            every patient weighs 1. Empty: each case is a patient.
    """
    curves = [np.mean(own, axis=0) for own in _by_patient(cases, patients).values()]
    return np.asarray(np.mean(curves, axis=0)) if curves else np.full(cuts, math.nan)


def _by_patient(
    cases: Sequence[Counts], patients: Sequence[str]
) -> dict[Hashable, list[NDArray[np.float64]]]:
    """Return the curves of the cases with tumour of each patient that has one."""
    curves: dict[Hashable, list[NDArray[np.float64]]] = {}
    for patient, counts in zip(patients or range(len(cases)), cases, strict=True):
        if counts.truth:
            curves.setdefault(patient, []).append(dice_curve(counts))
    return curves


def sums(cases: Sequence[Counts], cuts: int) -> tuple[Sums, ...]:
    """Return the voxels of all cases together at every threshold."""
    tp, fp = np.zeros(cuts, np.int64), np.zeros(cuts, np.int64)
    for counts in cases:
        tp += counts.tp
        fp += counts.fp
    truth = sum(counts.truth for counts in cases)
    return tuple(
        Sums(hit, wrong, truth - hit) for hit, wrong in zip(tp.tolist(), fp.tolist(), strict=True)
    )


def choose(
    cases: Sequence[Counts], thresholds: Sequence[float] = GRID, patients: Sequence[str] = ()
) -> Choice:
    """Choose the threshold with the best mean Dice over patients with tumour, as `mean_curve` has it.

    Of equal thresholds the one nearest 0.5, then the lower.
    """
    curve = mean_curve(cases, len(thresholds), patients)
    with_tumour = len(_by_patient(cases, patients))
    best = min(range(len(curve)), key=lambda at: preference(float(curve[at]), thresholds[at]))
    return Choice(
        threshold=thresholds[best],
        validation_dice=float(curve[best]) if with_tumour else 0.0,
        patients=with_tumour,
        at_edge=with_tumour > 0 and len(curve) > 1 and best in (0, len(curve) - 1),
        curve=tuple(curve.tolist()),
    )


def preference(dice: float, threshold: float) -> tuple[float, float, float]:
    """Return what sorts thresholds from the best: higher Dice, nearer 0.5, lower.

    Equal means may differ in their last digits, so they are compared without them.
    """
    rounded = 0.0 if math.isnan(dice) else round(dice, 12)
    return -rounded, round(abs(threshold - 0.5), 9), threshold


def _histogram(probability: NDArray[np.float32], truth: NDArray[np.bool_]) -> NDArray[np.int64]:
    highest = probability.max()
    if not (highest <= 1.0 and probability.min() >= 0.0):  # also true of nan
        raise ValueError("probabilities outside 0..1, or nan")
    kept = probability > THRESHOLDS[0]
    if 2 * np.count_nonzero(kept) < kept.size:  # most maps: background counts under no cut
        probability, truth = probability[kept], truth[kept]
    scaled = probability * np.float32(100)
    scaled += _SLACK
    bins = scaled.astype(np.uint8)  # how many cuts it is above, or one more
    bins -= (probability <= _CUT.take(scaled.astype(np.intp))).view(np.uint8)
    bins *= 2
    bins += truth.view(np.uint8)
    return np.bincount(bins, minlength=2 * (len(CUTS) + 1))
