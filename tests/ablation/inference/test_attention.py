"""Overlays of attention coefficients: which slice, which colour, which file."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image

from ablation import models
from ablation.inference.attention import COLOUR, STRENGTH, attention_picture, attention_pictures
from ablation.models.hyperparameters import Hyperparameters
from ablation.models.layout import gates_of


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))


def test_a_pixel_is_the_more_orange_the_more_passes() -> None:
    image = np.full((4, 4), 0.5, np.float32)
    shown = pixels(attention_picture(image, np.float32([[0.0, 1.0], [0.5, 0.0]])))
    assert shown.shape == (4, 4, 3)
    np.testing.assert_array_equal(shown[0, 0], [128, 128, 128])
    full = 127.5 * (1 - STRENGTH) + STRENGTH * np.array(COLOUR)
    np.testing.assert_array_equal(shown[1, 3], np.rint(full))
    half = 127.5 * (1 - STRENGTH / 2) + STRENGTH / 2 * np.array(COLOUR)
    np.testing.assert_array_equal(shown[3, 0], np.rint(half))


def test_each_gate_is_drawn_on_the_slice_with_most_tumour() -> None:
    images = np.zeros((5, 4, 4, 1), np.float32)
    images[2] = 1.0
    masks = np.zeros((5, 4, 4, 1), np.uint8)
    masks[1, 0, 0] = masks[2, :2, :2] = 1
    rows = {"a/b": slice(0, 3), "empty": slice(3, 5)}
    slices: Any = SimpleNamespace(rows=rows, masks=masks, inputs=images)

    def coefficients(image: np.ndarray) -> dict[str, np.ndarray]:
        return {gate: np.zeros((1, 2, 2), np.float32) for gate in ("decoder1", "decoder0")}

    made = dict(attention_pictures(coefficients, slices, ["a/b", "empty"]))
    assert list(made) == ["decoder1-a=2Fb.png", "decoder0-a=2Fb.png"]
    assert (pixels(made["decoder0-a=2Fb.png"]) == 255).all()


def test_the_gates_of_a_network_are_found_by_level() -> None:
    for gate in ("same", "coarse"):
        keys = models.settings("attention_unet", base=2, depth=2, gate=gate)
        network = models.build(keys, (16, 16, 1), Hyperparameters(), "float32")
        shapes = {name: tuple(tensor.shape) for name, tensor in gates_of(network).items()}
        assert shapes == {"decoder1": (None, 8, 8, 1), "decoder0": (None, 16, 16, 1)}
    plain = models.build(
        models.settings("unet", base=2, depth=1), (16, 16, 1), Hyperparameters(), "float32"
    )
    assert gates_of(plain) == {}
