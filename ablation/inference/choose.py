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
NO_SIZE = (0,)
SIZES: dict[Kind, tuple[int, ...]] = {
    "erode_all": NO_SIZE,
    "adaptive": (500,),
    "min_size": (50, 10, 25, 100, 250, 500),
}
"""Sizes a full search tries, in pixels of a 256x256 slice; the first is the usual one."""


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """How probability maps become masks."""

    tta: str = "none"
    threshold: float = DEFAULT_THRESHOLD
    morphology: Morphology = field(default_factory=Morphology)

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


def validation_choice(
    probabilities: Callable[[str], NDArray[np.float32]],
    truth: Callable[[str], Mask],
    cases: Sequence[str],
    inference: InferenceConfig,
    person: Callable[[str], str] = str,
) -> Choice:
    """Return the best threshold without test-time augmentation and morphology, as in an epoch.

    Args:
        probabilities: Maps (slices, rows, columns) of a case; one case at a time.
        truth: Mask of a case, same shape.
        cases: Of the validation split.
        inference: A fixed threshold is the only one tried.
        person: Whose case it is; every person weighs 1.
    """
    thresholds = _thresholds(inference)
    counts = [_count(probabilities(case), truth(case), thresholds) for case in cases]
    return choose(counts, thresholds, [person(case) for case in cases])


def search(
    maps: Maps,
    truth: Callable[[str], Mask],
    cases: Sequence[str],
    among: Options,
    person: Callable[[str], str] = str,
) -> Search:
    """Choose the operating point on the validation patients.

    Of equal candidates the one with fewer views, then without morphology, then nearest 0.5.

    Args:
        maps: Of all kinds of test-time augmentation to choose from, and of "none".
        truth: Mask of a case (slices, rows, columns).
        cases: Of the validation split.
        among: What may be chosen.
        person: Whose case it is; every person weighs 1.
    """
    whose = {case: person(case) for case in cases}
    curves = _curves(maps, truth, whose, among)
    tried = [
        Candidate(OperatingPoint(tta, threshold), dice, voxels)
        for tta in among.ttas
        for threshold, dice, voxels in zip(
            among.thresholds, curves[tta].choice.curve, curves[tta].voxels, strict=True
        )
    ]
    ranked = sorted(tried, key=_rank)
    maps.only(ranked[0].point.tta)
    if among.morphologies != (Morphology(),):
        same_tta = [one for one in ranked if one.point.tta == ranked[0].point.tta]
        tried += _cleaned(maps, truth, whose, same_tta[:BEST_THRESHOLDS], among.morphologies)
    allowed = [one for one in tried if one.point.morphology in among.morphologies]
    best = min(allowed, key=_rank)
    edges = (GRID[0], GRID[-1]) if among.fixed is None else ()
    return Search(best, curves["none"].choice, tuple(tried), best.point.threshold in edges)


def search_csv(search: Search) -> str:
    """Return every candidate as the text of thresholds.csv, a line each."""
    rows = [
        (
            one.point.tta,
            repr(one.point.threshold),
            one.point.morphology.kind,
            one.point.morphology.size or "",
            "" if math.isnan(one.validation_dice) else repr(one.validation_dice),
            *one.voxels,
            int(one is search.best),
        )
        for one in search.tried
    ]
    return csv_text(CANDIDATE_COLUMNS, rows)


def _thresholds(inference: InferenceConfig) -> tuple[float, ...]:
    if inference.threshold is not None:
        return (inference.threshold,)
    return (DEFAULT_THRESHOLD,) if inference.search == "off" else GRID


def _morphologies(inference: InferenceConfig, *, full: bool) -> list[Morphology]:
    found = [Morphology()] if inference.morphology == "none" else []
    kinds: Sequence[Kind] = (inference.morphology,) if not found else tuple(SIZES) if full else ()
    for kind in kinds:
        sizes = SIZES[kind] if full else SIZES[kind][:1]
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
    maps: Maps, truth: Callable[[str], Mask], whose: Mapping[str, str], among: Options
) -> Mapping[str, _Curve]:
    counts: dict[str, list[Counts]] = {tta: [] for tta in ("none", *among.ttas)}
    for case in whose:
        drawn = truth(case)
        for tta, of_cases in counts.items():
            of_cases.append(_count(maps(case, tta), drawn, among.thresholds))
    patients = list(whose.values())
    return {
        tta: _Curve(choose(found, among.thresholds, patients), sums(found, len(among.thresholds)))
        for tta, found in counts.items()
    }


def _cleaned(
    maps: Maps,
    truth: Callable[[str], Mask],
    whose: Mapping[str, str],
    starts: Sequence[Candidate],
    morphologies: Sequence[Morphology],
) -> list[Candidate]:
    """Return the candidates that clean the masks of these, which are of one kind of augmentation."""
    wanted = [one for one in morphologies if one.kind != "none"]
    tables: list[list[Counts]] = [[] for _ in starts]
    for case in whose:
        drawn, probability = truth(case), maps(case, starts[0].point.tta)
        for start, table in zip(starts, tables, strict=True):
            mask = to_mask(probability, start.point.threshold)
            table.append(counts_after(wanted, mask, drawn))
    found = []
    for start, table in zip(starts, tables, strict=True):
        means = mean_curve(table, len(wanted), list(whose.values())).tolist()
        found += [
            Candidate(replace(start.point, morphology=morphology), dice, voxels)
            for morphology, dice, voxels in zip(
                wanted, means, sums(table, len(wanted)), strict=True
            )
        ]
    return found


def _rank(candidate: Candidate) -> tuple[float, ...]:
    point = candidate.point
    dice, *distance = preference(candidate.validation_dice, point.threshold)
    order = list(GROUPS).index(point.tta), ["none", *SIZES].index(point.morphology.kind)
    return dice, *order, *distance, point.morphology.size
