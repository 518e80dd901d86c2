"""From a trained network to the per-case table: maps, operating point of validation, scores.

A trial and `ablate evaluate` go through the same function, so their tables agree to the last digit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ablation.config import Config, DataConfig
from ablation.data import PatientFacts, Slices, scan_of
from ablation.experiments.experiment import Experiment
from ablation.fairness import FairnessFacts
from ablation.inference.choose import (
    OperatingPoint,
    Search,
    options,
    search,
    validation_choices,
)
from ablation.inference.maps import Maps
from ablation.inference.morphology import Morphology
from ablation.inference.overlays import Overlay, overlays
from ablation.inference.thresholds import Choice
from ablation.metrics.cases import score_case, summarise
from tracking.names import of_cases

if TYPE_CHECKING:
    from ablation.inference.predict import Predictor

Watch = Callable[[str, float], None]
"""Told before each case what is done with it and which share of the work is behind; it may raise."""


def unwatched(_phase: str, _share: float) -> None:
    """Report no phase."""


SPLITS = {"trial": ("validation",), "final": ("validation", "test")}
"""Patients a run is scored on; only finals ever see the test patients."""

Row = Mapping[str, object]


class Validated(NamedTuple):
    """What the validation of an epoch gives."""

    validation_dice: float
    threshold: float
    """The best one, of several targets that of the first."""


@dataclass(frozen=True, slots=True)
class Scored:
    """Patients scored at one operating point."""

    rows: tuple[Row, ...]
    """The per-case table."""
    slice_rows: tuple[Row, ...]
    """The same for each slice of a final, for a look at where a case goes wrong."""
    overlays: tuple[Overlay, ...]
    """Of test patients, for people."""
    ms_per_case: float
    """Wall time from slices to mask, per patient."""


@dataclass(frozen=True, slots=True)
class Scores(Scored):
    """What one trained network is worth on the patients it was not trained on.

    Of a trial the validation patients, of a final the test patients too.
    """

    searches: Mapping[str, Search]
    """Of each target, on the validation patients."""
    deciding: tuple[str, ...]
    """Targets whose mean Dice is the validation Dice."""

    @property
    def points(self) -> dict[str, OperatingPoint]:
        """How the maps of each target became masks, of validation and test alike."""
        return {target: search.best.point for target, search in self.searches.items()}

    @property
    def tta(self) -> str:
        """The kind of test-time augmentation, which all targets share."""
        return next(iter(self.points.values())).tta

    @property
    def validation_dice(self) -> float:
        """What a sweep maximises: without test-time augmentation and morphology."""
        plain = {name: search.plain for name, search in self.searches.items()}
        return decided(plain, self.deciding).validation_dice

    @property
    def summary(self) -> dict[str, float]:
        """Means over the cases and the operating point, by the names they are tracked under."""
        tried = sum(len(search.tried) for search in self.searches.values())
        return {
            **summary_of(self.rows, self.points),
            "validation/objective": self.validation_dice,
            "search/candidates": float(tried),
            "ms_per_case": self.ms_per_case,
        }

    @property
    def facts(self) -> FairnessFacts:
        """The operating point and how it was found, as a report states it."""
        found = FairnessFacts(
            threshold_at_edge=any(search.at_edge for search in self.searches.values()),
            tta=self.tta,
            candidates=len(next(iter(self.searches.values())).tried),
        )
        if len(self.points) > 1:
            points = {name: point.words for name, point in self.points.items()}
            return replace(found, by_target="; ".join(f"{n}: {p}" for n, p in points.items()))
        (point,) = self.points.values()
        return replace(
            found,
            threshold=point.threshold,
            morphology=point.morphology.kind,
            min_size=point.morphology.size,
        )


def summary_of(rows: Sequence[Row], points: Mapping[str, OperatingPoint]) -> dict[str, float]:
    """Return means over cases and thresholds, by the names they are tracked under.

    Of several targets each has its own, as in "cases/ET/test/dice" and "threshold/ET".
    """
    if len(points) == 1:
        (point,) = points.values()
        return {**of_cases(summarise(rows)), "threshold": point.threshold}
    found: dict[str, float] = {}
    for target, point in points.items():
        means = summarise([row for row in rows if row["target"] == target])
        found |= of_cases({f"{target}/{name}": value for name, value in means.items()})
        found[f"threshold/{target}"] = point.threshold
    return found


def deciding(targets: Sequence[str], data: DataConfig) -> tuple[str, ...]:
    """Return the targets whose mean validation Dice is maximised: all, or the primary one."""
    return tuple(targets) if data.primary_target is None else (data.primary_target,)


def decided(choices: Mapping[str, Choice], targets: Sequence[str]) -> Validated:
    """Return the mean Dice of these targets, each at its best threshold, and the first threshold."""
    of = [choices[target] for target in targets]
    dice = of[0].validation_dice if len(of) == 1 else fmean(one.validation_dice for one in of)
    return Validated(dice, of[0].threshold)


def validate(
    predictor: Predictor,
    slices: Slices,
    cases: Sequence[str],
    config: Config,
    person: Callable[[str], str] = str,
    watch: Watch = unwatched,
) -> Validated:
    """Return validation Dice and threshold of the network as it is now.

    The mean over patients with tumour of the volume Dice on the native grid, every slice counted,
    at the best of 99 thresholds, or at the one the configuration fixes. Cases of one `person` are
    averaged first. Of several targets each has its own threshold, and their mean counts, or the
    Dice of `data.primary_target`.
    """
    ticks = _Ticks(len(cases), watch)

    def probabilities(case: str) -> NDArray[np.float32]:
        ticks.next("validating")
        maps = predictor(slices.inputs[slices.rows[case]], slices.extent(case))
        return slices.as_drawn(maps)

    choices = validation_choices(
        probabilities, slices.native_truth, cases, slices.targets, config.inference, person
    )
    return decided(choices, deciding(slices.targets, config.data))


def score(
    experiment: Experiment,
    config: Config,
    slices: Slices,
    predictor: Predictor,
    kind: str,
    watch: Watch = unwatched,
) -> Scores:
    """Choose the operating point on validation and score every case of the kind with it."""
    among = options(config.inference, kind)
    maps = Maps(predictor, slices, ("none", *among.ttas))
    person, validation = experiment.dataset.person, experiment.split.validation
    looks = 1 if among.morphologies == (Morphology(),) else 2
    scored = sum(len(getattr(experiment.split, split)) for split in SPLITS[kind])
    ticks = _Ticks(looks * len(validation) + scored, watch)

    def truth(case: str, target: str) -> NDArray[np.bool_]:
        if target == slices.targets[0]:
            ticks.next("searching the operating point")
        return slices.native_truth(case, target)

    decide = deciding(slices.targets, config.data)
    found = search(maps, truth, validation, slices.targets, among, person, decide)
    done = score_at(
        {target: one.best.point for target, one in found.items()},
        experiment,
        config,
        slices,
        maps,
        SPLITS[kind],
        per_slice=kind == "final",
        before=lambda split: ticks.next(f"scoring {split}"),
    )
    return Scores(done.rows, done.slice_rows, done.overlays, done.ms_per_case, found, decide)


def score_at(
    points: Mapping[str, OperatingPoint],
    experiment: Experiment,
    config: Config,
    slices: Slices,
    maps: Maps,
    splits: Sequence[str],
    *,
    per_slice: bool,
    before: Callable[[str], None] = lambda _: None,
) -> Scored:
    """Score every case of these splits at the operating point of each target.

    `per_slice` scores every slice too; `before` is called before each case with the name of its
    split. Overlays are drawn of the first target.
    """
    seconds = 0.0
    rows: list[Row] = []
    slice_rows: list[Row] = []
    pictures: list[Overlay] = []
    for split in splits:
        for name in getattr(experiment.split, split):
            before(split)
            facts = experiment.dataset.patient(name)
            for target, point in points.items():
                probability = maps(name, point.tta, target)
                started = time.perf_counter()
                mask = point.mask(probability)
                seconds += time.perf_counter() - started
                case = _Case(facts, target, split, slices.native_truth(name, target))
                rows.append(case.row(mask, probability))
                if per_slice:
                    slice_rows += case.slice_rows(mask, probability)
                if split == "test" and target == slices.targets[0]:
                    scan = scan_of(experiment.dataset, facts, config.data)
                    pictures += overlays(facts.person, scan, case.truth, mask, name)
    # The maps of all targets come from one pass; each is resized by itself.
    tta, targets = next(iter(points.values())).tta, len(points)
    per_case = seconds / max(1, len(rows) // targets)
    ms_per_case = 1000 * (maps.seconds_per_case(tta, targets) + per_case)
    return Scored(tuple(rows), tuple(slice_rows), tuple(pictures), ms_per_case)


@dataclass(slots=True)
class _Ticks:
    """Counts the cases of some work and tells it."""

    total: int
    watch: Watch
    done: int = 0

    def next(self, phase: str) -> None:
        """Say that the next case begins."""
        self.watch(phase, self.done / max(1, self.total))
        self.done += 1


@dataclass(frozen=True, slots=True)
class _Case:
    """A patient to be scored, or one of its examinations."""

    facts: PatientFacts
    target: str
    split: str
    truth: NDArray[np.bool_]

    def row(self, mask: NDArray[np.bool_], probability: NDArray[np.float32]) -> Row:
        return self._row(self.facts.id, self.truth, mask, probability, self.facts.spacing_mm)

    def slice_rows(
        self, mask: NDArray[np.bool_], probability: NDArray[np.float32]
    ) -> Iterator[Row]:
        spacing = self.facts.spacing_mm
        in_plane = None if spacing is None else spacing[1:]
        for number, parts in enumerate(zip(self.truth, mask, probability, strict=True)):
            yield self._row(f"{self.facts.id}/{number}", *parts, in_plane)

    def _row(
        self,
        case: str,
        truth: NDArray[np.bool_],
        mask: NDArray[np.bool_],
        probability: NDArray[np.float32],
        spacing_mm: Sequence[float] | None,
    ) -> Row:
        return score_case(
            patient=self.facts.person,
            case=case,
            split=self.split,
            target=self.target,
            truth=truth,
            prediction=mask,
            probability=probability,
            spacing_mm=spacing_mm,
            truth_hash=self.facts.truth_hash,
        )
