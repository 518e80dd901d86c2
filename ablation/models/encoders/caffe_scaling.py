"""The scaling that weights trained with Caffe expect."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from ablation.models.encoders.caffe import CAFFE_MEANS, GREY_MEAN


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
