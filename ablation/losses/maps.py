"""Maps of the truth that losses ask for by name, computed once for each batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ablation.losses.loss import Need
from ablation.plugins.lazy import tf


def edge_map(truth: Any) -> Any:
    """Return 1 within a pixel of where the mask changes, else 0; shape and dtype of the mask.

    Dilation minus erosion by 3x3. The rim of the image is no border: beyond it nothing changes.
    """
    dilated = tf.nn.max_pool2d(truth, 3, 1, "SAME")
    eroded = -tf.nn.max_pool2d(-truth, 3, 1, "SAME")
    return dilated - eroded


MAPS: Mapping[Need, Callable[[Any], Any]] = {"edge_map": edge_map}


def maps_of(truth: Any, needs: Iterable[Need]) -> dict[str, Any]:
    """Return the maps of a batch of masks (batch, rows, columns, targets), float32, by name."""
    as_float = tf.cast(truth, tf.float32)
    return {name: MAPS[name](as_float) for name in needs}
