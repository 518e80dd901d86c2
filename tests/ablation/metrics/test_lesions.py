from __future__ import annotations

import numpy as np

from ablation.metrics.lesions import LesionCounts, count_lesions


def test_found_missed_and_false_lesions() -> None:
    truth, prediction = np.zeros((2, 5, 12, 12), bool)
    truth[1, 1:4, 1:4] = True  # found by one voxel
    truth[3, 8, 8] = True  # missed
    prediction[1, 3, 3] = True
    prediction[4, 0:2, 0] = True  # false
    assert count_lesions(truth, prediction) == LesionCounts(truth=2, found=1, false=1)


def test_voxels_that_share_a_corner_are_one_lesion() -> None:
    truth = np.zeros((3, 3, 3), bool)
    truth[0, 0, 0] = truth[1, 1, 1] = truth[2, 2, 2] = True
    assert count_lesions(truth, truth) == LesionCounts(truth=1, found=1, false=0)
    image = np.eye(3, dtype=bool)
    assert count_lesions(image, np.zeros_like(image)) == LesionCounts(truth=1, found=0, false=0)


def test_one_prediction_may_find_two_lesions_and_two_pieces_one() -> None:
    truth = np.array([[1, 1, 0, 0, 1, 1]], bool)
    assert count_lesions(truth, np.ones_like(truth)) == LesionCounts(2, 2, 0)
    whole = np.ones((1, 6), bool)
    assert count_lesions(whole, truth) == LesionCounts(1, 1, 0)


def test_two_empty_masks() -> None:
    empty = np.zeros((3, 3), bool)
    assert count_lesions(empty, empty) == LesionCounts(0, 0, 0)
