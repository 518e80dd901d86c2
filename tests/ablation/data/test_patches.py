"""Patches: the right voxels, within the patient, drawn anew each epoch, some of them on tumour."""

from __future__ import annotations

import numpy as np

from ablation.data.patches import Drawn, Patches

PATIENTS = (slice(0, 10), slice(10, 13))
EXTENT = (4, 8, 8)


def masks(tumour: bool = True) -> np.ndarray:
    drawn = np.zeros((13, 16, 24, 2), np.uint8)
    if tumour:
        drawn[7, 3, 20, 0] = 1  # one voxel of the first target
        drawn[1, 10:12, 2, 1] = 1
    return drawn


def drawn(foreground: float, values: np.ndarray) -> Drawn:
    return Drawn(values, PATIENTS, EXTENT, foreground)


def test_a_patch_is_the_voxels_at_its_corner_and_0_beyond_the_last_slice() -> None:
    values = np.arange(13 * 16 * 24, dtype=np.float32).reshape(13, 16, 24, 1) + 1
    read = Patches(values, PATIENTS, EXTENT)
    corners = np.ravel_multi_index(([2, 10, 9], [8, 0, 3], [16, 5, 0]), (13, 16, 24))
    found = read[corners]
    assert found.shape == (3, *EXTENT, 1)
    np.testing.assert_array_equal(found[0], values[2:6, 8:16, 16:24])
    np.testing.assert_array_equal(found[1, :3], values[10:13, 0:8, 5:13])
    assert (found[1, 3] == 0).all()
    np.testing.assert_array_equal(found[2, :1], values[9:10, 3:11, 0:8])
    assert (found[2, 1:] == 0).all()  # never a slice of the next patient


def test_an_epoch_has_as_many_patches_as_cover_each_volume_once_within_their_patient() -> None:
    one = drawn(0.5, masks())
    assert len(one) == 3 * 2 * 3 + 1 * 2 * 3
    corners = np.stack(np.unravel_index(one(3), (13, 16, 24)), 1)
    assert len(corners) == len(one)
    first = corners[: 3 * 2 * 3]
    assert (first[:, 0] <= 6).all()
    assert (corners[3 * 2 * 3 :, 0] == 10).all()  # fewer slices than a patch has
    assert (corners[:, 1] <= 8).all()
    assert (corners[:, 2] <= 16).all()


def test_they_depend_on_the_seed_of_the_epoch_alone() -> None:
    one = drawn(0.5, masks())
    np.testing.assert_array_equal(one(3), drawn(0.5, masks())(3))
    assert (one(3) != one(4)).any()


def test_the_share_of_patches_on_a_target_is_as_asked_and_every_target_has_its_turn() -> None:
    values = masks()
    read = Patches(values, PATIENTS, EXTENT)

    def hits(foreground: float) -> np.ndarray:
        corners = np.concatenate([drawn(foreground, values)(seed)[:18] for seed in range(20)])
        return read[corners].any(axis=(1, 2, 3))

    always = hits(1.0)
    assert always.any(axis=1).all()
    assert 0.3 < always[:, 0].mean() < 0.8
    assert 0.3 < always[:, 1].mean() < 0.8
    assert hits(0.0).any(axis=1).mean() < 0.6


def test_a_patient_without_a_target_gives_patches_at_random() -> None:
    assert len(drawn(1.0, masks(tumour=False))(0)) == 24
