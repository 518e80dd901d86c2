"""Maps of the truth that losses ask for by name, computed once for each batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

from ablation.losses.loss import Need
from ablation.plugins.lazy import tf


def edge_map(truth: Any) -> Any:
    """Return 1 within a pixel of where the mask changes, else 0; shape and dtype of the mask.

    Dilation minus erosion by 3x3, of volumes by 3x3x3. The rim of the image is no border: beyond it nothing changes.
    """
    largest = tf.nn.max_pool2d if len(truth.shape) == 4 else tf.nn.max_pool3d
    dilated = largest(truth, 3, 1, "SAME")
    eroded = -largest(-truth, 3, 1, "SAME")
    return dilated - eroded


def distance_map(truth: Any) -> Any:
    """Return the signed distance of each pixel to the mask's border, in pixels.

    Outside the mask it is the distance to the nearest pixel of the mask; inside, minus the distance
    to the nearest pixel outside, plus 1. A mask that is empty or full has no border: 0 everywhere.

    Source: Kervadec et al. 2019.
    """
    # The distances have no gradient, so SciPy's exact transform may compute them.
    found = tf.numpy_function(_signed_distances, [truth], tf.float32, stateful=False)
    return tf.ensure_shape(found, truth.shape)


def _signed_distances(truth: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    distances = np.zeros_like(truth)
    for image in range(truth.shape[0]):
        for target in range(truth.shape[-1]):
            inside = truth[image, ..., target] > 0.5
            if inside.any() and not inside.all():
                distances[image, ..., target] = distance_transform_edt(~inside) - np.where(
                    inside, distance_transform_edt(inside) - 1.0, 0.0
                )
    return distances


MAPS: Mapping[Need, Callable[[Any], Any]] = {"edge_map": edge_map, "distance_map": distance_map}


def maps_of(truth: Any, needs: Iterable[Need]) -> dict[str, Any]:
    """Return the maps of a batch of masks (batch, rows, columns, targets), float32, by name."""
    as_float = tf.cast(truth, tf.float32)
    return {name: MAPS[name](as_float) for name in needs}
