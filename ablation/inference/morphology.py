"""What is done to a mask after the threshold: erosion, or leaving small components out.

Every slice by itself. Pixels that touch, also at a corner, are one component (8-connectivity).
Areas are given in pixels of a 256x256 slice and scaled with the slice: 500 are 125 at 128x128.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ablation.inference.thresholds import Counts

Kind = Literal["none", "erode_all", "adaptive", "min_size", "open", "close"]
Element = Literal["cross3", "square3"]
Mask = NDArray[np.bool_]

REFERENCE_AREA = 256 * 256
TOUCHING = np.array([[[0] * 3] * 3, [[1] * 3] * 3, [[0] * 3] * 3])
"""Neighbours of a pixel: the eight of its own slice."""


@dataclass(frozen=True, slots=True)
class Morphology:
    """One way to clean a mask.

    none: nothing. erode_all: every component loses its rim, thin ones vanish. adaptive: only
    components larger than `size` are eroded, and none of them away. min_size: components
    smaller than `size` are left out. open: erosion, then dilation: thin bridges and specks
    vanish. close: dilation, then erosion: narrow gaps are filled.
    """

    kind: Kind = "none"
    size: int = 0
    """Area in pixels of a 256x256 slice; 0 where the kind has none."""
    element: Element = "cross3"
    """Erosion takes pixels with a background neighbour among four (cross3) or eight (square3)."""

    def area(self, shape: tuple[int, ...]) -> float:
        """Return `size` in pixels of slices (..., rows, columns).

        >>> Morphology("adaptive", 500).area((24, 128, 128))
        125.0
        """
        return self.size * shape[-2] * shape[-1] / REFERENCE_AREA


@dataclass(frozen=True, slots=True)
class Components:
    """The components of a mask and what erosion leaves of them; number 0 is the background."""

    label: NDArray[np.int32]
    """Number of each pixel's component, in the shape of the mask."""
    eroded: Mask
    area: NDArray[np.int64]
    """Pixels of each component."""
    eroded_area: NDArray[np.int64]

    def fate(self, morphology: Morphology) -> tuple[Mask, Mask]:
        """Return which components are kept, and which of them eroded."""
        everything = np.ones(len(self.area), bool)
        limit = morphology.area(self.label.shape)
        if morphology.kind == "erode_all":
            return everything, everything
        if morphology.kind == "adaptive":
            return everything, (self.area > limit) & (self.eroded_area > 0)
        if morphology.kind == "min_size":
            return self.area >= limit, ~everything
        return everything, ~everything


def apply(morphology: Morphology, mask: Mask) -> Mask:
    """Return the cleaned mask; shape (slices, rows, columns)."""
    if morphology.kind == "none":
        return mask
    if morphology.kind in WHOLE:
        return WHOLE[morphology.kind](mask, morphology.element)
    found = components(mask, morphology.element)
    kept, eroded = found.fate(morphology)
    cleaned: Mask = mask & kept[found.label] & (found.eroded | ~eroded[found.label])
    return cleaned


def counts_after(morphologies: Sequence[Morphology], mask: Mask, truth: Mask) -> Counts:
    """Return the counts of the mask after each of these morphologies, which share an element.

    Exact without making a mask: what becomes of it is the sum of what becomes of its components.
    Both masks have shape (slices, rows, columns).
    """
    if any(one.kind in WHOLE for one in morphologies):
        masks = [apply(one, mask) for one in morphologies]
        hits = np.array([np.count_nonzero(one & truth) for one in masks])
        sizes = np.array([np.count_nonzero(one) for one in masks])
        return Counts(hits, sizes - hits, int(np.count_nonzero(truth)))
    found = components(mask, morphologies[0].element)
    true = np.bincount(found.label[mask & truth], minlength=len(found.area))
    true_eroded = np.bincount(found.label[found.eroded & truth], minlength=len(found.area))
    tp, pixels = [], []
    for morphology in morphologies:
        kept, eroded = found.fate(morphology)
        tp.append(np.where(eroded, true_eroded, true)[kept].sum())
        pixels.append(np.where(eroded, found.eroded_area, found.area)[kept].sum())
    return Counts(np.array(tp), np.array(pixels) - np.array(tp), int(np.count_nonzero(truth)))


def components(mask: Mask, element: Element = "cross3") -> Components:
    """Find the components of a mask (slices, rows, columns), slice by slice."""
    label = np.empty(mask.shape, np.int32)
    total = ndimage.label(mask, structure=TOUCHING, output=label)
    eroded = erode(mask, element)
    return Components(
        label=label,
        eroded=eroded,
        area=np.bincount(label[mask], minlength=total + 1),
        eroded_area=np.bincount(label[eroded], minlength=total + 1),
    )


def erode(mask: Mask, element: Element = "cross3") -> Mask:
    """Return the pixels whose neighbours are all in the mask; the image's border takes nothing.

    Components do not lie in each other's neighbourhood, so this is erosion one by one.
    """
    rows = _both_sides(mask, mask, 1)
    return _both_sides(rows, rows if element == "square3" else mask, 2)


def dilate(mask: Mask, element: Element = "cross3") -> Mask:
    """Return the pixels that have a neighbour in the mask, or lie in it."""
    return ~erode(~mask, element)


def _opened(mask: Mask, element: Element) -> Mask:
    return dilate(erode(mask, element), element)


def _closed(mask: Mask, element: Element) -> Mask:
    return erode(dilate(mask, element), element)


WHOLE: dict[Kind, Callable[[Mask, Element], Mask]] = {"open": _opened, "close": _closed}
"""Kinds that change a mask as a whole: its components may part or meet."""


def _both_sides(mask: Mask, neighbours: Mask, axis: int) -> Mask:
    """Return the pixels of the mask with both neighbours along an axis."""
    left = mask.copy()
    ahead, behind = np.moveaxis(left, axis, 0), np.moveaxis(neighbours, axis, 0)
    ahead[1:] &= behind[:-1]
    ahead[:-1] &= behind[1:]
    return left
