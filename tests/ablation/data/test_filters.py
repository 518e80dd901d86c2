"""Filters of images: against values by hand, and where they are applied."""

from __future__ import annotations

import numpy as np
import pytest

from ablation.config.sections import DataConfig
from ablation.data.filters import BINS, FILTERS, TILES, clahe, denoise, filtered

RNG = np.random.default_rng(0)


def scan() -> np.ndarray:
    """Return two slices of a dark and a bright half, with background around."""
    volume = np.zeros((2, 48, 40), np.float32)
    volume[:, 8:40, 8:20] = 0.3 + 0.02 * RNG.random((2, 32, 12), np.float32)
    volume[:, 8:40, 20:32] = 0.6 + 0.02 * RNG.random((2, 32, 12), np.float32)
    return volume


def test_without_a_strength_nothing_changes() -> None:
    volume = scan()
    assert filtered(volume, DataConfig()) is volume


@pytest.mark.parametrize(("name", "strength"), [("denoise", 1.0), ("clahe", 3.0)])
def test_every_filter_keeps_range_shape_and_background(name: str, strength: float) -> None:
    volume = scan()
    found = filtered(volume, DataConfig.model_validate({name: strength}))
    assert name in FILTERS
    assert (found.shape, found.dtype) == (volume.shape, np.float32)
    assert (found[volume == 0] == 0).all()
    assert found.min() >= 0
    assert found.max() <= 1
    assert (found != volume).any()


def test_a_gaussian_spreads_a_point_within_its_slice() -> None:
    volume = np.zeros((3, 9, 9), np.float32)
    volume[1, 4, 4] = 1.0
    found = denoise(volume, 1.0)
    weights = np.exp(-0.5 * np.arange(-4, 5) ** 2)
    weights /= weights.sum()
    np.testing.assert_allclose(found[1, 4], weights[4] * weights, atol=1e-4)
    assert (found[[0, 2]] == 0).all()


def test_clahe_is_the_mapping_of_each_tile_mixed_between_their_centres() -> None:
    side, limit = 3 * TILES, 2.0
    image = RNG.random((side, side), np.float32)
    found = clahe(image[None], limit)[0]
    for row, column in ((0, 0), (4, 4), (7, 13), (23, 10)):
        assert found[row, column] == pytest.approx(_by_hand(image, row, column, limit), abs=1e-6)


def _by_hand(image: np.ndarray, row: int, column: int, limit: float) -> float:
    """Return one pixel, by loops over the four tiles around it."""
    size = len(image) // TILES
    level = int(image[row, column] * BINS)
    places = [min(max((p + 0.5) / size - 0.5, 0.0), TILES - 1) for p in (row, column)]
    value = 0.0
    for i in (0, 1):
        for j in (0, 1):
            tile = [
                min(int(place) + step, TILES - 1)
                for place, step in zip(places, (i, j), strict=True)
            ]
            far = [place - int(place) for place in places]
            weight = (far[0] if i else 1 - far[0]) * (far[1] if j else 1 - far[1])
            y, x = tile[0] * size, tile[1] * size
            counts = [0.0] * BINS
            for pixel in image[y : y + size, x : x + size].ravel():
                counts[int(pixel * BINS)] += 1
            highest = max(1.0, limit * size * size / BINS)
            cut = sum(max(0.0, count - highest) for count in counts)
            value += weight * sum(min(c, highest) + cut / BINS for c in counts[: level + 1])
    return value / size**2


def test_clahe_spreads_a_narrow_range() -> None:
    volume = scan()
    found = clahe(volume, 40.0)
    dark = volume[0, 8:40, 8:20]
    assert found[0, 8:40, 8:20].std() > 3 * dark.std()
