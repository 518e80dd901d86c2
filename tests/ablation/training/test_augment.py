"""Augmentation: exact identity, image and mask together, one slice's fate its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from ablation.training.augment import AugmentRanges, augment, bilinear, nearest
from ablation.training.augmentations import AUGMENTATIONS
from ablation.training.augmentations.augmentation import ELASTIC_PIXELS, Ranges

PRESETS = {name: one.ranges for name, one in AUGMENTATIONS.items() if one.ranges is not None}

ROWS = np.arange(6, dtype=np.int32)


def slices(channels: int = 1, side: int = 32) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    grid = np.mgrid[:side, :side] - (side - 1) / 2
    brain = (grid**2).sum(0) < (0.4 * side) ** 2
    images = rng.random((6, side, side, channels)) * 0.8 + 0.1
    images = (images * brain[None, ..., None]).astype(np.float32)
    masks = np.zeros((6, side, side, 1), np.float32)
    masks[:, side // 3 : side // 2, side // 3 : side // 2] = 1
    return images, masks


def changed(ranges: Ranges, images, masks, rows=ROWS, seed: int = 3):
    variables = AugmentRanges()
    variables.set(ranges)
    x, y = augment(tf.constant(images), tf.constant(masks), tf.constant(rows), seed, variables)
    return x.numpy(), y.numpy()


@pytest.mark.parametrize("channels", [1, 3])
def test_ranges_of_zero_are_the_identity_bit_for_bit(channels: int) -> None:
    images, masks = slices(channels)
    x, y = changed(Ranges(), images, masks)
    np.testing.assert_array_equal(x, images)
    np.testing.assert_array_equal(y, masks)


def test_a_certain_flip_mirrors_columns_exactly() -> None:
    images, masks = slices()
    x, y = changed(Ranges(flip_columns=1.0), images, masks)
    np.testing.assert_array_equal(x, images[:, :, ::-1])
    np.testing.assert_array_equal(y, masks[:, :, ::-1])


def test_a_flip_of_one_half_mirrors_about_half_of_the_slices() -> None:
    images, masks = (np.repeat(part[:1], 200, 0) for part in slices(side=16))
    x, _ = changed(Ranges(flip_columns=0.5), images, masks, np.arange(200, dtype=np.int32))
    mirrored = (x == images[:, :, ::-1]).all((1, 2, 3))
    np.testing.assert_array_equal(x[~mirrored], images[~mirrored])
    assert 70 < mirrored.sum() < 130


@pytest.mark.parametrize("preset", PRESETS)
def test_mask_moves_with_its_image(preset: str) -> None:
    _, masks = slices(side=64)
    # The mask as an image, intensities left alone: its bilinear value must agree with the mask.
    ranges = replace(PRESETS[preset], brightness=0, contrast=0, noise=0)
    x, y = changed(ranges, masks, masks)
    assert (y != masks).any()
    assert set(np.unique(y)) <= {0.0, 1.0}
    np.testing.assert_array_equal(y[x > 0.999], 1.0)
    np.testing.assert_array_equal(y[x < 0.001], 0.0)


def test_a_slice_is_augmented_alike_in_any_batch() -> None:
    images, masks = slices()
    x, y = changed(PRESETS["td"], images, masks)
    order = np.array([4, 1, 5, 0, 2, 3])
    x2, y2 = changed(PRESETS["td"], images[order], masks[order], ROWS[order])
    np.testing.assert_array_equal(x2, x[order])
    np.testing.assert_array_equal(y2, y[order])


def test_another_epoch_and_another_slice_differ() -> None:
    image, mask = (np.repeat(part[:1], 6, 0) for part in slices())
    x, _ = changed(PRESETS["td"], image, mask)
    assert len({one.tobytes() for one in x}) == 6
    other, _ = changed(PRESETS["td"], image, mask, seed=4)
    assert (other != x).any()


def test_background_stays_zero_and_values_stay_within_bounds() -> None:
    images, masks = slices()
    x, y = changed(Ranges(brightness=0.5, contrast=0.5, noise=0.2), images, masks)
    np.testing.assert_array_equal(x[images == 0], 0.0)
    assert x.min() >= 0
    assert x.max() <= 1
    assert (x != images).any()
    np.testing.assert_array_equal(y, masks)


def test_rotation_reaches_its_range_and_not_further() -> None:
    side, count = 65, 100
    images = np.zeros((count, side, side, 1), np.float32)
    images[:, 32, 52:60] = 1.0  # a bar to the right of the centre
    rows = np.arange(count, dtype=np.int32)
    x, _ = changed(Ranges(rotation=30), images, images, rows)
    weight = x[..., 0] / x.sum((1, 2, 3))[:, None, None]
    at = np.arange(side) - 32
    angles = np.degrees(np.arctan2((weight.sum(2) * at).sum(1), (weight.sum(1) * at).sum(1)))
    assert np.abs(angles).max() < 30.5
    assert angles.max() > 25
    assert angles.min() < -25


def test_shift_is_a_share_of_the_side() -> None:
    count = 200
    images = np.zeros((count, 40, 40, 1), np.float32)
    images[:, 20, 20] = 1.0
    rows = np.arange(count, dtype=np.int32)
    x, _ = changed(Ranges(shift=0.1), images, images, rows)
    moved = (x[..., 0].sum(2) * np.arange(40)).sum(1) - 20
    assert np.abs(moved).max() <= 4.0 + 1e-4
    assert moved.std() == pytest.approx(4 / np.sqrt(3), rel=0.15)


def test_elastic_displacement_has_the_documented_size() -> None:
    assert pytest.approx(1.63, abs=0.01) == ELASTIC_PIXELS
    side, count = 64, 6
    ramp = np.broadcast_to(np.arange(side, dtype=np.float32)[:, None], (side, side))
    images = np.broadcast_to(ramp[None, ..., None] / side, (count, side, side, 1)).copy()
    x, _ = changed(Ranges(elastic=4.0), images, images)
    inner = (x - images)[:, 8:-8, 8:-8, 0] * side
    # 4 pixels at 256 are 1 pixel at 64.
    assert inner.std() == pytest.approx(1.0, rel=0.1)


def test_reading_between_pixels_by_hand() -> None:
    image = np.array([[1.0, 2.0], [3.0, 5.0]], np.float32).reshape(1, 2, 2, 1)
    y = np.array([[[0.5, 0.0, 1.0, -0.5, 7.0]]], np.float32)
    x = np.array([[[0.5, 0.25, 1.0, 0.0, 0.0]]], np.float32)
    np.testing.assert_allclose(bilinear(image, y, x).numpy().ravel(), [2.75, 1.25, 5, 0.5, 0])
    near = nearest(image, np.float32([[[0.4, 0.6, -0.6]]]), np.float32([[[0.6, 0.4, 0.0]]]))
    np.testing.assert_array_equal(near.numpy().ravel(), [2, 3, 0])
