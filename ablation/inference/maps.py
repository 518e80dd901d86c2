"""Probability maps of patients, one patient at a time; no view is predicted twice while memory lasts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ablation.data import Slices
from ablation.inference.tta import GROUPS, average, views_of

if TYPE_CHECKING:
    from ablation.inference.predict import Predictor

KEPT_BYTES = 1 << 29
"""Maps kept for the next time they are asked for; those of further patients are predicted again."""

Floats = NDArray[np.float32]


class Maps:
    """The mean maps of each patient under each kind of test-time augmentation."""

    def __init__(self, predictor: Predictor, slices: Slices, ttas: Sequence[str]) -> None:
        self._predictor = predictor
        self._slices = slices
        self._ttas = tuple(ttas)
        self._kept: dict[str, dict[str, Floats]] = {}
        self._last: tuple[str, dict[str, Floats]] = ("", {})
        self._viewing = _Timing()
        self._resizing = _Timing()

    def __call__(self, patient: str, tta: str, target: str) -> Floats:
        """Return probabilities of a target, (slices, rows, columns) on the grid of the scan."""
        on_grid = self._on_grid(patient)[tta][..., self._slices.targets.index(target)]
        extent = self._slices.extent(patient)
        started = time.perf_counter()
        native = self._slices.as_drawn(self._predictor.to_native(on_grid, extent))
        self._resizing.add(time.perf_counter() - started)
        return native

    def only(self, tta: str) -> None:
        """Forget the maps of every other kind and predict them no more."""
        self._ttas = (tta,)
        self._kept = {patient: {tta: maps[tta]} for patient, maps in self._kept.items()}
        self._last = ("", {})

    def seconds_per_case(self, tta: str, targets: int = 1) -> float:
        """Return the wall time from a patient's slices to its maps of one kind, on average."""
        return len(GROUPS[tta]) * self._viewing.mean + targets * self._resizing.mean

    def _on_grid(self, patient: str) -> dict[str, Floats]:
        if patient in self._kept:
            return self._kept[patient]
        if self._last[0] != patient:
            self._last = (patient, self._predict(patient))
            maps = self._last[1]
            kept = [*self._kept.values(), maps]
            if sum(array.nbytes for one in kept for array in one.values()) <= KEPT_BYTES:
                self._kept[patient] = maps
        return self._last[1]

    def _predict(self, patient: str) -> dict[str, Floats]:
        started = time.perf_counter()
        images = self._slices.inputs[self._slices.rows[patient]]
        maps = average(self._predictor.on_grid, images, self._ttas)
        self._viewing.add(time.perf_counter() - started, len(views_of(self._ttas)))
        return maps


@dataclass(slots=True)
class _Timing:
    seconds: float = 0.0
    times: int = 0

    def add(self, seconds: float, times: int = 1) -> None:
        self.seconds += seconds
        self.times += times

    @property
    def mean(self) -> float:
        return self.seconds / max(1, self.times)
