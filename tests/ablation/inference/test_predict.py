"""The predictor: resizing by hand, batches, traces."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from ablation.inference.predict import BATCH, Predictor


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    """A network that gives its input as logits."""
    images = keras.layers.Input((4, 4, 1))
    return Predictor(keras.Model(images, keras.layers.Activation("linear")(images)))


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x.astype(np.float64)))


def images(count: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, 4, 4, 1)).astype(np.float32)


def test_same_grid_is_the_sigmoid(predictor: Predictor) -> None:
    maps = predictor(images(3), (4, 4))
    assert maps.dtype == np.float32
    np.testing.assert_allclose(maps, sigmoid(images(3)), atol=1e-6)


def test_doubling_reads_at_half_pixel_centres(predictor: Predictor) -> None:
    x = images(1)
    maps = predictor(x, (8, 8))[..., 0]
    p = sigmoid(x[0, ..., 0])
    # New pixel 1 lies at (1 + .5)/2 - .5 = .25 of the old grid, pixel 0 at -.25: the border.
    assert maps[0, 0, 0] == pytest.approx(p[0, 0], abs=1e-6)
    row = 0.75 * p[0] + 0.25 * p[1]
    assert maps[0, 1, 1] == pytest.approx(0.75 * row[0] + 0.25 * row[1], abs=1e-6)


def test_a_slice_does_not_depend_on_its_batch_and_one_trace_serves_all(
    predictor: Predictor,
) -> None:
    x = images(BATCH + 5)
    together = predictor(x, (6, 5))
    assert together.shape == (BATCH + 5, 6, 5, 1)
    np.testing.assert_array_equal(
        together[BATCH + 2], predictor(x[BATCH + 2 : BATCH + 3], (6, 5))[0]
    )
    assert predictor.traces == 1
    assert predictor.seconds > 0


def test_no_slices_give_no_maps(predictor: Predictor) -> None:
    assert predictor(images(0), (6, 5)).shape == (0, 6, 5, 1)
