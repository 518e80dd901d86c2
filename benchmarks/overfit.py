"""Whether each design can learn four slices by heart: the cheapest proof that it trains at all.

    python benchmarks/overfit.py --data ../shared/data/lgg/kaggle_3m [--model unet,resupnet] [--seeds 0,1,2]

Four slices of 64x64, one of each of the first four patients with a tumour, that with most of it; one
batch, no augmentation, no dropout. Dice is hard, at 0.5, in inference mode, the mean over the four
slices; it is looked at every tenth step, up to 400. Prints a table for the docs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from ablation.config import Config, resolve
from ablation.data import open_dataset, prepare
from ablation.files.places import cache_folder
from ablation.models import DESIGNS
from ablation.training.trainer import Trainer

STEPS, EVERY, WANTED, SLICES = 400, 10, 0.9, 4
SETTINGS = {
    "training.epochs": STEPS,  # an epoch is one step here
    "training.batch_size": SLICES,
    "training.max_batches": 1,
    "training.plateau_patience": None,
    "training.stop_patience": None,
    "training.l2": 0.0,
}


def settings(data: str, design: str, rate: float, seed: int) -> Config:
    flags = {"data.path": data, "model.name": design, **SETTINGS}
    flags |= {"training.learning_rate": rate, "training.seed": seed}
    return resolve(preset="cpu-demo", flags=flags).config


def four_slices(config: Config) -> tuple[np.ndarray, np.ndarray]:
    """Return images and masks of four patients' slices with most tumour."""
    dataset = open_dataset(config.data, cache_folder(None))
    slices = prepare(dataset, config.data, cache_folder(None))
    rows = []
    for name in sorted(slices.rows):
        where = np.arange(slices.rows[name].start, slices.rows[name].stop)
        tumour = [int(np.count_nonzero(slices.masks[row])) for row in where]
        if max(tumour):
            rows.append(int(where[int(np.argmax(tumour))]))
    chosen = rows[:SLICES]
    return np.asarray(slices.images[chosen]), np.asarray(slices.masks[chosen], np.float32)


def learnt(
    trainer: Trainer, config: Config, images: np.ndarray, masks: np.ndarray
) -> dict[str, Any]:
    """Train until the four slices are known, or 400 steps; return steps and Dice."""
    step, found = 0, 0.0
    begin = time.process_time()

    def validate(predict: Any) -> tuple[float, float]:
        nonlocal step, found
        step += 1
        if step % EVERY == 0:
            mask, truth = predict(images, images.shape[1:3])[..., 0] > 0.5, masks[..., 0] > 0
            both = (mask & truth).sum((1, 2))
            found = float(np.mean(2 * both / (mask.sum((1, 2)) + truth.sum((1, 2)))))
        return found, 0.5

    trainer.fit(
        config,
        images,
        masks,
        np.arange(SLICES),
        validate=validate,
        on_epoch=lambda _: found > WANTED,
    )
    return {"steps": step, "dice": round(found, 4), "cpu_s": round(time.process_time() - begin)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", default=",".join(DESIGNS))
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--out", type=Path, help="Append a line of JSON for each training.")
    asked = parser.parse_args()
    seeds = [int(seed) for seed in asked.seeds.split(",")]
    print("| design | parameters | " + " | ".join(f"seed {seed}" for seed in seeds) + " |")
    print("|---|---:|" + "---|" * len(seeds))
    failed = False
    for design in asked.model.split(","):
        config = settings(asked.data, design, asked.learning_rate, seeds[0])
        images, masks = four_slices(config)
        trainer = Trainer(config, images.shape[1:])
        cells = []
        for seed in seeds:
            one = settings(asked.data, design, asked.learning_rate, seed)
            result = learnt(trainer, one, images, masks)
            failed |= result["dice"] <= WANTED
            cells.append(f"Dice {result['dice']:.3f} after {result['steps']} steps")
            if asked.out is not None:
                line = {"design": design, "seed": seed, "parameters": trainer.parameters, **result}
                with asked.out.open("a") as file:
                    file.write(json.dumps(line) + "\n")
        print(f"| `{design}` | {trainer.parameters:,} | " + " | ".join(cells) + " |", flush=True)
        del trainer
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
