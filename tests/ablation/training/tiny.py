"""A training small enough for tests: discs on noise, a validation that only looks at pixels."""

from __future__ import annotations

import hashlib
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ablation.config import Config, build_config
from ablation.config.versions import SCHEMA, read_config
from ablation.training.schedule import Epoch, Fit
from ablation.training.trainer import Trainer

SIDE = 32
TRAIN = np.arange(20)
VALIDATION = np.arange(20, 28)


def slices() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    grid = np.mgrid[:SIDE, :SIDE][:, None]
    centres = rng.uniform(8, SIDE - 8, (2, 28, 1, 1))
    masks = ((grid - centres) ** 2).sum(0) < rng.uniform(3, 7, (28, 1, 1)) ** 2
    images = np.clip(rng.normal(0.3, 0.1, masks.shape) + 0.4 * masks, 0, 1)
    return images[..., None].astype(np.float32), masks[..., None].astype(np.float32)


IMAGES, MASKS = slices()


def config(**keys: Any) -> Config:
    """Return a tiny U-Net's configuration; keys are written section__key."""
    values: dict[str, Any] = {
        "data.augmentation": "none",
        "data.image_size": SIDE,
        "model.base": 4,
        "model.depth": 2,
        "model.dropout": 0.3,
        "training.batch_size": 8,
        "training.epochs": 3,
        "training.learning_rate": 3e-3,
        "training.seed": 5,
    }
    return build_config(values | {key.replace("__", ".", 1): v for key, v in keys.items()})


def trainer(settings: Config) -> Trainer:
    return Trainer(settings, (SIDE, SIDE, 1))


def validate(predictor: Any) -> tuple[float, float]:
    predicted = predictor(IMAGES[VALIDATION], (SIDE, SIDE))[..., 0] > 0.5
    truth = MASKS[VALIDATION, ..., 0] > 0
    return 2 * float((predicted & truth).sum()) / float(predicted.sum() + truth.sum()), 0.5


def never(epoch: Epoch) -> bool:
    return False


def fit(warm: Trainer, settings: Config, **keys: Any) -> Fit:
    keys = {"validate": validate, "on_epoch": never, **keys}
    return warm.fit(settings, IMAGES, MASKS, keys.pop("rows", TRAIN), **keys)


def outcome(fit_: Fit) -> list[tuple[float, ...]]:
    """Return all of a training but its times."""
    return [(e.loss, e.validation_dice, e.learning_rate) for e in fit_.epochs]


def digest(warm: Trainer, folder: Path) -> str:
    """Return the hash of the present weights."""
    warm.save_weights(folder / "digest.npz")
    with np.load(folder / "digest.npz") as arrays:
        return hashlib.sha256(b"".join(arrays[name].tobytes() for name in arrays.files)).hexdigest()


def write_encoder(path: Path) -> dict[str, np.ndarray]:
    """Write weights of ResNet50 that no initialiser draws; return them, "layer/variable" -> value."""
    network = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(32, 32, 3))
    values = {}
    for layer in network.layers:
        for variable in layer.weights:
            variable.assign(variable + 0.01)
            values[f"{layer.name}/{variable.name}"] = variable.numpy()
    with warnings.catch_warnings():
        # Keras 3.15 turns variables into arrays in a way that NumPy 2 will drop.
        warnings.simplefilter("ignore", DeprecationWarning)
        network.save_weights(path)
    return values


def main() -> None:
    """Train one configuration, given as JSON, in this fresh process and print what came out."""
    settings = read_config(json.loads(sys.argv[1]), SCHEMA)
    warm = trainer(settings)
    print(outcome(fit(warm, settings)), digest(warm, Path(sys.argv[2])))


if __name__ == "__main__":
    main()
