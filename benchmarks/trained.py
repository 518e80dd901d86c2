"""One training on real scans in this process: what recall.py measures."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from numpy.typing import NDArray

from ablation.config import Config
from ablation.data import Slices, prepare, training_rows
from ablation.experiments.experiment import Experiment, open_experiment
from ablation.experiments.scoring import validate
from ablation.files.places import cache_folder
from ablation.training.trainer import Trainer, shape_of


@dataclass
class Bench:
    """The scans of a configuration, and one traced network for all trainings of a shape."""

    experiment: Experiment
    slices: Slices
    _trainers: dict[object, Trainer] = field(default_factory=dict)

    @classmethod
    def of(cls, config: Config, preset: str) -> Bench:
        cache = cache_folder(None)
        experiment = open_experiment(config, preset=preset, cache=cache)
        return cls(experiment, prepare(experiment.dataset, config.data, cache))

    def train(self, config: Config) -> tuple[Trainer, float, float]:
        """Train; return the network at its best epoch, its validation Dice and wall seconds."""
        shape = shape_of(config, self.experiment.image_shape)
        if shape not in self._trainers:
            self._trainers = {shape: Trainer(config, self.experiment.image_shape)}
            self._trainers[shape].warm_up(config)
        trainer, split = self._trainers[shape], self.experiment.split
        rows = training_rows(self.slices, split.train, config.data, config.data.split_seed)
        begin = time.perf_counter()
        fit = trainer.fit(
            config,
            self.slices.inputs,
            self.slices.masks,
            rows,
            validate=lambda predict: validate(predict, self.slices, split.validation, config),
            on_epoch=lambda _: False,
        )
        return trainer, fit.validation_dice, time.perf_counter() - begin

    def masks(
        self, trainer: Trainer, threshold: float
    ) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
        """Return (truth, prediction) of each validation patient, on the grid of the scan."""
        found = []
        for case in self.experiment.split.validation:
            truth = np.asarray(self.slices.native_truth(case))
            inputs = self.slices.inputs[self.slices.rows[case]]
            maps = self.slices.as_drawn(trainer.predictor(inputs, self.slices.extent(case)))
            found.append((truth, maps[..., 0] > threshold))
        return found
