"""What loss.fn_weight does: mean recall and precision at threshold 0.5, over seeds.

    python benchmarks/recall.py --data ../shared/data/lgg/kaggle_3m [--seeds 0,1,2,3,4]

The U-Net of cpu-demo under the sum of Tversky loss and cross-entropy, the validation patients with a tumour: recall and
precision of each volume, their mean over patients, then over seeds. Prints a table and ends with 1
where mean recall does not rise with every weight, or mean precision does not fall.
"""

from __future__ import annotations

import argparse
import itertools
import sys

import numpy as np
from trained import Bench

from ablation.config import resolve, with_values

WEIGHTS = (0.3, 0.5, 0.7, 0.9)
THRESHOLD = 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--epochs", type=int, default=30)
    asked = parser.parse_args()
    flags = {
        "data.path": asked.data,
        "loss.name": "combo",
        "inference.threshold": THRESHOLD,
        "training.epochs": asked.epochs,
        "data.train_fraction": 0.6,
        "data.validation_fraction": 0.3,
    }
    config = resolve(preset="cpu-demo", flags=flags).config
    bench = Bench.of(config, "cpu-demo")
    seeds = [int(seed) for seed in asked.seeds.split(",")]
    means = []
    print(
        "| fn_weight | " + " | ".join(f"seed {s}" for s in seeds) + " | mean recall | precision |"
    )
    print("|---:|" + "---|" * (len(seeds) + 2))
    for weight in WEIGHTS:
        found = []
        for seed in seeds:
            one = with_values(config, {"loss.fn_weight": weight, "training.seed": seed})
            trainer, _, _ = bench.train(one)
            found.append(_recall_precision(bench.masks(trainer, THRESHOLD)))
        recall, precision = np.mean(found, axis=0)
        means.append((recall, precision))
        cells = " | ".join(f"{r:.3f} / {p:.3f}" for r, p in found)
        print(f"| {weight} | {cells} | {recall:.3f} | {precision:.3f} |", flush=True)
    rises = all(a[0] < b[0] for a, b in itertools.pairwise(means))
    falls = all(a[1] > b[1] for a, b in itertools.pairwise(means))
    print(f"mean recall rises: {rises}; mean precision falls: {falls}")
    sys.exit(0 if rises and falls else 1)


def _recall_precision(masks: list[tuple[np.ndarray, np.ndarray]]) -> tuple[float, float]:
    """Return means over the patients with a tumour; precision over those with a prediction too."""
    recalls, precisions = [], []
    for truth, prediction in masks:
        hit = int(np.count_nonzero(truth & prediction))
        if truth.any():
            recalls.append(hit / np.count_nonzero(truth))
            if prediction.any():
                precisions.append(hit / np.count_nonzero(prediction))
    return float(np.mean(recalls)), float(np.mean(precisions)) if precisions else float("nan")


if __name__ == "__main__":
    main()
