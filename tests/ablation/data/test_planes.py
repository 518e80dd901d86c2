"""Slices of other planes and slices with their neighbours: the right voxels, and the way back."""

from __future__ import annotations

import numpy as np
import pytest

from ablation.config import Config
from ablation.config.sections import DataConfig
from ablation.data import Dataset, prepare
from ablation.data.planes import AXES, in_plane, stack, to_axial, to_plane
from ablation.data.preprocess import resize_mask
from ablation.experiments.scoring import validate

VOLUME = np.arange(2 * 3 * 4).reshape(2, 3, 4)


@pytest.mark.parametrize("plane", AXES)
def test_a_plane_is_the_same_voxels_and_the_way_back_undoes_it(plane: str) -> None:
    turned = to_plane(VOLUME, plane)
    assert turned.shape == in_plane(VOLUME.shape, plane)
    np.testing.assert_array_equal(to_axial(turned, plane), VOLUME)
    targets = np.stack([VOLUME, -VOLUME], axis=-1)
    np.testing.assert_array_equal(to_axial(to_plane(targets, plane), plane), targets)


def test_each_plane_slices_its_own_axis() -> None:
    np.testing.assert_array_equal(to_plane(VOLUME, "axial")[1], VOLUME[1])
    np.testing.assert_array_equal(to_plane(VOLUME, "coronal")[1], VOLUME[:, 1])
    np.testing.assert_array_equal(to_plane(VOLUME, "sagittal")[1], VOLUME[:, :, 1])


def test_neighbours_are_channels_and_stay_within_the_patient() -> None:
    images = np.arange(5 * 2, dtype=np.float32).reshape(5, 1, 1, 2)  # two modalities
    seen = stack(images, [slice(0, 3), slice(3, 5)], 1)
    assert len(seen) == 5
    found = seen[np.array([0, 1, 3, 4])][:, 0, 0].tolist()
    assert found == [
        [0, 1, 0, 1, 2, 3],  # the first slice stands in for the one below it
        [0, 1, 2, 3, 4, 5],
        [6, 7, 6, 7, 8, 9],  # never a slice of the patient before
        [6, 7, 8, 9, 8, 9],
    ]
    np.testing.assert_array_equal(seen[slice(3, 5)], seen[np.array([3, 4])])


def test_without_neighbours_the_images_are_read_as_they_are() -> None:
    images = np.zeros((2, 4, 4, 1), np.float32)
    assert stack(images, [slice(0, 2)], 0) is images


@pytest.mark.parametrize("plane", ["coronal", "sagittal"])
def test_a_perfect_network_in_another_plane_is_perfect_on_the_scan(
    phantom: Dataset, phantom_data: DataConfig, phantom_cache, plane: str
) -> None:
    data = phantom_data.model_copy(update={"plane": plane, "image_size": 128, "neighbours": 1})
    slices = prepare(phantom, data, phantom_cache)
    name = "phantom_003"
    truth = slices.native_truth(name)
    number, rows, columns = in_plane(truth.shape, plane)
    assert slices.rows[name].stop - slices.rows[name].start == number
    np.testing.assert_array_equal(
        slices.masks[slices.rows[name], ..., 0], resize_mask(to_plane(truth, plane), 128)
    )
    assert slices.inputs[slices.rows[name]].shape == (number, 128, 128, 3)
    assert slices.extent(name) == (rows, columns)

    def draws_it(images: np.ndarray, native: tuple[int, int]) -> np.ndarray:
        assert images.shape[:3] == (number, 128, 128)
        assert native == (rows, columns)
        return to_plane(truth, plane).astype(np.float32)[..., None]

    dice, _ = validate(draws_it, slices, [name], Config())
    assert dice == 1.0
