"""What weights that were trained with Caffe expect: intensities of 0..255 less ImageNet's means."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# Means of ImageNet, of 0..255: blue, green, red.
CAFFE_MEANS = (103.939, 116.779, 123.68)
GREY_MEAN = sum(CAFFE_MEANS) / 3
CAFFE = "x * 255 less ImageNet's means, blue-green-red (Caffe)"


def summed_with_means(
    values: dict[str, npt.NDArray[np.float32]], first: str
) -> dict[str, npt.NDArray[np.float32]]:
    """Return the first convolution for one grey channel, equal to that of three equal ones.

    Three channels have a mean each, one has the grey mean: the difference goes into the bias.
    Only at the rim, where the means' zero padding differs, the two stems are not the same.
    """
    kernel, bias = values[f"{first}/kernel"].astype(float), values[f"{first}/bias"].astype(float)
    shift = GREY_MEAN - np.array(CAFFE_MEANS)
    moved = bias + np.einsum("rcif,i->f", kernel, shift)
    return {
        f"{first}/kernel": kernel.sum(2, keepdims=True).astype(np.float32),
        f"{first}/bias": moved.astype(np.float32),
    }
