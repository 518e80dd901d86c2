"""The search for the operating point: test-time augmentation, threshold and morphology.

Every kind of augmentation is scored at all 99 thresholds; morphology at the five best thresholds
of the best kind. Exact: each candidate's score is the mean volume Dice its masks would have.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ablation.config import InferenceConfig
from ablation.files.csv_rows import csv_text
from ablation.inference.maps import Maps
from ablation.inference.morphology import Kind, Mask, Morphology, apply, counts_after
from ablation.inference.thresholds import (
    GRID,
    OTSU,
    Choice,
    Counts,
    Sums,
    choose,
    count_at,
    count_curve,
    mean_curve,
    preference,
    sums,
    to_mask,
)
from ablation.inference.tta import GROUPS

DEFAULT_THRESHOLD = 0.5
"""Of a run that neither searches nor fixes one."""
BEST_THRESHOLDS = 5
"""At so many thresholds morphology is tried."""

CANDIDATE_COLUMNS = (
    *("tta", "threshold", "morphology", "min_size", "validation_dice"),
    *("tp", "fp", "fn", "chosen"),
)
"""Of thresholds.csv."""
TARGET_COLUMN = "target"
"""Its first column where a run has several targets."""
NO_SIZE = (0,)
SIZES: dict[Kind, tuple[int, ...]] = {
    "erode_all": NO_SIZE,
    "adaptive": (500,),
    "min_size": (50, 10, 25, 100, 250, 500),
}
"""Kinds and sizes a full search tries, in pixels of a 256x256 slice; the first is the usual one.

Opening and closing are done where they are named, never searched."""


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """How probability maps become masks."""

    tta: str = "none"
    threshold: float = DEFAULT_THRESHOLD
    morphology: Morphology = field(default_factory=Morphology)

    @property
    def words(self) -> str:
        """Threshold and post-processing, as in "0.41, min_size 50"."""
        cleaning = self.morphology
        text = "" if cleaning.kind == "none" else f", {cleaning.kind}"
        return f"{self.threshold:g}{text}{f' {cleaning.size}' if cleaning.size else ''}"

    def mask(self, probability: NDArray[np.float32]) -> Mask:
        """Return the mask of maps (slices, rows, columns) that are of this point's `tta`."""
        return apply(self.morphology, to_mask(probability, self.threshold))


@dataclass(frozen=True, slots=True)
class Candidate:
    """An operating point and its mean volume Dice over validation patients with tumour."""

    point: OperatingPoint
    validation_dice: float
    """nan without patients with tumour."""
    voxels: Sums
    """Over all validation patients, those without tumour too."""


@dataclass(frozen=True, slots=True)
class Search:
    """The operating point of a run, and everything it was chosen from."""

    best: Candidate
    plain: Choice
    """The threshold without test-time augmentation and morphology; its Dice is the objective."""
    tried: tuple[Candidate, ...]
    at_edge: bool
    """Whether the best threshold is the first or last of the 99."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a search may choose from."""

    ttas: tuple[str, ...]
    thresholds: tuple[float, ...]
    morphologies: tuple[Morphology, ...]

    @property
    def fixed(self) -> float | None:
        """The threshold, where there is nothing to choose."""
        return self.thresholds[0] if len(self.thresholds) == 1 else None


def options(inference: InferenceConfig, kind: str) -> Options:
    """Return what a trial or a final chooses from; what the configuration names is fixed.

    >>> chosen_from = options(InferenceConfig(), "final")
    >>> chosen_from.ttas, len(chosen_from.thresholds), len(chosen_from.morphologies)
    (('none', 'hflip', 'seed8', 'd4'), 99, 9)
    """
    full = inference.search == "full" or (inference.search == "auto" and kind == "final")
    every_tta = full and inference.tta == "none"
    return Options(
        ttas=tuple(GROUPS) if every_tta else (inference.tta,),
        thresholds=_thresholds(inference),
        morphologies=tuple(_morphologies(inference, full=full)),
    )


def validation_choices(
    probabilities: Callable[[str], NDArray[np.float32]],
    truth: Callable[[str, str], Mask],
    cases: Sequence[str],
    targets: Sequence[str],
    inference: InferenceConfig,
    person: Callable[[str], str] = str,
) -> dict[str, Choice]:
    """Return the best threshold of each target without test-time augmentation and morphology.

    Args:
        probabilities: Maps (slices, rows, columns, targets) of a case; one case at a time.
        truth: Mask (slices, rows, columns) of a case and a target.
        cases: Of the validation split.
        targets: In the order of the maps.
        inference: A fixed threshold is the only one tried.
        person: Whose case it is; every person weighs 1.
    """
    thresholds = _thresholds(inference)
    counts: dict[str, list[Counts]] = {target: [] for target in targets}
    for case in cases:
        maps = probabilities(case)
        for number, target in enumerate(targets):
            own = np.ascontiguousarray(maps[..., number])
            counts[target].append(_count(own, truth(case, target), thresholds))
    patients = [person(case) for case in cases]
    return {target: choose(counts[target], thresholds, patients) for target in targets}


def search(
    maps: Maps,
    truth: Callable[[str, str], Mask],
    cases: Sequence[str],
    targets: Sequence[str],
    among: Options,
    person: Callable[[str], str] = str,
    deciding: Sequence[str] = (),
) -> dict[str, Search]:
    """Choose the operating point of each target on the validation patients.

    Of equal candidates the one with fewer views, then without morphology, then nearest 0.5. All
    targets share the kind of test-time augmentation, the one with the best mean over those that
    decide.

    Args:
        maps: Of all kinds of test-time augmentation to choose from, and of "none".
        truth: Mask (slices, rows, columns) of a case and a target.
        cases: Of the validation split.
        targets: Regions of the maps.
        among: What may be chosen.
        person: Whose case it is; every person weighs 1.
        deciding: Targets that decide; empty: all.
    """
    whose = {case: person(case) for case in cases}
    curves = _curves(maps, truth, whose, targets, among)
    tried = {target: _at_all_thresholds(curves[target], among) for target in targets}
    tta = _best_tta(tried, deciding or targets, among.ttas)
    maps.only(tta)
    if among.morphologies != (Morphology(),):
        starts = {
            target: sorted((one for one in of_target if one.point.tta == tta), key=_rank)
            for target, of_target in tried.items()
        }
        best = {target: ranked[:BEST_THRESHOLDS] for target, ranked in starts.items()}
        for target, cleaned in _cleaned(maps, truth, whose, best, among.morphologies).items():
            tried[target] += cleaned
    return {
        target: _found(tried[target], curves[target]["none"].choice, tta, among)
        for target in targets
    }


def _at_all_thresholds(curves: Mapping[str, _Curve], among: Options) -> list[Candidate]:
    return [
        Candidate(OperatingPoint(tta, threshold), dice, voxels)
        for tta in among.ttas
        for threshold, dice, voxels in zip(
            among.thresholds, curves[tta].choice.curve, curves[tta].voxels, strict=True
        )
    ]


def _best_tta(
    tried: Mapping[str, Sequence[Candidate]], deciding: Sequence[str], ttas: Sequence[str]
) -> str:
    """Return the kind with the best mean over targets of the best Dice; of equal ones the cheapest."""

    def rank(tta: str) -> tuple[float, int]:
        best = [
            min(_rank(one) for one in tried[target] if one.point.tta == tta)[0]
            for target in deciding
        ]
        return round(sum(best) / len(best), 12), list(GROUPS).index(tta)

    return min(ttas, key=rank)


def _found(tried: Sequence[Candidate], plain: Choice, tta: str, among: Options) -> Search:
    allowed = [
        one for one in tried if one.point.tta == tta and one.point.morphology in among.morphologies
    ]
    best = min(allowed, key=_rank)
    edges = (GRID[0], GRID[-1]) if among.fixed is None else ()
    return Search(best, plain, tuple(tried), best.point.threshold in edges)


def search_csv(searches: Mapping[str, Search]) -> str:
    """Return every candidate as the text of thresholds.csv, a line each.

    Of several targets the first column names the target.
    """
    rows = [
        (
            target,
            one.point.tta,
            repr(one.point.threshold),
            one.point.morphology.kind,
            one.point.morphology.size or "",
            "" if math.isnan(one.validation_dice) else repr(one.validation_dice),
            *one.voxels,
            int(one is search.best),
        )
        for target, search in searches.items()
        for one in search.tried
    ]
    columns = (TARGET_COLUMN, *CANDIDATE_COLUMNS)
    if len(searches) == 1:
        return csv_text(columns[1:], [row[1:] for row in rows])
    return csv_text(columns, rows)


def _thresholds(inference: InferenceConfig) -> tuple[float, ...]:
    if inference.threshold is not None:
        return (OTSU if inference.threshold == "otsu" else inference.threshold,)
    return (DEFAULT_THRESHOLD,) if inference.search == "off" else GRID


def _morphologies(inference: InferenceConfig, *, full: bool) -> list[Morphology]:
    found = [Morphology()] if inference.morphology == "none" else []
    kinds: Sequence[Kind] = (inference.morphology,) if not found else tuple(SIZES) if full else ()
    for kind in kinds:
        sizes = SIZES.get(kind, NO_SIZE)
        sizes = sizes if full else sizes[:1]
        if inference.min_size is not None and sizes != NO_SIZE:
            sizes = (inference.min_size,)
        found += [Morphology(kind, size, inference.element) for size in sizes]
    return found


def _count(probability: NDArray[np.float32], truth: Mask, thresholds: Sequence[float]) -> Counts:
    if len(thresholds) == 1:
        return count_at(probability, truth, thresholds[0])
    return count_curve(probability, truth)


class _Curve(NamedTuple):
    choice: Choice
    voxels: tuple[Sums, ...]


def _curves(
    maps: Maps,
    truth: Callable[[str, str], Mask],
    whose: Mapping[str, str],
    targets: Sequence[str],
    among: Options,
) -> dict[str, dict[str, _Curve]]:
    """Return the curve of each target under each kind of test-time augmentation."""
    ttas = tuple(dict.fromkeys(("none", *among.ttas)))
    counts: dict[tuple[str, str], list[Counts]] = {(t, a): [] for t in targets for a in ttas}
    for case in whose:
        for target in targets:
            drawn = truth(case, target)
            for tta in ttas:
                found = _count(maps(case, tta, target), drawn, among.thresholds)
                counts[target, tta].append(found)
    patients, cuts = list(whose.values()), len(among.thresholds)
    return {
        target: {
            tta: _Curve(
                choose(counts[target, tta], among.thresholds, patients),
                sums(counts[target, tta], cuts),
            )
            for tta in ttas
        }
        for target in targets
    }


def _cleaned(
    maps: Maps,
    truth: Callable[[str, str], Mask],
    whose: Mapping[str, str],
    starts: Mapping[str, Sequence[Candidate]],
    morphologies: Sequence[Morphology],
) -> dict[str, list[Candidate]]:
    """Return the candidates that clean the masks of these, which are of one kind of augmentation."""
    wanted = [one for one in morphologies if one.kind != "none"]
    tables: dict[tuple[str, int], list[Counts]] = {}
    for case in whose:
        for target, of_target in starts.items():
            drawn, probability = truth(case, target), maps(case, of_target[0].point.tta, target)
            for number, start in enumerate(of_target):
                mask = to_mask(probability, start.point.threshold)
                found = counts_after(wanted, mask, drawn)
                tables.setdefault((target, number), []).append(found)
    cleaned: dict[str, list[Candidate]] = {target: [] for target in starts}
    for (target, number), table in tables.items():
        point = starts[target][number].point
        means = mean_curve(table, len(wanted), list(whose.values())).tolist()
        voxels = sums(table, len(wanted))
        for morphology, dice, of_mask in zip(wanted, means, voxels, strict=True):
            cleaned[target].append(Candidate(replace(point, morphology=morphology), dice, of_mask))
    return cleaned


def _rank(candidate: Candidate) -> tuple[float, ...]:
    point = candidate.point
    dice, *distance = preference(candidate.validation_dice, point.threshold)
    order = list(GROUPS).index(point.tta), ["none", *SIZES].index(point.morphology.kind)
    return dice, *order, *distance, point.morphology.size
