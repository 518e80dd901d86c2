"""A volume as overlapping tiles, and one map of the tiles' maps: near its centre a tile counts most.

Source: Isensee et al. 2021 (nnU-Net), a Gaussian of an eighth of the tile's extent.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
SIGMA = 1 / 8
"""Standard deviation of the weights, as a share of the tile's extent."""


def starts(size: int, tile: int, overlap: float) -> list[int]:
    """Return where tiles begin along an axis, evenly spread, so that they cover all of it.

    Args:
        size: Voxels of the axis, at least the tile's.
        tile: Voxels of the tile.
        overlap: Least share of a tile that its neighbour covers too, 0 to below 1.

    >>> starts(24, 16, 0.5), starts(16, 16, 0.5), starts(20, 8, 0.0)
    ([0, 8], [0], [0, 6, 12])
    """
    step = max(1, math.floor(tile * (1 - overlap)))
    count = math.ceil((size - tile) / step) + 1
    if count == 1:
        return [0]
    return [round(number * (size - tile) / (count - 1)) for number in range(count)]


def tiles_of(extent: Sequence[int], tile: Sequence[int], overlap: float) -> list[tuple[int, ...]]:
    """Return the first voxel of each tile of a volume, which may be smaller than a tile."""
    axes = [starts(max(size, side), side, overlap) for size, side in zip(extent, tile, strict=True)]
    return list(itertools.product(*axes))


def gaussian(tile: Sequence[int]) -> Floats:
    """Return the weight of each voxel of a tile: 1 at the centre, above 0 everywhere."""
    weight = np.ones(tuple(tile))
    for axis, side in enumerate(tile):
        away = (np.arange(side) - (side - 1) / 2) / (side * SIGMA)
        shape = [-1 if number == axis else 1 for number in range(len(tile))]
        weight = weight * np.exp(-0.5 * away**2).reshape(shape)
    scaled: Floats = (weight / weight.max()).astype(np.float32)
    return scaled


def predict_tiled(
    predict: Callable[[Floats], Floats],
    volume: Floats,
    tile: Sequence[int],
    overlap: float,
) -> Floats:
    """Return the weighted mean of the tiles' maps, (slices, rows, columns, targets).

    A volume smaller than a tile is filled up with zeros, which are cut off again.

    Args:
        predict: From a tile (*tile, channels) to its map (*tile, targets).
        volume: Shape (slices, rows, columns, channels).
        tile: Slices, rows and columns that the network takes.
        overlap: As of `starts`.
    """
    extent = volume.shape[:3]
    full = [max(size, side) for size, side in zip(extent, tile, strict=True)]
    missing = [(0, more - size) for size, more in zip(extent, full, strict=True)]
    if any(after for _, after in missing):
        volume = np.pad(volume, [*missing, (0, 0)])
    weight = gaussian(tile)[..., None]
    weights = np.zeros((*full, 1), np.float32)
    total: Floats | None = None
    for corner in tiles_of(full, tile, overlap):
        place = tuple(slice(start, start + side) for start, side in zip(corner, tile, strict=True))
        found = predict(volume[place])
        if total is None:
            total = np.zeros((*full, found.shape[-1]), np.float32)
        total[place] += weight * found
        weights[place] += weight
    assert total is not None  # a volume has a tile at least
    total /= weights
    return total[tuple(slice(size) for size in extent)]
