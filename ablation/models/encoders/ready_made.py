"""What all ready-made encoders share: how images enter, what is trained, how a file is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ablation.errors import UsageError
from ablation.plugins.lazy import initializers, layers

Weights = dict[str, npt.NDArray[np.float32]]
"""Values of an encoder, "layer/variable" -> array."""
PROJECTION = "stem_project"


def prepared(encoder: Any, keys: Any, last_stage: tuple[str, ...]) -> Any:
    """Return Keras's encoder with our momentum, initial weights and frozen parts.

    Dropout inside the encoder (EfficientNet's stochastic depth) is off: its random numbers would
    depend on what was trained before.

    Args:
        encoder: As Keras builds it.
        keys: Of the design.
        last_stage: How the names of the layers begin that `encoder_trainable=last_stage` trains.
    """
    for layer in encoder.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = keys.bn_momentum
        elif isinstance(layer, layers.DepthwiseConv2D):
            # He-normal of a kernel that reads one channel: its fan-in is Keras's fan-out.
            layer.kernel_initializer = initializers.VarianceScaling(2.0, "fan_out")
        elif isinstance(layer, layers.Conv2D) and layer.name != PROJECTION:
            # Keras leaves Glorot here; these kernels feed ReLUs like all others.
            layer.kernel_initializer = initializers.HeNormal()
        elif isinstance(layer, layers.Dropout):
            layer.rate = 0.0
        if layer.weights and layer.name != PROJECTION:
            # A frozen batch normalisation keeps its statistics, in training too.
            layer.trainable = keys.encoder_trainable == "all" or (
                keys.encoder_trainable == "last_stage" and layer.name.startswith(last_stage)
            )
    return encoder


def entered(images: Any, keys: Any) -> Any:
    """Return images as the encoder's first layer takes them: one or three channels.

    Raises:
        UsageError: The stem does not take so many channels.
    """
    channels = images.shape[-1]
    if keys.stem == "project":
        return _projection(pretrained=keys.pretrained != "none", channels=channels)(images)
    if keys.stem == "sum" and channels != 1:
        raise UsageError(
            f"model.stem=sum takes 1 modality, data.modalities has {channels}",
            hint="Write --set model.stem=project to learn a mixture of them.",
        )
    if channels == 1:
        single = keys.stem == "sum"
        return images if single else layers.Concatenate(name="stem_replicate")([images] * 3)
    if channels != 3:
        raise UsageError(
            f"{keys.name}'s encoder takes 1 or 3 modalities, data.modalities has {channels}",
            hint="Write --set model.stem=project to learn a mixture of them.",
        )
    return images


def read_values(path: Path, build: Callable[[], Any]) -> Weights:
    """Return the values of a file of weights; `build` makes the network that they are for."""
    encoder = build()
    encoder.load_weights(path)
    return {
        f"{layer.name}/{variable.name}": variable.numpy()
        for layer in encoder.layers
        for variable in layer.weights
    }


def _projection(*, pretrained: bool, channels: int) -> Any:
    # Trained weights expect intensities in their range: begin with the mean of the modalities.
    kernel = initializers.Constant(1 / channels) if pretrained else initializers.HeNormal()
    return layers.Conv2D(3, 1, padding="same", kernel_initializer=kernel, name=PROJECTION)
