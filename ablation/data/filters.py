"""Filters of images before they are resized, off by default; a new one is a function and a line.

Each works slice by slice on intensities of 0..1 and leaves the background at 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ablation.config.sections import DataConfig
from ablation.plugins import Registry

Floats = NDArray[np.float32]
TILES = 8
"""Of a slice along each axis."""
BINS = 256


@dataclass(frozen=True, slots=True)
class Filter:
    """One way to change the images of a patient before a network sees them."""

    name: str
    """The key of [data] that holds its strength; none there: it is not applied."""
    summary: str
    apply: Callable[[Floats, float], Floats]
    """(volume (slices, rows, columns) of 0..1, strength) -> the same shape and range."""


def denoise(volume: Floats, sigma: float) -> Floats:
    """Return each slice after a Gaussian of `sigma` pixels; edges are mirrored."""
    return np.asarray(ndimage.gaussian_filter(volume, (0, sigma, sigma)), np.float32)


def clahe(volume: Floats, limit: float) -> Floats:
    """Return each slice with its contrast spread, tile by tile.

    A bin of a tile's histogram counts at most `limit` times the mean count; what is cut is spread
    over all bins. Between the tiles' centres their mappings are mixed bilinearly.

    Source: Zuiderveld 1994, contrast limited adaptive histogram equalisation.
    """
    return np.stack([_equalised(one, limit) for one in volume]).astype(np.float32)


FILTERS: Registry[Filter] = Registry(
    "filter",
    (
        Filter("denoise", "a Gaussian", denoise),
        Filter("clahe", "contrast limited adaptive histogram equalisation", clahe),
    ),
)
"""In the order in which they are applied."""


def filtered(volume: Floats, data: DataConfig) -> Floats:
    """Return a volume of 0..1 after the filters that [data] names; without one, as it is."""
    changed = volume
    for name, one in FILTERS.items():
        if (strength := getattr(data, name)) is not None:
            changed = one.apply(changed, strength)
    return changed if changed is volume else np.where(volume > 0, changed, volume)


def _equalised(image: Floats, limit: float) -> Floats:
    rows, columns = image.shape
    tall, wide = -(-rows // TILES), -(-columns // TILES)
    padded = np.pad(image, ((0, TILES * tall - rows), (0, TILES * wide - columns)), "symmetric")
    level = np.minimum((padded * BINS).astype(np.intp), BINS - 1)
    tiles = level.reshape(TILES, tall, TILES, wide).swapaxes(1, 2).reshape(TILES, TILES, -1)
    mapping = _mappings(tiles, limit)
    low_row, high_row, down = _between(np.arange(rows), tall)
    low_column, high_column, across = _between(np.arange(columns), wide)
    seen = level[:rows, :columns]

    def mapped(row: NDArray[np.intp], column: NDArray[np.intp]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = mapping[row[:, None], column[None, :], seen]
        return found

    upper = mapped(low_row, low_column) * (1 - across) + mapped(low_row, high_column) * across
    lower = mapped(high_row, low_column) * (1 - across) + mapped(high_row, high_column) * across
    mixed = upper * (1 - down[:, None]) + lower * down[:, None]
    return np.asarray(mixed, np.float32)


def _mappings(tiles: NDArray[np.intp], limit: float) -> NDArray[np.float64]:
    """Return what each level becomes in each tile, shape (tiles, tiles, bins), rising from 0 to 1."""
    pixels = tiles.shape[-1]
    numbered = tiles + BINS * np.arange(TILES * TILES).reshape(TILES, TILES, 1)
    counts = np.bincount(numbered.ravel(), minlength=TILES * TILES * BINS).astype(float)
    counts = counts.reshape(TILES, TILES, BINS)
    highest = max(1.0, limit * pixels / BINS)
    cut = np.clip(counts - highest, 0, None).sum(-1, keepdims=True)
    counts = np.minimum(counts, highest) + cut / BINS
    return np.asarray(np.cumsum(counts, axis=-1) / pixels)


def _between(
    pixel: NDArray[np.intp], size: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Return the tiles before and after each pixel, and how far it is from the one to the other."""
    place = np.clip((pixel + 0.5) / size - 0.5, 0, TILES - 1)
    low = np.floor(place).astype(np.intp)
    return low, np.minimum(low + 1, TILES - 1), place - low
