"""Scaling and resizing against values worked by hand, and their properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablation.data.preprocess import (
    brain_mask,
    normalise,
    resize_images,
    resize_mask,
    resize_weights,
    volume_z_clip01,
)
from ablation.errors import DataError


def test_z_score_over_the_brain_by_hand() -> None:
    volume = np.zeros((1, 4, 4))
    volume[0, 1:3, 1:3] = [[100, 200], [300, 400]]
    # Brain: mean 250, standard deviation sqrt(12500) = 111.803; (z + 3) / 6.
    expected = ((np.array([[100, 200], [300, 400]]) - 250) / 111.80339887 + 3) / 6
    scaled = volume_z_clip01(volume)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled[0, 1:3, 1:3], expected, rtol=1e-6)
    assert scaled.sum() == pytest.approx(expected.sum(), rel=1e-6)


def test_a_known_brain_is_used_whatever_the_background() -> None:
    volume = np.full((1, 4, 4), -3.5)
    volume[0, 1:3, 1:3] = [[-4, -1], [0, 5]]
    brain = np.zeros((1, 4, 4), bool)
    brain[0, 1:3, 1:3] = True
    # Brain: mean 0, standard deviation sqrt(42 / 4); (z + 3) / 6.
    expected = (np.array([[-4, -1], [0, 5]]) / np.sqrt(10.5) + 3) / 6
    scaled = normalise(volume, "volume_z_clip01", brain)
    np.testing.assert_allclose(scaled[brain], expected.ravel(), rtol=1e-6)
    assert not scaled[~brain].any()


def test_with_negative_values_air_is_what_is_near_the_lowest() -> None:
    volume = np.full((1, 9, 9), -3.5)
    volume[0, 2:7, 2:7] = 1.0
    volume[0, 4, 4:] = -1.0  # below 0, and open to the outside, but far from the lowest
    assert brain_mask(volume).sum() == 25 + 2


def test_values_far_out_are_clipped() -> None:
    volume = np.full((1, 20, 20), 100.0)
    volume[0, 10, 10] = 10_000.0
    volume[0, 0, 0] = 95.0
    scaled = volume_z_clip01(volume)
    assert scaled[0, 10, 10] == 1.0
    assert 0 <= scaled.min() < scaled.max() <= 1


@pytest.mark.parametrize("value", [0, 7])
def test_a_constant_volume_is_safe(value: int) -> None:
    scaled = volume_z_clip01(np.full((2, 8, 8), value, np.uint8))
    assert np.all(scaled == (0.5 if value else 0.0))


def test_the_scale_is_the_volume_s_not_the_slice_s() -> None:
    rng = np.random.default_rng(0)
    volume = rng.integers(50, 250, (3, 16, 16))
    volume[0, 3, 3] = volume[2, 9, 9] = 133
    scaled = volume_z_clip01(volume)
    assert scaled[0, 3, 3] == scaled[2, 9, 9]


def test_air_is_dark_and_outside_while_dark_inside_is_brain() -> None:
    volume = np.full((1, 9, 9), 2)
    volume[0, 2:7, 2:7] = 200
    volume[0, 4, 4] = 1
    inside = brain_mask(volume)
    assert inside[0, 2:7, 2:7].all()
    assert inside.sum() == 25
    volume[0, 4, 4:] = 1  # now open to the outside
    assert brain_mask(volume).sum() == 22


def test_div255_is_for_eight_bits() -> None:
    assert normalise(np.array([[[0, 51, 255]]], np.uint8), "div255").tolist() == [
        [[0.0, pytest.approx(0.2), 1.0]]
    ]
    with pytest.raises(DataError, match="the images hold"):
        normalise(np.array([[[0, 256]]], np.int16), "div255")


def test_shrinking_averages_the_covered_area() -> None:
    volume = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    assert resize_images(volume, 2).tolist() == [[[2.5, 4.5], [10.5, 12.5]]]
    np.testing.assert_allclose(
        resize_weights(3, 2), [[2 / 3, 1 / 3, 0], [0, 1 / 3, 2 / 3]], rtol=1e-6
    )


def test_growing_is_bilinear_between_pixel_centres() -> None:
    assert resize_weights(2, 4).tolist() == [[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]]
    volume = np.array([[[0, 4], [8, 12]]], np.float32)
    assert resize_images(volume, 4)[0, :, 0].tolist() == [0, 2, 6, 8]


def test_each_axis_has_its_own_factor() -> None:
    volume = np.arange(8, dtype=np.float32).reshape(1, 4, 2)
    assert resize_images(volume, 2).tolist() == [[[1, 2], [5, 6]]]


def test_a_mask_takes_the_value_at_the_pixel_s_centre() -> None:
    mask = np.zeros((1, 6, 6), bool)
    mask[0, 1, 4] = True  # centre of the second third
    assert np.argwhere(resize_mask(mask, 2)).tolist() == [[0, 0, 1]]
    assert np.array_equal(resize_mask(mask, 6), mask)
    assert resize_mask(mask, 12).sum() == 4


@given(old=st.integers(1, 40), new=st.integers(1, 40))
def test_weights_sum_to_one_and_keep_a_constant(old: int, new: int) -> None:
    weights = resize_weights(old, new)
    assert weights.shape == (new, old)
    assert weights.min() >= 0
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(weights, weights[::-1, ::-1], atol=1e-5)


@given(old=st.integers(2, 40), new=st.integers(1, 40))
def test_shrinking_keeps_the_mean(old: int, new: int) -> None:
    if new > old:
        return
    volume = np.random.default_rng(old).random((2, old, old)).astype(np.float32)
    assert resize_images(volume, new).mean() == pytest.approx(volume.mean(), abs=1e-5)
