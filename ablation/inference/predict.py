"""Probability maps from one traced network, on its own grid or resized to the scan's."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from ablation.inference.tiles import predict_tiled
from ablation.models.exclusive import log_odds

BATCH = 16

Floats = npt.NDArray[np.float32]


class Predictor:
    """A network as a function from slices, or a volume, to probability maps; reads the weights of the moment.

    Args:
        model: A `keras.Model` from images to logits; of several outputs the mean probability counts.
        exclusive: Whether a voxel belongs to one target at most: softmax instead of sigmoid.
        tile_overlap: Of a 3-D network, which sees a volume in tiles: least share that neighbours share.
    """

    def __init__(self, model: Any, *, exclusive: bool = False, tile_overlap: float = 0.5) -> None:
        self._model = model
        self._overlap = tile_overlap
        extent = model.input_shape[1:-1]
        self._tile = extent if len(extent) == 3 else None
        self._exclusive = exclusive
        self._targets = int(model.outputs[-1].shape[-1])
        self.traces = 0
        self.seconds = 0.0
        """CPU seconds spent in the network and in resizing so far."""
        batch = BATCH if self._tile is None else 1
        self._traced = tf.function(
            self._predict,
            input_signature=[tf.TensorSpec((batch, *model.input_shape[1:]), tf.float32)],
        )

    def __call__(self, images: Floats, native: tuple[int, int]) -> Floats:
        """Return probabilities (slices, *native, targets) of images (slices, rows, columns, channels)."""
        on_grid = self.on_grid(images)
        each = [self.to_native(on_grid[..., one], native) for one in range(self._targets)]
        return np.stack(each, axis=-1)

    def on_grid(self, images: Floats) -> Floats:
        """Return probabilities (slices, rows, columns, targets) on the network's own grid.

        Args:
            images: Shape (slices, rows, columns, channels), all slices of one volume for a 3-D network.
        """
        if self._tile is not None:
            return predict_tiled(self._predict_tile, images, self._tile, self._overlap)
        maps = np.empty((*images.shape[:3], self._targets), np.float32)
        for start in range(0, len(images), BATCH):
            part = np.asarray(images[start : start + BATCH], np.float32)
            # The last batch is filled up: another shape would mean another trace.
            filled = np.zeros((BATCH, *part.shape[1:]), np.float32)
            filled[: len(part)] = part
            before = time.process_time()
            probability = self._traced(filled).numpy()
            self.seconds += time.process_time() - before
            maps[start : start + len(part)] = probability[: len(part)]
        return maps

    def _predict_tile(self, tile: Floats) -> Floats:
        before = time.process_time()
        probability: Floats = self._traced(np.asarray(tile[None], np.float32)).numpy()[0]
        self.seconds += time.process_time() - before
        return probability

    def to_native(self, maps: Floats, native: tuple[int, int]) -> Floats:
        """Return maps (slices, rows, columns) resized to (slices, *native).

        Bilinear, half-pixel centres.
        """
        resized = np.empty((len(maps), *native), np.float32)
        before = time.process_time()
        for start in range(0, len(maps), BATCH):
            part = maps[start : start + BATCH, ..., None]
            image = tf.image.resize(part, native, method="bilinear")
            resized[start : start + BATCH] = image.numpy()[..., 0]
        self.seconds += time.process_time() - before
        return resized

    def _predict(self, images: Any) -> Any:
        self.traces += 1  # runs while tracing, not while predicting
        outputs = self._model(images, training=False)
        if isinstance(outputs, list | tuple):
            return tf.add_n([self._probability(head) for head in outputs]) / len(outputs)
        return self._probability(outputs)

    def _probability(self, logits: Any) -> Any:
        return tf.sigmoid(log_odds(logits) if self._exclusive else logits)
