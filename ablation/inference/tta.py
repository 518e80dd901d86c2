"""Test-time augmentation: slices seen in up to eight views, their maps turned back and averaged.

All views are predicted on the network's square grid, where turning and mirroring move pixels
and change none. Probabilities are averaged, not logits.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class View:
    """One of the eight ways to lay a square on itself."""

    mirrored: bool
    """Whether left and right are exchanged, before the turn."""
    turns: int
    """Quarter turns, anticlockwise."""

    def apply(self, images: Floats) -> Floats:
        """Return images (slices, rows, columns, ...) in this view.

        Raises:
            ValueError: A quarter turn of images that are not square.
        """
        if self.turns % 2 and images.shape[1] != images.shape[2]:
            raise ValueError(f"a quarter turn of slices {images.shape[1:3]}, which are not square")
        mirrored = images[:, :, ::-1] if self.mirrored else images
        return np.rot90(mirrored, self.turns, axes=(1, 2))

    def undo(self, maps: Floats) -> Floats:
        """Return maps (slices, rows, columns, ...) of images in this view as of the images."""
        turned = np.rot90(maps, -self.turns, axes=(1, 2))
        return turned[:, :, ::-1] if self.mirrored else turned


VIEWS = {
    "id": View(mirrored=False, turns=0),
    "r90": View(mirrored=False, turns=1),
    "r180": View(mirrored=False, turns=2),
    "r270": View(mirrored=False, turns=3),
    "h": View(mirrored=True, turns=0),
    "v": View(mirrored=True, turns=2),
    "transpose": View(mirrored=True, turns=1),
    "anti_transpose": View(mirrored=True, turns=3),
}
"""h exchanges left and right, v top and bottom."""

GROUPS: dict[str, dict[str, int]] = {
    "none": {"id": 1},
    "hflip": {"id": 1, "h": 1},
    # "Original, H, V, HV and four turns by 90 degrees": HV is r180, and the turn by 360 is id.
    "seed8": {"id": 2, "r180": 2, "h": 1, "v": 1, "r90": 1, "r270": 1},
    "d4": dict.fromkeys(VIEWS, 1),
}
"""The views of each kind of augmentation, with their weights; by rising cost."""


def views_of(groups: Sequence[str]) -> tuple[str, ...]:
    """Return the views to predict for all of these groups.

    >>> views_of(["none", "hflip"])
    ('id', 'h')
    """
    return tuple(name for name in VIEWS if any(name in GROUPS[group] for group in groups))


def average(
    predict: Callable[[Floats], Floats], images: Floats, groups: Sequence[str]
) -> dict[str, Floats]:
    """Return the mean maps (slices, rows, columns, ...) of each group; no view is predicted twice.

    Args:
        predict: Probabilities (slices, rows, columns, ...) of images.
        images: (slices, rows, columns, channels), square.
        groups: Keys of GROUPS.
    """
    sums: dict[str, Floats] = {}
    for name in views_of(groups):
        view = VIEWS[name]
        seen = np.ascontiguousarray(view.undo(predict(view.apply(images))))
        for group in dict.fromkeys(groups):
            total = sums.setdefault(group, np.zeros_like(seen))
            weight = GROUPS[group].get(name, 0)
            if weight:
                total += seen if weight == 1 else seen * np.float32(weight)
    for group, total in sums.items():
        total /= np.float32(sum(GROUPS[group].values()))
    return sums


def uncovered(tta: str, augmentation: str, shown: Collection[str]) -> str:
    """Return a warning when a network is shown views that its training never showed it, else "".

    Args:
        tta: A key of GROUPS.
        augmentation: Of the training, for the message.
        shown: The views that this augmentation shows a network.

    >>> uncovered("hflip", "td", {"id", "h"})
    ''
    """
    unseen = [name for name in views_of([tta]) if name not in {"id", *shown}]
    if not unseen:
        return ""
    return (
        f"test-time augmentation {tta} shows the network views ({', '.join(unseen)}) that training "
        f"with data.augmentation={augmentation} never did"
    )
