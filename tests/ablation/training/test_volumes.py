"""A 3-D design in the warm trainer: one trace, the bits of a fresh one, patches changed as a whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from ablation.config import Config, build_config
from ablation.data.patches import Drawn, Patches
from ablation.models import Outputs
from ablation.training.augment import Augmenter
from ablation.training.augmentations import AUGMENTATIONS
from ablation.training.trainer import Trainer

from .tiny import digest, never

EXTENT = (4, 8, 8)
PATIENTS = (slice(0, 6), slice(6, 11))
RNG = np.random.default_rng(0)
IMAGES = RNG.random((11, 12, 12, 1), np.float32)
MASKS = np.repeat((IMAGES > 0.7).astype(np.uint8), 2, axis=-1)


def config(**values: object) -> Config:
    return build_config(
        {
            "model.name": "unet3d",
            "model.base": 2,
            "model.depth": 1,
            "data.augmentation": "none",
            "training.batch_size": 2,
            "training.epochs": 1,
            "loss.name": "edge_combo",
        }
        | {key.replace("__", ".", 1): value for key, value in values.items()}
    )


def fit(trainer: Trainer, settings: Config) -> list[float]:
    fitted = trainer.fit(
        settings,
        Patches(IMAGES, PATIENTS, EXTENT),
        Patches(MASKS, PATIENTS, EXTENT),
        Drawn(MASKS, PATIENTS, EXTENT, 0.5),
        validate=lambda predict: (float(predict.on_grid(IMAGES[:6]).mean()), 0.5),
        on_epoch=never,
    )
    return [epoch.loss for epoch in fitted.epochs]


def test_a_second_trial_needs_no_trace_and_equals_a_fresh_build_bit_for_bit(
    tmp_path: Path,
) -> None:
    outputs = Outputs(targets=2)
    warm = Trainer(config(), (*EXTENT, 1), outputs)
    other = config(model__dropout=0.3, training__learning_rate=3e-3, training__seed=4)
    first = fit(warm, config())
    assert fit(warm, other) != first
    again = fit(warm, config())
    assert warm.traces == warm.predictor.traces == 1
    kept = digest(warm, tmp_path)
    fresh = Trainer(config(), (*EXTENT, 1), outputs)
    assert fit(fresh, config()) == again == first
    assert digest(fresh, tmp_path) == kept
    maps = warm.predictor(IMAGES[:6], (20, 24))
    assert maps.shape == (6, 20, 24, 2)
    np.testing.assert_array_equal(maps, fresh.predictor(IMAGES[:6], (20, 24)))


def test_all_slices_of_a_patch_move_alike_and_its_air_stays_0() -> None:
    images = np.zeros((2, 3, 16, 16, 2), np.float32)
    images[:, :, 4:12, 4:12] = 0.5
    images[:, 2] = 0  # a slice of air
    masks = (images[..., :1] > 0).astype(np.float32)
    change = Augmenter(AUGMENTATIONS["td"])
    found, moved = change(
        tf.constant(images), tf.constant(masks), tf.constant([3, 4]), tf.constant(7)
    )
    found, moved = np.asarray(found), np.asarray(moved)
    assert found.shape == images.shape
    np.testing.assert_array_equal(moved[:, 0], moved[:, 1])
    assert (moved[:, :2] != masks[:, :2]).any()
    assert (found[:, 2] == 0).all()
    assert (moved[:, 2] == 0).all()
    assert (found[:, 0] != found[:, 1]).any()  # each slice has noise of its own
    assert not found[:, :2][(moved[:, :2] == 0).repeat(2, -1)].max() > 0.6
