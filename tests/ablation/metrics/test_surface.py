from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import ndimage
from scipy.spatial.distance import cdist

from ablation.metrics.surface import (
    SurfaceDistances,
    asd,
    boundary,
    hd,
    hd95,
    masd,
    nsd,
    surface_distances,
)

VECTORS = [
    *("mask2d_shift", "mask2d_anisotropic", "mask2d_two_pixels_3_4_5"),
    *("mask2d_far_false_positive_pixel", "mask3d_anisotropic_5mm"),
    *("mask2d_touching_image_border", "mask2d_identical", "mask2d_directed_vs_pooled"),
]


@pytest.mark.parametrize("name", VECTORS)
def test_distances_equal_the_reference(name: str, vector, draw) -> None:
    inputs, expected = vector(name)["inputs"], vector(name)["expected"]
    truth = draw(inputs["shape"], inputs["truth_boxes"])
    prediction = draw(inputs["shape"], inputs["pred_boxes"])
    between = surface_distances(truth, prediction, inputs["spacing_mm"])
    ours = {
        "n_pred": between.of_prediction.size,
        "n_truth": between.of_truth.size,
        "hd": hd(between),
        "hd95": hd95(between),
        "assd": asd(between),
        "masd": masd(between),
        "asd_pred_to_truth": between.of_prediction.mean(),
        "asd_truth_to_pred": between.of_truth.mean(),
        "nsd": nsd(between, inputs["nsd_tolerance_mm"]),
    }
    for key, value in ours.items():
        assert value == pytest.approx(expected[key], abs=1e-9), key


def brute_force(
    truth: np.ndarray, prediction: np.ndarray, spacing: tuple[float, ...]
) -> SurfaceDistances:
    """Every boundary voxel against every other, with SciPy's erosion and no crop; no axis of length 1."""
    long = [axis for axis, n in enumerate(truth.shape) if n > 1] or [truth.ndim - 1]
    extent = [truth.shape[axis] for axis in long]
    truth, prediction = truth.reshape(extent), prediction.reshape(extent)
    spacing = tuple(spacing[axis] for axis in long)
    cross = ndimage.generate_binary_structure(truth.ndim, 1)
    ends = [
        np.argwhere(mask & ~ndimage.binary_erosion(mask, cross, border_value=0)) * spacing
        for mask in (truth, prediction)
    ]
    table = cdist(ends[1], ends[0])
    return SurfaceDistances(np.sort(table.min(axis=1)), np.sort(table.min(axis=0)))


@st.composite
def pairs(draw):
    """Two masks with foreground, one grid, one spacing."""
    shape = draw(array_shapes(min_dims=2, max_dims=3, max_side=8))
    masks = [draw(arrays(bool, shape)) for _ in range(2)]
    for mask in masks:
        mask[tuple(draw(st.integers(0, n - 1)) for n in shape)] = True
    size = st.sampled_from([0.1, 0.5, 0.9, 1.0, 3.3])
    return masks[0], masks[1], tuple(draw(size) for _ in shape)


@given(pairs())
@settings(max_examples=150, deadline=None)
def test_every_score_equals_brute_force(pair) -> None:
    ours, theirs = surface_distances(*pair), brute_force(*pair)
    assert hd95(ours) == pytest.approx(
        max(np.quantile(d, 0.95) for d in (theirs.of_prediction, theirs.of_truth)), abs=1e-9
    )
    assert hd(ours) == pytest.approx(max(theirs.of_prediction.max(), theirs.of_truth.max()))
    joined = np.concatenate([theirs.of_prediction, theirs.of_truth])
    assert asd(ours) == pytest.approx(joined.mean(), abs=1e-9)
    assert masd(ours) == pytest.approx(
        (theirs.of_prediction.mean() + theirs.of_truth.mean()) / 2, abs=1e-9
    )
    for tolerance in (0.3, 1.0, 2.0):
        assert nsd(ours, tolerance) == pytest.approx(np.mean(joined <= tolerance + 1e-9))


@given(pairs())
@settings(max_examples=50, deadline=None)
def test_symmetry_mirror_scale_and_order(pair) -> None:
    truth, prediction, spacing = pair
    here = surface_distances(truth, prediction, spacing)
    swapped = surface_distances(prediction, truth, spacing)
    mirrored = surface_distances(truth[::-1], prediction[::-1], spacing)
    doubled = surface_distances(truth, prediction, tuple(2 * size for size in spacing))
    for metric in (hd, hd95, asd, masd):
        assert metric(here) == pytest.approx(metric(swapped))
        assert metric(here) == pytest.approx(metric(mirrored))
        assert 2 * metric(here) == pytest.approx(metric(doubled))
    assert hd95(here) <= hd(here)
    assert nsd(here, 0.5) <= nsd(here, 1.0) <= nsd(here, 2.0)


def test_a_boundary_voxel_touches_background_by_a_face_and_the_edge_is_background() -> None:
    mask = np.ones((4, 4), bool)
    mask[0, 0] = False
    expected = mask.copy()
    expected[1:3, 1:3] = False  # (1, 1) touches the hole by a corner only
    np.testing.assert_array_equal(boundary(mask), expected)
    assert boundary(np.ones((1, 3, 3), bool)).all()  # one slice: all of it is surface


def test_spacing_is_read_in_array_order() -> None:
    truth, prediction = np.zeros((2, 4, 4, 4), bool)
    truth[0, 0, 0] = prediction[1, 0, 2] = True
    assert hd(surface_distances(truth, prediction, (5.0, 1.0, 1.0))) == math.hypot(5, 2)
    assert hd(surface_distances(truth, prediction)) == math.hypot(1, 2)


def test_a_missed_lesion_has_no_distance_and_no_surface_within_tolerance() -> None:
    truth = np.zeros((6, 6), bool)
    truth[0:2, 0:2] = True
    missed = surface_distances(truth, np.zeros_like(truth))
    assert all(math.isnan(metric(missed)) for metric in (hd, hd95, asd, masd))
    assert nsd(missed) == 0.0
    nothing = surface_distances(np.zeros_like(truth), np.zeros_like(truth))
    assert all(math.isnan(metric(nothing)) for metric in (hd, hd95, asd, masd, nsd))


def test_the_tolerance_is_inclusive_whatever_the_last_digit() -> None:
    truth, prediction = np.zeros((2, 1, 8), bool)
    truth[0, 1] = prediction[0, 4] = True  # 3 * 0.1 is 0.30000000000000004
    assert nsd(surface_distances(truth, prediction, (1.0, 0.1)), 0.3) == 1.0


def test_memory_order_does_not_matter() -> None:
    truth, prediction = np.random.default_rng(0).random((2, 9, 10, 11)) > 0.7
    here = surface_distances(truth, prediction, (3.0, 1.0, 1.0))
    there = surface_distances(
        np.asfortranarray(truth), np.asfortranarray(prediction), (3.0, 1.0, 1.0)
    )
    np.testing.assert_array_equal(here.of_truth, there.of_truth)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("spacing", [None, (0.8, 1.5)])
def test_an_axis_of_length_1_does_not_exist(axis: int, spacing: tuple[float, ...] | None) -> None:
    truth, prediction = np.zeros((2, 30, 30), bool)
    truth[5:20, 5:20] = prediction[8:25, 4:18] = True
    flat = surface_distances(truth, prediction, spacing)
    thick = None if spacing is None else np.insert(spacing, axis, 5.0)
    volume = surface_distances(np.expand_dims(truth, axis), np.expand_dims(prediction, axis), thick)
    assert asd(flat) > 1
    for metric in (hd, hd95, asd, masd, nsd):
        assert metric(volume) == metric(flat)


def test_a_slice_of_a_volume_keeps_its_edge() -> None:
    truth, prediction = np.zeros((2, 3, 9, 9), bool)
    truth[1, 1:8, 1:8] = prediction[1, 1:8, 1:8] = True
    prediction[1, 4, 4] = False
    assert hd(surface_distances(truth, prediction)) == 1  # its voxels touch empty slices


def test_an_image_of_one_voxel() -> None:
    one = np.ones((1, 1, 1), bool)
    assert hd(surface_distances(one, one, (1.0, 1.0, 1.0))) == 0
