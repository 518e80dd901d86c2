"""A frozen encoder: the decoder is trained first, the whole network from `unfreeze_epoch` on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import Field

from ablation.models import DESIGNS, Design, NetworkInput
from ablation.models.families.keys import EncoderKeys, is_frozen
from ablation.models.hyperparameters import Hyperparameters
from ablation.plugins.lazy import keras, layers
from ablation.training.checkpoint import host_weights
from ablation.training.trainer import Trainer

HERE = Path(__file__).parent


class FrozenKeys(EncoderKeys):
    name: str = Field("frozen", description="design")


def build(keys: FrozenKeys, inputs: NetworkInput, _: Hyperparameters) -> Any:
    images = layers.Input(inputs.shape, name="images")
    part = {"trainable": keys.encoder_trainable == "all"}
    x = layers.Conv2D(2, 3, padding="same", name="conv1_conv", **part)(images)
    x = layers.BatchNormalization(momentum=0.5, name="conv1_bn", **part)(x)
    x = layers.Activation("relu", name="conv1_relu")(x)
    x = layers.Conv2D(2, 3, padding="same", name="decoder0_conv1")(x)
    return keras.Model(images, layers.Conv2D(inputs.targets, 1, name="logits")(x), name=keys.name)


FROZEN = Design(
    name="frozen",
    keys=FrozenKeys,
    build=build,
    summary="a convolution that may be frozen, and a decoder",
    needs={"unfreeze_epoch": is_frozen},
)


@pytest.fixture(scope="module")
def tiny() -> Iterator:
    sys.path.insert(0, str(HERE))
    import tiny

    with DESIGNS.having(FROZEN):
        yield tiny
    sys.path.remove(str(HERE))


def settings_of(tiny: Any, **keys: Any) -> Any:
    values = {"model__name": "frozen", "model__encoder_trainable": "none", "training__epochs": 4}
    return tiny.config(**values | {"model__unfreeze_epoch": 3} | keys)


@pytest.fixture(scope="module")
def warm(tiny) -> Trainer:
    return tiny.trainer(settings_of(tiny))


def test_the_encoder_moves_from_that_epoch_on(tiny, warm) -> None:
    warm._begin(settings_of(tiny), None)
    start = host_weights(warm._model)
    moved: list[set[str]] = []

    def validate(_: Any) -> tuple[float, float]:
        now = host_weights(warm._model)
        moved.append({name for name in now if (now[name] != start[name]).any()})
        return float(len(moved)), 0.5

    tiny.fit(warm, settings_of(tiny), validate=validate)
    decoder = {"decoder0_conv1/kernel", "decoder0_conv1/bias", "logits/kernel", "logits/bias"}
    assert moved[0] == moved[1] == decoder
    assert {"conv1_conv/kernel", "conv1_bn/gamma", "conv1_bn/moving_mean"} <= moved[2]


def test_a_later_trial_starts_frozen_again_with_the_same_bits(tiny, warm, tmp_path) -> None:
    runs = [tiny.outcome(tiny.fit(warm, settings_of(tiny))) for _ in range(2)]
    assert runs[0] == runs[1]
    assert warm.traces == 2
    fresh = tiny.trainer(settings_of(tiny))
    assert tiny.outcome(tiny.fit(fresh, settings_of(tiny))) == runs[0]
    assert tiny.digest(fresh, tmp_path) == tiny.digest(warm, tmp_path)


@pytest.mark.parametrize("stop_after", [1, 2, 3])
def test_resumed_equals_uninterrupted(tiny, warm, tmp_path, stop_after: int) -> None:
    settings = settings_of(tiny, training__plateau_patience=1)
    whole = tiny.outcome(tiny.fit(warm, settings))
    weights = tiny.digest(warm, tmp_path)
    states: list[Any] = []
    tiny.fit(warm, settings, on_epoch=lambda e: e.number == stop_after, save=states.append)
    resumed = tiny.fit(warm, settings, resume=states[-1])
    assert tiny.outcome(resumed) == whole
    assert tiny.digest(warm, tmp_path) == weights


def test_the_epoch_counts_only_where_a_part_is_frozen(tiny) -> None:
    from ablation import models

    frozen = settings_of(tiny).model
    assert models.structure(frozen)["unfreeze_epoch"] == 3
    whole = settings_of(tiny, model__encoder_trainable="all")
    assert "unfreeze_epoch" not in models.structure(whole.model)
    warm = tiny.trainer(whole)
    tiny.fit(warm, whole)
    assert warm.traces == 1
    assert np.isfinite(host_weights(warm._model)["conv1_conv/kernel"]).all()
