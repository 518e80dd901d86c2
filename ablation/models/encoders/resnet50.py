"""ResNet50 as an encoder: how images enter it, what it starts from, which part of it is trained.

Source: He et al. 2016, as Keras builds it, with biases beside batch normalisation.
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

FILE = "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"


def resnet50(images: Any, keys: Any) -> Any:
    """Return the encoder of images (batch, rows, columns, channels) as a `keras.Model`.

    Its layers keep Keras's names: `conv1_relu`, `conv2_block3_out`, ... are what skips start from.

    Raises:
        UsageError: The stem does not take so many channels.
    """
    x = entered(images, keys)
    if scaling_of(keys) == PUBLISHED:
        from ablation.models.encoders.caffe_scaling import CaffeScaling

        x = CaffeScaling(name="encoder_scaling")(x)
    encoder = keras.applications.ResNet50(include_top=False, weights=None, input_tensor=x)
    return prepared(encoder, keys, last_stage=("conv5_",))


def read_weights(path: Path, keys: Any) -> Weights:
    """Return the weights of a file for this design's encoder, "layer/variable" -> array."""
    values = read_values(
        path,
        lambda: keras.applications.ResNet50(
            include_top=False, weights=None, input_shape=(32, 32, 3)
        ),
    )
    return values | summed_with_means(values, "conv1_conv") if keys.stem == "sum" else values


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
    layers=("conv1_", "conv2_", "conv3_", "conv4_", "conv5_"),
    scaling=CAFFE,
    build=resnet50,
    read=read_weights,
)
