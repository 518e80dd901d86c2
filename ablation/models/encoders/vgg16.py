"""VGG16 as an encoder.

Source: Simonyan and Zisserman 2015, as Keras builds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ablation.models.encoders.caffe import CAFFE, summed_with_means
from ablation.models.encoders.encoder import Encoder, Shape
from ablation.models.encoders.ready_made import Weights, entered, prepared, read_values
from ablation.models.encoders.start import PUBLISHED, scaling_of
from ablation.plugins.lazy import keras

FILE = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"
BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Filters and convolutions of each block."""


def vgg16(images: Any, keys: Any) -> Any:
    """Return the encoder of images (batch, rows, columns, channels) as a `keras.Model`.

    Its layers keep Keras's names: `block1_conv2`, ... are what skips start from.

    Raises:
        UsageError: The stem does not take so many channels.
    """
    x = entered(images, keys)
    if scaling_of(keys) == PUBLISHED:
        from ablation.models.encoders.caffe_scaling import CaffeScaling

        x = CaffeScaling(name="encoder_scaling")(x)
    encoder = keras.applications.VGG16(include_top=False, weights=None, input_tensor=x)
    return prepared(encoder, keys, last_stage=("block5_",))


def read_weights(path: Path, keys: Any) -> Weights:
    """Return the weights of a file for this design's encoder, "layer/variable" -> array."""
    values = read_values(
        path,
        lambda: keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3)),
    )
    return values | summed_with_means(values, "block1_conv1") if keys.stem == "sum" else values


def vgg16_shapes() -> Iterator[Shape]:
    """Yield the shape of every array of Keras's VGG16 without classifier."""
    before = 3
    for filters, convolutions in BLOCKS:
        for _ in range(convolutions):
            yield 3, 3, before, filters
            yield (filters,)
            before = filters


ENCODER = Encoder(
    name="VGG16",
    file=FILE,
    md5="6d6bbae143d832006294945121d1f1fc",
    url=f"https://storage.googleapis.com/tensorflow/keras-applications/vgg16/{FILE}",
    shapes=vgg16_shapes,
    stages={
        "block1_conv2": 1,
        "block2_conv2": 2,
        "block3_conv3": 4,
        "block4_conv3": 8,
        "block5_conv3": 16,
    },
    layers=("block1_", "block2_", "block3_", "block4_", "block5_"),
    scaling=CAFFE,
    build=vgg16,
    read=read_weights,
)
