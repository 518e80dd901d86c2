"""Random changes of training slices, inside the traced step; masks follow their image.

One sampling grid per slice (rotation, shift, zoom, flips, elastic displacement) serves the image,
read bilinearly, and the mask, read at the nearest pixel; outside is 0. Intensities change inside
the brain only, so that the background stays 0. What a slice becomes is decided by the seed of the
epoch and its own row, whatever else is in the batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import tensorflow as tf

from ablation.training.augmentations.augmentation import (
    ELASTIC_SIGMA,
    REFERENCE_SIDE,
    Augmentation,
    Ranges,
)
from ablation.training.augmentations.draws import normal, uniform
from ablation.training.augmentations.reading import bilinear, nearest

# What each slice draws, in this order, from -1..1.
DRAWN = ("angle", "row", "column", "zoom", "flip", "brightness", "contrast")


class Augmenter:
    """What an augmentation does inside the traced step, its ranges read from variables.

    Args:
        augmentation: Of this or any other of the same structure slices are changed.
    """

    def __init__(self, augmentation: Augmentation) -> None:
        self._parts = tuple(Augmenter(part) for part in augmentation.parts)
        self._transform = augmentation.transform
        self._ranges: AugmentRanges | None = None
        if augmentation.transform is None and augmentation.ranges is not None:
            self._ranges = AugmentRanges()
        self.use(augmentation)

    def use(self, augmentation: Augmentation) -> None:
        """Go on with the ranges of this augmentation."""
        for part, its in zip(self._parts, augmentation.parts, strict=True):
            part.use(its)
        if self._ranges is not None and augmentation.ranges is not None:
            self._ranges.set(augmentation.ranges)

    def __call__(
        self, images: Any, masks: Any, rows: Any, epoch_seed: Any, slices: int = 1
    ) -> tuple[Any, Any]:
        """Return images and masks of one batch, changed alike; arguments as of `augment`.

        Patches (batch, slices, rows, columns, channels) are changed as images whose channels are
        those of all their slices.
        """
        if len(images.shape) == 5:
            return self._of_patches(images, masks, rows, epoch_seed)
        for part in self._parts:
            images, masks = part(images, masks, rows, epoch_seed, slices)
        if self._transform is not None:
            return self._transform(images, masks, rows, epoch_seed)
        if self._ranges is not None:
            return augment(images, masks, rows, epoch_seed, self._ranges, slices)
        return images, masks

    def _of_patches(self, images: Any, masks: Any, rows: Any, epoch_seed: Any) -> tuple[Any, Any]:
        flat, of_images = _as_channels(images)
        flat_masks, of_masks = _as_channels(masks)
        slices = images.shape[1]
        flat, flat_masks = self(flat, flat_masks, rows, epoch_seed, slices)
        return of_images(flat), of_masks(flat_masks)


def _as_channels(patches: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Return the slices of patches as channels of one image, and what undoes it."""
    batch, slices, rows, columns, channels = patches.shape
    flat = tf.reshape(
        tf.transpose(patches, (0, 2, 3, 1, 4)), (batch, rows, columns, slices * channels)
    )

    def undo(images: Any) -> Any:
        apart = tf.reshape(images, (batch, rows, columns, slices, channels))
        return tf.transpose(apart, (0, 3, 1, 2, 4))

    return flat, undo


class AugmentRanges:
    """The ranges as variables, read inside the traced step."""

    def __init__(self) -> None:
        self.values = {
            name: tf.Variable(value, dtype=tf.float32, trainable=False)
            for name, value in asdict(Ranges()).items()
        }

    def set(self, ranges: Ranges) -> None:
        """Use these ranges."""
        for name, value in asdict(ranges).items():
            self.values[name].assign(value)


def augment(
    images: Any, masks: Any, rows: Any, epoch_seed: Any, ranges: AugmentRanges, slices: int = 1
) -> tuple[Any, Any]:
    """Return images and masks of one batch, changed alike; shapes stay.

    Args:
        images: (batch, rows, columns, channels), float32 in 0..1, background exactly 0.
        masks: (batch, rows, columns, 1) of 0 and 1.
        rows: (batch,) int32, which slice each is.
        epoch_seed: int32 scalar.
        ranges: How far each change may go.
        slices: Whose channels stand one after the other in the images; each has its own brain.
    """
    limit = ranges.values
    height, width = images.shape[1:3]
    draws = uniform(rows, epoch_seed, 1, (len(DRAWN),))
    factor = dict(zip(DRAWN, tf.unstack(draws, axis=1), strict=True))
    y, x = _affine_grid(factor, limit, height, width)
    field = _smooth(uniform(rows, epoch_seed, 2, (height, width, 2)), height)
    displaced = limit["elastic"] * (height / REFERENCE_SIDE) * field
    y, x = y + displaced[..., 0], x + displaced[..., 1]
    images, masks = bilinear(images, y, x), nearest(masks, y, x)
    noise = limit["noise"] * normal(rows, epoch_seed, 3, (height, width, slices))
    return _intensities(images, factor, limit, noise, slices), masks


def _affine_grid(
    factor: dict[str, Any], limit: dict[str, Any], height: int, width: int
) -> tuple[Any, Any]:
    """Return where in the old image each new pixel is read: rows and columns, (batch, ., .)."""
    middle = ((height - 1) / 2, (width - 1) / 2)
    down = tf.range(height, dtype=tf.float32)[None, :, None] - middle[0]
    across = tf.range(width, dtype=tf.float32)[None, None, :] - middle[1]
    drawn = {name: value[:, None, None] for name, value in factor.items()}
    angle = drawn["angle"] * limit["rotation"] * (math.pi / 180)
    size = 1 + drawn["zoom"] * limit["zoom"]
    # A draw in -1..1 falls below 2 p - 1 with probability p.
    across = tf.where(drawn["flip"] < 2 * limit["flip_columns"] - 1, -across, across)
    y = (tf.cos(angle) * down - tf.sin(angle) * across) * size
    x = (tf.sin(angle) * down + tf.cos(angle) * across) * size
    shift_y = drawn["row"] * limit["shift"] * height
    shift_x = drawn["column"] * limit["shift"] * width
    return y + middle[0] + shift_y, x + middle[1] + shift_x


def _smooth(noise: Any, height: int) -> Any:
    """Return noise (batch, rows, columns, 2) after a Gaussian, at unit standard deviation."""
    sigma = ELASTIC_SIGMA * height / REFERENCE_SIDE
    reach = math.ceil(3 * sigma)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    # Per axis, so that the sum of two-dimensional squares is that of unit variance.
    weights /= np.sqrt(np.sum(weights**2))
    kernel = np.repeat(weights[:, None, None, None], 2, axis=2).astype(np.float32)
    for shaped in (kernel, kernel.transpose(1, 0, 2, 3)):
        noise = tf.nn.depthwise_conv2d(noise, shaped, (1, 1, 1, 1), "SAME")
    return noise * math.sqrt(3)  # the variance of -1..1 is 1/3


def _intensities(
    images: Any, factor: dict[str, Any], limit: dict[str, Any], noise: Any, slices: int
) -> Any:
    """Return the images changed inside the brain; noise and brain have a channel for each slice."""
    drawn = {name: value[:, None, None, None] for name, value in factor.items()}
    if slices == 1:
        brain = tf.reduce_any(images > 0, axis=-1, keepdims=True)
    else:
        modalities = images.shape[-1] // slices
        apart = tf.reshape(images > 0, (*images.shape[:3], slices, modalities))
        brain = tf.repeat(tf.reduce_any(apart, axis=-1), modalities, axis=-1)
        noise = tf.repeat(noise, modalities, axis=-1)
    pixels = tf.maximum(tf.math.count_nonzero(brain, (1, 2), True, tf.float32), 1.0)
    mean = tf.reduce_sum(images, (1, 2), True) / pixels
    # Written as an addition: scaling about the mean by 1 would not give back the same bits.
    change = drawn["contrast"] * limit["contrast"] * (images - mean)
    change += drawn["brightness"] * limit["brightness"] + noise
    return tf.where(brain, tf.clip_by_value(images + change, 0.0, 1.0), images)
