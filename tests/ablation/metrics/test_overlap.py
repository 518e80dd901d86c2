from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablation.errors import DataError
from ablation.metrics.overlap import VoxelCounts, count_voxels, cross_entropy

BOXES = ["mask2d_shift", "mask2d_far_false_positive_pixel", "mask3d_anisotropic_5mm"]
BOXES += ["mask2d_two_pixels_3_4_5", "mask2d_identical", "mask2d_directed_vs_pooled"]
RATIOS = ["dice", "iou", "precision", "recall", "specificity"]


@pytest.mark.parametrize("name", BOXES)
def test_ratios_equal_the_reference(name: str, vector, draw) -> None:
    inputs, expected = vector(name)["inputs"], vector(name)["expected"]
    counts = count_voxels(
        draw(inputs["shape"], inputs["truth_boxes"]), draw(inputs["shape"], inputs["pred_boxes"])
    )
    for ratio in RATIOS:
        assert getattr(counts, ratio) == pytest.approx(expected[ratio], abs=1e-12)


def test_ratios_worked_by_hand() -> None:
    counts = VoxelCounts(tp=20, fp=12, fn=8, tn=60)
    assert counts.dice == 40 / 60
    assert counts.iou == 20 / 40
    assert counts.precision == 20 / 32
    assert counts.recall == 20 / 28
    assert counts.specificity == 60 / 72
    assert counts.accuracy == 80 / 100


def test_nothing_is_smoothed(vector) -> None:
    entry = vector("smoothing_trap")
    cases = zip(entry["inputs"]["cases"], entry["expected"]["correct"], strict=True)
    for counts, dice in cases:
        ours = VoxelCounts(**counts, tn=5).dice
        assert math.isnan(ours) if dice is None else ours == dice


def test_predicting_nothing_looks_perfect_in_background_scores(vector) -> None:
    inputs, expected = vector("specificity_crop")["inputs"], vector("specificity_crop")["expected"]
    truth = np.zeros(inputs["shape"], bool)
    truth.flat[: inputs["truth_voxels"]] = True
    counts = count_voxels(truth, np.zeros_like(truth))
    assert counts.specificity == expected["specificity"]
    assert counts.accuracy == expected["accuracy"]
    assert counts.recall == counts.dice == 0.0
    assert math.isnan(counts.precision)


def test_volume_dice_is_not_the_mean_of_slice_dice(vector) -> None:
    entry = vector("volume_vs_slice_dice")
    slices = [
        VoxelCounts(*numbers, tn=0)
        for numbers in zip(*(entry["inputs"][key] for key in ("tp", "fp", "fn")), strict=True)
    ]
    volume = VoxelCounts(
        *(sum(getattr(s, key) for s in slices) for key in ("tp", "fp", "fn", "tn"))
    )
    assert volume.dice == pytest.approx(entry["expected"]["volume_dice"], abs=1e-12)
    mean = np.mean([s.dice for s in slices])
    assert mean == pytest.approx(entry["expected"]["mean_slice_dice"], abs=1e-12)


whole = st.integers(0, 1000)


@given(whole, whole, whole, whole)
def test_iou_follows_from_dice_and_classes_swap(tp: int, fp: int, fn: int, tn: int) -> None:
    counts, swapped = VoxelCounts(tp, fp, fn, tn), VoxelCounts(tp, fn, fp, tn)
    assert counts.iou == pytest.approx(counts.dice / (2 - counts.dice), nan_ok=True)
    assert counts.dice == pytest.approx(swapped.dice, nan_ok=True)
    assert counts.precision == pytest.approx(swapped.recall, nan_ok=True)


def test_labels_are_not_counted_as_a_mask() -> None:
    labels = np.array([[1, 2], [0, 2]], np.uint8)  # 1 & 2 is 0: the overlap would vanish
    with pytest.raises(DataError, match="uint8"):
        count_voxels(labels, labels)


def test_cross_entropy_by_hand_and_at_its_ends() -> None:
    truth = np.array([True, True, False, False])
    probability = np.array([0.9, 0.6, 0.2, 0.5], np.float32)
    by_hand = -(math.log(0.9) + math.log(0.6) + math.log(0.8) + math.log(0.5)) / 4
    assert cross_entropy(truth, probability) == pytest.approx(by_hand, rel=1e-6)
    wrong = cross_entropy(truth, np.array([0, 0, 1, 1], np.float32))
    assert wrong == pytest.approx(-math.log(1e-7), rel=1e-6)
