"""From a trained network to the per-case table: maps, operating point of validation, scores.

A trial and `ablate evaluate` go through the same function, so their tables agree to the last digit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ablation.config import Config, InferenceConfig
from ablation.data import PatientFacts, Slices, scan_of
from ablation.experiments.experiment import Experiment
from ablation.fairness import FairnessFacts
from ablation.inference.choose import (
    OperatingPoint,
    Search,
    options,
    search,
    validation_choice,
)
from ablation.inference.maps import Maps
from ablation.inference.morphology import Morphology
from ablation.inference.overlays import Overlay, overlays
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

    search: Search
    """On the validation patients."""

    @property
    def point(self) -> OperatingPoint:
        """How the maps became masks, of validation and test alike."""
        return self.search.best.point

    @property
    def validation_dice(self) -> float:
        """What a sweep maximises: without test-time augmentation and morphology."""
        return self.search.plain.validation_dice

    @property
    def summary(self) -> dict[str, float]:
        """Means over the cases and the operating point, by the names they are tracked under."""
        return {
            **of_cases(summarise(self.rows)),
            "validation/objective": self.validation_dice,
            "threshold": self.point.threshold,
            "search/candidates": float(len(self.search.tried)),
            "ms_per_case": self.ms_per_case,
        }

    @property
    def facts(self) -> FairnessFacts:
        """The operating point and how it was found, as a report states it."""
        return FairnessFacts(
            threshold=self.point.threshold,
            threshold_at_edge=self.search.at_edge,
            tta=self.point.tta,
            morphology=self.point.morphology.kind,
            min_size=self.point.morphology.size,
            candidates=len(self.search.tried),
        )


def validate(
    predictor: Predictor,
    slices: Slices,
    cases: Sequence[str],
    inference: InferenceConfig,
    person: Callable[[str], str] = str,
    watch: Watch = unwatched,
) -> tuple[float, float]:
    """Return (validation Dice, threshold) of the network as it is now.

    The mean over patients with tumour of the volume Dice on the native grid, every slice counted,
    at the best of 99 thresholds, or at the one the configuration fixes. Cases of one `person` are
    averaged first.
    """
    ticks = _Ticks(len(cases), watch)

    def probabilities(case: str) -> NDArray[np.float32]:
        ticks.next("validating")
        maps = predictor(slices.inputs[slices.rows[case]], slices.extent(case))
        return slices.as_drawn(maps)

    choice = validation_choice(probabilities, slices.native_truth, cases, inference, person)
    return choice.validation_dice, choice.threshold


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

    def truth(case: str) -> NDArray[np.bool_]:
        ticks.next("searching the operating point")
        return slices.native_truth(case)

    found = search(maps, truth, validation, among, person)
    done = score_at(
        found.best.point,
        experiment,
        config,
        slices,
        maps,
        SPLITS[kind],
        per_slice=kind == "final",
        before=lambda split: ticks.next(f"scoring {split}"),
    )
    return Scores(done.rows, done.slice_rows, done.overlays, done.ms_per_case, found)


def score_at(
    point: OperatingPoint,
    experiment: Experiment,
    config: Config,
    slices: Slices,
    maps: Maps,
    splits: Sequence[str],
    *,
    per_slice: bool,
    before: Callable[[str], None] = lambda _: None,
) -> Scored:
    """Score every case of these splits at one operating point, `per_slice` every slice too.

    `before` is called before each case with the name of its split.
    """
    seconds = 0.0
    rows: list[Row] = []
    slice_rows: list[Row] = []
    pictures: list[Overlay] = []
    for split in splits:
        for name in getattr(experiment.split, split):
            before(split)
            probability = maps(name, point.tta)
            started = time.perf_counter()
            mask = point.mask(probability)
            seconds += time.perf_counter() - started
            facts = experiment.dataset.patient(name)
            case = _Case(facts, config, split, slices.native_truth(name))
            rows.append(case.row(mask, probability))
            if per_slice:
                slice_rows += case.slice_rows(mask, probability)
            if split == "test":
                scan = scan_of(experiment.dataset, facts, config.data)
                pictures += overlays(facts.person, scan, case.truth, mask, name)
    ms_per_case = 1000 * (maps.seconds_per_case(point.tta) + seconds / max(1, len(rows)))
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
    config: Config
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
            target=self.config.data.target,
            truth=truth,
            prediction=mask,
            probability=probability,
            spacing_mm=spacing_mm,
            truth_hash=self.facts.truth_hash,
        )
