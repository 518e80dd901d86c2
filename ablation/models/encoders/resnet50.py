"""ResNet50 as an encoder: how images enter it, what it starts from, which part of it is trained.

Source: He et al. 2016, as Keras builds it, with biases beside batch normalisation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from keras import initializers, layers

from ablation.config.sections import ModelConfig
from ablation.errors import UsageError

# Means of ImageNet that the published weights were trained with, of 0..255: blue, green, red.
CAFFE_MEANS = (103.939, 116.779, 123.68)
GREY_MEAN = sum(CAFFE_MEANS) / 3
STEM = "conv1_conv"
LAST_STAGE = "conv5_"


def resnet50(images: Any, model: ModelConfig) -> Any:
    """Return the encoder of images (batch, rows, columns, channels) as a `keras.Model`.

    Its layers keep Keras's names: `conv1_relu`, `conv2_block3_out`, ... are what skips start from.

    Raises:
        UsageError: The stem does not take so many channels.
    """
    x = _stem(images, model)
    if model.pretrained != "none":
        x = CaffeScaling(name="encoder_scaling")(x)
    encoder = keras.applications.ResNet50(include_top=False, weights=None, input_tensor=x)
    for layer in encoder.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = model.bn_momentum
        elif isinstance(layer, layers.Conv2D) and layer.name != "stem_project":
            # Keras leaves Glorot here; these kernels feed ReLUs like all others.
            layer.kernel_initializer = initializers.HeNormal()
        if layer.weights and layer.name != "stem_project":
            # A frozen batch normalisation keeps its statistics, in training too.
            layer.trainable = model.encoder_trainable == "all" or (
                model.encoder_trainable == "last_stage" and layer.name.startswith(LAST_STAGE)
            )
    return encoder


class CaffeScaling(keras.layers.Layer):
    """Bring images of 0..1 to what the published weights were trained on; one or three channels."""

    def __init__(self, name: str) -> None:
        # Half precision would round a span of 255 to steps of an eighth.
        super().__init__(name=name, dtype="float32")

    def call(self, x: Any) -> Any:
        """Return x * 255 less the means, red-green-blue turned to blue-green-red."""
        if x.shape[-1] == 1:
            return x * 255.0 - GREY_MEAN
        return tf.reverse(x, [-1]) * 255.0 - tf.constant(CAFFE_MEANS)


def read_weights(path: Path, model: ModelConfig) -> dict[str, npt.NDArray[np.float32]]:
    """Return the weights of a file for this model's encoder, "layer/variable" -> array."""
    encoder = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(32, 32, 3))
    encoder.load_weights(path)
    values = {
        f"{layer.name}/{variable.name}": variable.numpy()
        for layer in encoder.layers
        for variable in layer.weights
    }
    return values | _summed(values) if model.stem == "sum" else values


def _stem(images: Any, model: ModelConfig) -> Any:
    channels = images.shape[-1]
    if model.stem == "project":
        return _projection(pretrained=model.pretrained != "none", channels=channels)(images)
    if model.stem == "sum" and channels != 1:
        raise UsageError(
            f"model.stem=sum takes 1 modality, data.modalities has {channels}",
            hint="Write --set model.stem=project to learn a mixture of them.",
        )
    if channels == 1:
        single = model.stem == "sum"
        return images if single else layers.Concatenate(name="stem_replicate")([images] * 3)
    if channels != 3:
        raise UsageError(
            f"{model.name}'s encoder takes 1 or 3 modalities, data.modalities has {channels}",
            hint="Write --set model.stem=project to learn a mixture of them.",
        )
    return images


def _projection(*, pretrained: bool, channels: int) -> Any:
    # Trained weights expect intensities in their range: begin with the mean of the modalities.
    kernel = initializers.Constant(1 / channels) if pretrained else initializers.HeNormal()
    return layers.Conv2D(3, 1, padding="same", kernel_initializer=kernel, name="stem_project")


def _summed(values: dict[str, npt.NDArray[np.float32]]) -> dict[str, npt.NDArray[np.float32]]:
    """Return the first convolution for one grey channel, equal to that of three equal ones.

    Three channels have a mean each, one has the grey mean: the difference goes into the bias.
    Only at the rim, where the means' zero padding differs, the two stems are not the same.
    """
    kernel, bias = values[f"{STEM}/kernel"].astype(float), values[f"{STEM}/bias"].astype(float)
    shift = GREY_MEAN - np.array(CAFFE_MEANS)
    moved = bias + np.einsum("rcif,i->f", kernel, shift)
    return {
        f"{STEM}/kernel": kernel.sum(2, keepdims=True).astype(np.float32),
        f"{STEM}/bias": moved.astype(np.float32),
    }
