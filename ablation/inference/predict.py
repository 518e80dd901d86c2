"""Probability maps on the native grid, from one traced function."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

BATCH = 16


class Predictor:
    """A network as a function from slices to probability maps; reads the weights of the moment."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.traces = 0
        self.seconds = 0.0
        """CPU seconds spent in the network so far."""
        self._traced = tf.function(
            self._predict,
            input_signature=[
                tf.TensorSpec((BATCH, *model.input_shape[1:]), tf.float32),
                tf.TensorSpec((2,), tf.int32),
            ],
        )

    def __call__(
        self, images: npt.NDArray[np.float32], native: tuple[int, int]
    ) -> npt.NDArray[np.float32]:
        """Return probabilities (slices, *native) of images (slices, rows, columns, channels).

        The sigmoid is taken on the network's grid, then resized: bilinear, half-pixel centres.
        """
        maps = np.empty((len(images), *native), np.float32)
        for start in range(0, len(images), BATCH):
            part = np.asarray(images[start : start + BATCH], np.float32)
            # The last batch is filled up: another shape would mean another trace.
            filled = np.zeros((BATCH, *part.shape[1:]), np.float32)
            filled[: len(part)] = part
            before = time.process_time()
            probability = self._traced(filled, np.asarray(native, np.int32)).numpy()
            self.seconds += time.process_time() - before
            maps[start : start + len(part)] = probability[: len(part)]
        return maps

    def _predict(self, images: Any, native: Any) -> Any:
        self.traces += 1  # runs while tracing, not while predicting
        probability = tf.sigmoid(self._model(images, training=False))
        return tf.image.resize(probability, native, method="bilinear")[..., 0]
