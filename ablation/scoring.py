"""From a trained network to the per-case table: maps, threshold chosen on validation, scores.

A trial and `ablate evaluate` go through the same function, so their tables agree to the last digit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablation.config import Config, InferenceConfig
from ablation.data import Slices
from ablation.experiment import Experiment
from ablation.inference.thresholds import Choice, Counts, choose, count_curve, to_mask
from ablation.metrics.cases import score_case, summarise

DEFAULT_THRESHOLD = 0.5
"""Of a run that neither searches nor fixes one."""

Predict = Callable[[NDArray[np.float32], tuple[int, int]], NDArray[np.float32]]
"""Slices (n, rows, columns, channels) and the native (rows, columns) to maps (n, *native)."""


@dataclass(frozen=True, slots=True)
class Scores:
    """What one trained network is worth on the patients it was not trained on."""

    rows: tuple[Mapping[str, object], ...]
    """The per-case table: validation, and test where it was asked for."""
    choice: Choice
    """The search on the validation patients."""
    threshold: float
    """The threshold used: the chosen one, or the one the configuration fixes."""
    validation_dice: float
    """What a sweep maximises."""
    ms_per_case: float
    """Wall time from slices to mask, per patient."""

    @property
    def summary(self) -> dict[str, float]:
        """Means over the cases and the operating point, by the names they are tracked under."""
        return {
            **summarise(self.rows),
            "validation/objective": self.validation_dice,
            "threshold": self.threshold,
            "ms_per_case": self.ms_per_case,
        }


def validate(
    predict: Predict, slices: Slices, patients: Sequence[str], inference: InferenceConfig
) -> tuple[float, float]:
    """Return (validation Dice, threshold) of the network as it is now.

    The mean over patients with tumour of the volume Dice on the native grid, every slice counted,
    at the best of 99 thresholds, or at the one the configuration fixes.
    """
    maps = {patient: _probability(predict, slices, patient) for patient in patients}
    choice = _search(maps, slices)
    return _objective(maps, slices, choice, inference)


def score(
    experiment: Experiment, config: Config, slices: Slices, predict: Predict, splits: Sequence[str]
) -> Scores:
    """Choose the threshold on validation and score every patient of the named splits with it."""
    started = time.perf_counter()
    maps = {
        patient: _probability(predict, slices, patient) for patient in experiment.split.validation
    }
    choice = _search(maps, slices)
    dice, threshold = _objective(maps, slices, choice, config.inference)
    rows = []
    for split in splits:
        for patient in getattr(experiment.split, split):
            probability = (
                maps[patient] if split == "validation" else _probability(predict, slices, patient)
            )
            rows.append(_row(experiment, config, slices, patient, split, probability, threshold))
    seconds = time.perf_counter() - started
    return Scores(tuple(rows), choice, threshold, dice, 1000 * seconds / max(1, len(rows)))


def _probability(predict: Predict, slices: Slices, patient: str) -> NDArray[np.float32]:
    native = slices.native_truth(patient).shape[1:]
    return predict(slices.images[slices.rows[patient]], (native[0], native[1]))


def _search(maps: Mapping[str, NDArray[np.float32]], slices: Slices) -> Choice:
    counts: list[Counts] = [
        count_curve(maps[patient], slices.native_truth(patient)) for patient in maps
    ]
    return choose(counts)


def _objective(
    maps: Mapping[str, NDArray[np.float32]],
    slices: Slices,
    choice: Choice,
    inference: InferenceConfig,
) -> tuple[float, float]:
    fixed = inference.threshold
    if fixed is None and inference.search == "off":
        fixed = DEFAULT_THRESHOLD
    if fixed is not None:
        return _dice_at(maps, slices, fixed), fixed
    return choice.validation_dice, choice.threshold


def _dice_at(maps: Mapping[str, NDArray[np.float32]], slices: Slices, threshold: float) -> float:
    scores = []
    for patient, probability in maps.items():
        truth, mask = slices.native_truth(patient), to_mask(probability, threshold)
        if truth.any():
            scores.append(2.0 * np.count_nonzero(truth & mask) / (truth.sum() + mask.sum()))
    return float(np.mean(scores)) if scores else 0.0


def _row(
    experiment: Experiment,
    config: Config,
    slices: Slices,
    patient: str,
    split: str,
    probability: NDArray[np.float32],
    threshold: float,
) -> dict[str, object]:
    facts = experiment.dataset.patient(patient)
    return score_case(
        patient=patient,
        case=patient,
        split=split,
        target=config.data.target,
        truth=slices.native_truth(patient),
        prediction=to_mask(probability, threshold),
        probability=probability,
        spacing_mm=facts.spacing_mm,
        truth_hash=facts.truth_hash,
    )
