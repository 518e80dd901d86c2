"""MobileNetV2 as an encoder.

Source: Sandler et al. 2018, as Keras builds it, width 1.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ablation.models.encoders.encoder import Encoder, Shape
from ablation.models.encoders.ready_made import Weights, entered, prepared, read_values
from ablation.models.encoders.start import PUBLISHED, scaling_of
from ablation.plugins.lazy import keras, layers

FILE = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
STAGES = ((24, 2), (32, 3), (64, 4), (96, 3), (160, 3), (320, 1))
"""Filters and inverted residual blocks of each stage after the first block."""


def mobilenet_v2(images: Any, keys: Any) -> Any:
    """Return the encoder of images (batch, rows, columns, channels) as a `keras.Model`.

    Its layers keep Keras's names: `block_1_expand_relu`, ... are what skips start from.

    Raises:
        UsageError: The stem does not take so many channels.
    """
    x = entered(images, keys)
    if scaling_of(keys) == PUBLISHED:
        x = layers.Rescaling(2.0, -1.0, dtype="float32", name="encoder_scaling")(x)
    encoder = keras.applications.MobileNetV2(include_top=False, weights=None, input_tensor=x)
    return prepared(encoder, keys, last_stage=("block_14_", "block_15_", "block_16_", "Conv_1"))


def read_weights(path: Path, keys: Any) -> Weights:
    """Return the weights of a file for this design's encoder, "layer/variable" -> array."""
    values = read_values(
        path,
        lambda: keras.applications.MobileNetV2(
            include_top=False, weights=None, input_shape=(32, 32, 3)
        ),
    )
    if keys.stem == "sum":
        values["Conv1/kernel"] = np.asarray(values["Conv1/kernel"]).sum(2, keepdims=True)
    return values


def mobilenet_v2_shapes() -> Iterator[Shape]:
    """Yield the shape of every array of Keras's MobileNetV2 without classifier."""

    def normalised(*kernel: int, filters: int) -> Iterator[Shape]:
        yield kernel
        yield from [(filters,)] * 4

    yield from normalised(3, 3, 3, 32, filters=32)
    yield from normalised(3, 3, 32, 1, filters=32)
    yield from normalised(1, 1, 32, 16, filters=16)
    before = 16
    for filters, blocks in STAGES:
        for _ in range(blocks):
            wide = 6 * before
            yield from normalised(1, 1, before, wide, filters=wide)
            yield from normalised(3, 3, wide, 1, filters=wide)
            yield from normalised(1, 1, wide, filters, filters=filters)
            before = filters
    yield from normalised(1, 1, before, 1280, filters=1280)


ENCODER = Encoder(
    name="MobileNetV2",
    file=FILE,
    md5=None,
    url=f"https://storage.googleapis.com/tensorflow/keras-applications/mobilenet_v2/{FILE}",
    shapes=mobilenet_v2_shapes,
    stages={
        "block_1_expand_relu": 2,
        "block_3_expand_relu": 4,
        "block_6_expand_relu": 8,
        "block_13_expand_relu": 16,
        "out_relu": 32,
    },
    layers=("Conv1", "bn_Conv1", "Conv_1", "expanded_conv_", "block_"),
    scaling="x * 2 - 1",
    build=mobilenet_v2,
    read=read_weights,
)
