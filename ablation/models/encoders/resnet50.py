"""ResNet50 as an encoder: how images enter it, what it starts from, which part of it is trained.

Source: He et al. 2016, as Keras builds it, with biases beside batch normalisation.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ablation.errors import UsageError
from ablation.models.encoders.encoder import Encoder, Shape
from ablation.plugins.lazy import initializers, keras, layers

# Means of ImageNet that the published weights were trained with, of 0..255: blue, green, red.
CAFFE_MEANS = (103.939, 116.779, 123.68)
GREY_MEAN = sum(CAFFE_MEANS) / 3
FILE = "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"
STEM = "conv1_conv"
LAST_STAGE = "conv5_"


def resnet50(images: Any, keys: Any) -> Any:
    """Return the encoder of images (batch, rows, columns, channels) as a `keras.Model`.

    Its layers keep Keras's names: `conv1_relu`, `conv2_block3_out`, ... are what skips start from.

    Raises:
        UsageError: The stem does not take so many channels.
    """
    x = _stem(images, keys)
    if keys.pretrained != "none":
        from ablation.models.encoders.caffe_scaling import CaffeScaling

        x = CaffeScaling(name="encoder_scaling")(x)
    encoder = keras.applications.ResNet50(include_top=False, weights=None, input_tensor=x)
    for layer in encoder.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = keys.bn_momentum
        elif isinstance(layer, layers.Conv2D) and layer.name != "stem_project":
            # Keras leaves Glorot here; these kernels feed ReLUs like all others.
            layer.kernel_initializer = initializers.HeNormal()
        if layer.weights and layer.name != "stem_project":
            # A frozen batch normalisation keeps its statistics, in training too.
            layer.trainable = keys.encoder_trainable == "all" or (
                keys.encoder_trainable == "last_stage" and layer.name.startswith(LAST_STAGE)
            )
    return encoder


def read_weights(path: Path, keys: Any) -> dict[str, npt.NDArray[np.float32]]:
    """Return the weights of a file for this design's encoder, "layer/variable" -> array."""
    encoder = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(32, 32, 3))
    encoder.load_weights(path)
    values = {
        f"{layer.name}/{variable.name}": variable.numpy()
        for layer in encoder.layers
        for variable in layer.weights
    }
    return values | _summed(values) if keys.stem == "sum" else values


def _stem(images: Any, keys: Any) -> Any:
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


def resnet50_shapes() -> Iterator[Shape]:
    """Yield the shape of every array of Keras's ResNet50 without classifier."""

    def convolution(size: int, before: int, after: int) -> Iterator[Shape]:
        yield size, size, before, after
        yield from [(after,)] * 5  # bias, and the four of batch normalisation

    yield from convolution(7, 3, 64)
    before = 64
    for width, blocks in ((64, 3), (128, 4), (256, 6), (512, 3)):
        yield from convolution(1, before, 4 * width)  # the shortcut of the first block
        for _ in range(blocks):
            yield from convolution(1, before, width)
            yield from convolution(3, width, width)
            yield from convolution(1, width, 4 * width)
            before = 4 * width


ENCODER = Encoder(
    name="ResNet50",
    file=FILE,
    md5="4d473c1dd8becc155b73f8504c6f6626",
    url=f"https://storage.googleapis.com/tensorflow/keras-applications/resnet/{FILE}",
    shapes=resnet50_shapes,
    stages={
        "conv1_relu": 2,
        "conv2_block3_out": 4,
        "conv3_block4_out": 8,
        "conv4_block6_out": 16,
        "conv5_block3_out": 32,
    },
    scaling="x * 255 less ImageNet's means, blue-green-red (Caffe)",
    build=resnet50,
    read=read_weights,
)
