"""A U-Net of the cpu-demo preset against a FLAIR threshold tuned on the same training patients.

    python benchmarks/demo_quality.py [--data ../shared/data/lgg/kaggle_3m] [--seeds 0 1 2] [--model unet]

Prints the validation Dice of both for each split seed and their means; without --data it uses the
generated phantom.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from ablation.config import resolve
from ablation.data import Slices, prepare, training_rows
from ablation.experiments.experiment import Experiment, open_experiment
from ablation.experiments.scoring import validate
from ablation.files.places import cache_folder
from ablation.training.trainer import Trainer


def flair_threshold_dice(experiment: Experiment, slices: Slices) -> float:
    """Return the mean validation Dice of one intensity cut, the best of 99 on the training patients."""

    def dice(patient: str, cut: float) -> float:
        image = slices.images[slices.rows[patient]][..., 0]
        truth = slices.masks[slices.rows[patient]][..., 0] > 0
        mask = image > cut
        return 2.0 * np.count_nonzero(mask & truth) / max(1, np.count_nonzero(mask) + truth.sum())

    cuts = np.arange(1, 100) / 100
    train = [np.mean([dice(patient, cut) for patient in experiment.split.train]) for cut in cuts]
    best = float(cuts[int(np.argmax(train))])
    return float(np.mean([dice(patient, best) for patient in experiment.split.validation]))


def network_dice(experiment: Experiment, slices: Slices) -> float:
    """Return the validation Dice of the preset's network at its best epoch."""
    config, split = experiment.config, experiment.split
    trainer = Trainer(config, experiment.image_shape)
    fit = trainer.fit(
        config,
        slices.images,
        slices.masks,
        training_rows(slices, split.train, config.data, config.data.split_seed),
        validate=lambda predict: validate(predict, slices, split.validation, config),
        on_epoch=lambda _: False,
    )
    return fit.validation_dice


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).parents[2] / "shared/data/lgg/kaggle_3m"
    parser.add_argument("--data", default=str(default) if default.exists() else None)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--model", default="unet")
    parser.add_argument("--set", action="append", default=[])
    arguments = parser.parse_args()
    cache = cache_folder(None)
    rows = []
    for seed in arguments.seeds:
        settings = [f"data.split_seed={seed}", f"model.name={arguments.model}", *arguments.set]
        flags = {} if arguments.data is None else {"data.path": arguments.data}
        config = resolve(preset="cpu-demo", assignments=settings, flags=flags).config
        experiment = open_experiment(config, preset="cpu-demo", cache=cache)
        slices = prepare(experiment.dataset, config.data, cache)
        started = time.perf_counter()
        dice = network_dice(experiment, slices)
        row = {
            "split_seed": seed,
            "network": round(dice, 3),
            "flair_threshold": round(flair_threshold_dice(experiment, slices), 3),
            "seconds": round(time.perf_counter() - started, 1),
        }
        print(json.dumps(row), flush=True)
        rows.append(row)
    mean = {
        key: round(float(np.mean([row[key] for row in rows])), 3)
        for key in ("network", "flair_threshold")
    }
    print(json.dumps({"mean": mean, "ratio": round(mean["network"] / mean["flair_threshold"], 2)}))


if __name__ == "__main__":
    main()
