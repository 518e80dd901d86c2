"""Overlapping tiles: every voxel is covered, and what each tile says is averaged by its weight."""

from __future__ import annotations

import numpy as np
import pytest

from ablation.inference.tiles import gaussian, predict_tiled, starts, tiles_of

TILE = (4, 8, 8)


@pytest.mark.parametrize("size", [8, 9, 13, 24, 31])
@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5, 0.9])
def test_tiles_cover_an_axis_with_the_overlap_asked_for(size: int, overlap: float) -> None:
    found = starts(size, 8, overlap)
    assert found[0] == 0
    assert found[-1] + 8 == size
    steps = np.diff(found)
    assert (steps > 0).all()
    assert (steps <= max(1, 8 * (1 - overlap))).all()


def test_a_tile_counts_most_at_its_centre_and_a_little_everywhere() -> None:
    weight = gaussian((5, 9, 9))
    assert weight.dtype == np.float32
    assert weight[2, 4, 4] == weight.max() == 1.0
    assert weight.min() > 0
    np.testing.assert_allclose(weight, weight[::-1, ::-1, ::-1], rtol=1e-6)
    sigma = 9 / 8
    assert weight[2, 4, 0] == pytest.approx(np.exp(-0.5 * (4 / sigma) ** 2), rel=1e-5)


@pytest.mark.parametrize("shape", [(4, 8, 8), (7, 11, 16), (3, 8, 8), (2, 5, 20)])
def test_a_function_of_the_voxel_alone_is_found_again_whatever_the_tiles(
    shape: tuple[int, int, int],
) -> None:
    volume = np.random.default_rng(0).random((*shape, 2), np.float32)
    found = predict_tiled(lambda tile: tile[..., ::-1], volume, TILE, 0.5)
    np.testing.assert_allclose(found, volume[..., ::-1], rtol=1e-6)
    assert found.max() <= volume.max()  # a mean of probabilities is never above 1


def test_where_tiles_disagree_the_weighted_mean_counts() -> None:
    volume = np.zeros((4, 8, 12, 1), np.float32)
    said = iter([0.0, 1.0])
    found = predict_tiled(
        lambda tile: np.full((*TILE, 1), next(said), np.float32), volume, TILE, 0.5
    )
    assert tiles_of(volume.shape[:3], TILE, 0.5) == [(0, 0, 0), (0, 0, 4)]
    weight = gaussian(TILE)
    expected = weight[..., :4] / (weight[..., :4] + weight[..., 4:])
    np.testing.assert_allclose(found[..., 4:8, 0], expected, rtol=1e-5)
    assert (found[..., :4, 0] == 0).all()
    assert (found[..., 8:, 0] == 1).all()
