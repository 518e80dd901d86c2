"""Encoders started from a file give the features that Keras's own network gives."""

from __future__ import annotations

import warnings
from pathlib import Path

import keras
import numpy as np
import pytest

from ablation import models
from ablation.errors import UsageError
from ablation.models.encoders.efficientnet_b0 import STANDARD_DEVIATIONS
from ablation.models.hyperparameters import Hyperparameters

APPLICATIONS = {
    "vgg16_unet": ("VGG16", "block5_conv3"),
    "mobilenet_unet": ("MobileNetV2", "out_relu"),
    "efficientnet_unet": ("EfficientNetB0", "top_activation"),
}
"""Design -> its encoder in keras.applications, the last stage of it."""
SIDE = 64


def written(application: str, folder: Path) -> tuple[keras.Model, Path]:
    """Return Keras's network with random values, and the file that holds them."""
    make = getattr(keras.applications, application)
    network = make(include_top=False, weights=None, input_shape=(SIDE, SIDE, 3))
    rng = np.random.default_rng(0)
    for layer in network.layers:
        for variable in layer.weights:
            if variable.name not in ("kernel", "count"):
                variable.assign(rng.uniform(0.5, 1.0, variable.shape))
    with warnings.catch_warnings():
        # Keras 3.15 turns variables into arrays in a way that NumPy 2 will drop.
        warnings.simplefilter("ignore", DeprecationWarning)
        network.save_weights(folder / "encoder.weights.h5")
    return network, folder / "encoder.weights.h5"


def features(network: keras.Model, layer: str, images: np.ndarray) -> np.ndarray:
    return np.asarray(keras.Model(network.input, network.get_layer(layer).output)(images))


def preprocessed(application: str, images: np.ndarray) -> np.ndarray:
    """Return images of 0..255 as Keras's own function brings them into the network."""
    if application == "VGG16":
        return np.asarray(keras.applications.vgg16.preprocess_input(images.copy()))
    if application == "MobileNetV2":
        return np.asarray(keras.applications.mobilenet_v2.preprocess_input(images.copy()))
    return images


@pytest.mark.parametrize("design", APPLICATIONS)
def test_features_are_those_of_keras(design: str, tmp_path: Path) -> None:
    application, layer = APPLICATIONS[design]
    theirs, path = written(application, tmp_path)
    settings = models.settings(design, pretrained=str(path), decoder_width=0.05)
    ours = models.build(settings, (SIDE, SIDE, 1), Hyperparameters(), "float32")
    values = models.encoder_weights(settings)
    given = {f"{x.name}/{v.name}": v for x in ours.layers for v in x.weights}
    assert values.keys() <= given.keys() | {
        f"{x.name}/{v.name}" for x in theirs.layers for v in x.weights
    }
    for name in values.keys() & given.keys():
        given[name].assign(values[name])
    if application == "EfficientNetB0":  # Keras has a layer for this in its ImageNet network only
        normalisation = next(x for x in theirs.layers if isinstance(x, keras.layers.Normalization))
        normalisation.variance = normalisation.variance * np.array(STANDARD_DEVIATIONS, np.float32)
    images = np.random.default_rng(1).random((2, SIDE, SIDE, 1), np.float32)
    colour = np.repeat(images, 3, -1) * 255.0
    expected = features(theirs, layer, preprocessed(application, colour))
    found = features(ours, layer, images)
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


def test_efficientnet_has_no_random_depth_of_its_own() -> None:
    network = models.build(
        models.settings("efficientnet_unet", decoder_width=0.05),
        (SIDE, SIDE, 1),
        Hyperparameters(),
        "float32",
    )
    rates = {x.rate for x in network.layers if isinstance(x, keras.layers.Dropout)}
    assert rates == {0.0}


def test_efficientnet_refuses_a_summed_stem() -> None:
    with pytest.raises(UsageError, match=r"model\.stem=sum is not possible") as caught:
        models.build(
            models.settings("efficientnet_unet", stem="sum"),
            (SIDE, SIDE, 1),
            Hyperparameters(),
            "float32",
        )
    assert "model.stem=replicate" in caught.value.hint


def test_a_summed_stem_of_mobilenet_equals_three_equal_channels(tmp_path: Path) -> None:
    _, path = written("MobileNetV2", tmp_path)
    images = np.random.default_rng(2).random((1, SIDE, SIDE, 1), np.float32)
    outputs = []
    for stem in ("replicate", "sum"):
        settings = models.settings(
            "mobilenet_unet", pretrained=str(path), stem=stem, decoder_width=0.05
        )
        network = models.build(settings, (SIDE, SIDE, 1), Hyperparameters(), "float32")
        network.get_layer("Conv1").kernel.assign(models.encoder_weights(settings)["Conv1/kernel"])
        outputs.append(features(network, "Conv1", images))
    np.testing.assert_allclose(outputs[1], outputs[0], atol=1e-5)
