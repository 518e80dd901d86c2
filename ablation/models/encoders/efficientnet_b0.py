"""EfficientNetB0 as an encoder.

Source: Tan and Le 2019, as Keras builds it, without stochastic depth.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ablation.errors import UsageError
from ablation.models.encoders.encoder import Encoder, Shape
from ablation.models.encoders.ready_made import Weights, entered, prepared, read_values
from ablation.plugins.lazy import keras, layers

FILE = "efficientnetb0_notop.h5"
BLOCKS = (
    (3, 1, 16, 1),
    (3, 2, 24, 6),
    (5, 2, 40, 6),
    (3, 3, 80, 6),
    (5, 3, 112, 6),
    (5, 4, 192, 6),
    (3, 1, 320, 6),
)
"""Kernel, blocks, filters and expansion of each stage."""
NORMALISATION = "input_normalization"
STANDARD_DEVIATIONS = (0.229, 0.224, 0.225)
"""Of ImageNet. Keras divides by their roots, for its own file only, in a layer of its own."""


def efficientnet_b0(images: Any, keys: Any) -> Any:
    """Return the encoder of images (batch, rows, columns, channels) as a `keras.Model`.

    Its layers keep Keras's names: `block2a_expand_activation`, ... are what skips start from.
    Keras divides by 255 inside the network, whatever it starts from, so images are multiplied.

    Raises:
        UsageError: The stem does not take so many channels.
    """
    if keys.stem == "sum":
        raise UsageError(
            f"model.stem=sum is not possible in {keys.name}: EfficientNet normalises three channels",
            hint="Write --set model.stem=replicate.",
        )
    x = layers.Rescaling(255.0, dtype="float32", name="encoder_scaling")(entered(images, keys))
    encoder = _encoder(input_tensor=x)
    return prepared(encoder, keys, last_stage=("block7", "top_"))


def read_weights(path: Path, keys: Any) -> Weights:
    """Return the weights of a file for this design's encoder, "layer/variable" -> array.

    The division by the roots of the standard deviations, which Keras adds as a layer for weights of
    ImageNet, goes into the variance.
    """
    del keys
    values = read_values(path, lambda: _encoder(input_shape=(32, 32, 3)))
    variance = values[f"{NORMALISATION}/variance"]
    values[f"{NORMALISATION}/variance"] = (variance * np.array(STANDARD_DEVIATIONS)).astype(
        np.float32
    )
    return values


def _encoder(**inputs: Any) -> Any:
    encoder = keras.applications.EfficientNetB0(include_top=False, weights=None, **inputs)
    # Keras numbers this layer by what was built before in the process.
    found = next(x for x in encoder.layers if isinstance(x, layers.Normalization))
    found.name = NORMALISATION
    return encoder


def efficientnet_b0_shapes() -> Iterator[Shape]:
    """Yield the shape of every array of Keras's EfficientNetB0 without classifier."""

    def normalised(*kernel: int, filters: int) -> Iterator[Shape]:
        yield kernel
        yield from [(filters,)] * 4

    yield from [(3,), (3,), ()]  # mean, variance and count of the normalisation
    yield from normalised(3, 3, 3, 32, filters=32)
    before = 32
    for kernel, blocks, filters, expansion in BLOCKS:
        for _ in range(blocks):
            wide, squeezed = expansion * before, max(1, before // 4)
            if expansion > 1:
                yield from normalised(1, 1, before, wide, filters=wide)
            yield from normalised(kernel, kernel, wide, 1, filters=wide)
            yield from [(1, 1, wide, squeezed), (squeezed,), (1, 1, squeezed, wide), (wide,)]
            yield from normalised(1, 1, wide, filters, filters=filters)
            before = filters
    yield from normalised(1, 1, before, 1280, filters=1280)


ENCODER = Encoder(
    name="EfficientNetB0",
    file=FILE,
    md5="50bc09e76180e00e4465e1a485ddc09d",
    url=f"https://storage.googleapis.com/keras-applications/{FILE}",
    shapes=efficientnet_b0_shapes,
    stages={
        "block2a_expand_activation": 2,
        "block3a_expand_activation": 4,
        "block4a_expand_activation": 8,
        "block6a_expand_activation": 16,
        "top_activation": 32,
    },
    layers=(NORMALISATION, "stem_conv", "stem_bn", "block", "top_"),
    scaling="x * 255, then Keras's own normalisation",
    build=efficientnet_b0,
    read=read_weights,
)
