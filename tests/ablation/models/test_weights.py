"""Encoder weights: the right file is read and left alone, a wrong one is refused before all else."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from ablation import models
from ablation.errors import DataError
from ablation.models import weights
from ablation.models.encoders import ENCODERS
from ablation.models.encoders.resnet50 import resnet50_shapes
from ablation.models.hyperparameters import Hyperparameters
from ablation.models.weights import check, fingerprint, label

ENCODER = ENCODERS["ResNet50"]


def random_resnet50() -> keras.Model:
    network = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(32, 32, 3))
    rng = np.random.default_rng(0)
    for variable in network.variables:
        if variable.name not in ("kernel", "moving_variance"):
            variable.assign(rng.normal(scale=0.1, size=variable.shape))
    return network


def values_of(network: keras.Model) -> dict[str, np.ndarray]:
    return {
        f"{layer.name}/{variable.name}": variable.numpy()
        for layer in network.layers
        for variable in layer.weights
    }


def write_native(network: keras.Model, path: Path) -> None:
    with warnings.catch_warnings():
        # Keras 3.15 turns variables into arrays in a way that NumPy 2 will drop.
        warnings.simplefilter("ignore", DeprecationWarning)
        network.save_weights(path)


def write_legacy(network: keras.Model, path: Path) -> None:
    """Write the layout of Keras's published files: one group per layer, in order."""
    with h5py.File(path, "w") as file:
        layers = [layer for layer in network.layers if layer.weights]
        file.attrs["layer_names"] = [layer.name.encode() for layer in layers]
        for layer in layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}/{v.name}:0" for v in layer.weights]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, variable in zip(names, layer.weights, strict=True):
                group[name] = variable.numpy()


@pytest.fixture(scope="module")
def encoder() -> keras.Model:
    return random_resnet50()


@pytest.fixture(scope="module")
def folder(encoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    write_native(encoder, folder / "native.weights.h5")
    write_legacy(encoder, folder / "legacy.h5")
    return folder


@pytest.fixture
def keras_home(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A Keras folder that holds the file as if it were ImageNet's."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    path = tmp_path / "models" / ENCODER.file
    os.link(folder / "legacy.h5", path)
    own = replace(ENCODER, md5=hashlib.md5(path.read_bytes()).hexdigest())
    with ENCODERS.having(own):
        yield path


def model(**keys: object) -> models.ModelKeys:
    return models.settings("resnet_fcn", **{"decoder_width": 0.25, **keys})


def build(settings: models.ModelKeys, channels: int = 1, side: int = 32) -> keras.Model:
    return models.build(settings, (side, side, channels), Hyperparameters(), "float32")


def test_shapes_are_those_of_keras(encoder) -> None:
    assert Counter(resnet50_shapes()) == Counter(tuple(v.shape) for v in encoder.variables)


@pytest.mark.parametrize("name", ["native.weights.h5", "legacy.h5"])
def test_every_value_of_a_file_is_read_and_the_file_left_alone(encoder, folder, name) -> None:
    path = folder / name
    before = path.stat()
    settings = model(pretrained=str(path))
    check(settings)
    found, expected = models.encoder_weights(settings), values_of(encoder)
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        np.testing.assert_array_equal(found[key], value, err_msg=key)
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert {p.name for p in folder.iterdir()} >= {"native.weights.h5", "legacy.h5"}


def test_imagenet_is_found_where_keras_keeps_it(keras_home: Path) -> None:
    settings = model(pretrained="imagenet")
    assert weights.path_of(settings) == keras_home
    check(settings)
    digest = hashlib.sha256(keras_home.read_bytes()).hexdigest()
    assert fingerprint(settings) == f"sha256:{digest}"
    assert label(settings) == "imagenet"


def test_without_keras_home_the_folder_is_below_the_users(monkeypatch) -> None:
    monkeypatch.delenv("KERAS_HOME", raising=False)
    assert weights.imagenet_path("ResNet50") == Path.home() / ".keras/models" / ENCODER.file
    monkeypatch.setenv("HOME", "/nowhere")
    assert weights.imagenet_path("ResNet50") == Path("/tmp/.keras/models") / ENCODER.file


def test_imagenet_with_another_hash_is_refused_and_neither_fetched_nor_deleted(
    keras_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a download")

    monkeypatch.setattr(keras.utils, "get_file", forbidden)
    before = keras_home.read_bytes()
    with (
        ENCODERS.having(ENCODER),
        pytest.raises(DataError, match="another file: its md5 is") as caught,
    ):
        check(model(pretrained="imagenet"))
    assert str(keras_home) in caught.value.message
    assert ENCODER.md5 in caught.value.hint
    assert "--set model.pretrained=none" in caught.value.hint
    assert keras_home.read_bytes() == before
    assert [path.name for path in keras_home.parent.iterdir()] == [ENCODER.file]


def test_a_changed_file_is_hashed_again(tmp_path: Path) -> None:
    path = tmp_path / "w.h5"
    path.write_bytes(b"one")
    first = weights.digests(path)
    path.write_bytes(b"three")
    assert weights.digests(path) != first
    assert weights.digests(path)[0] == hashlib.md5(b"three").hexdigest()


def test_a_missing_file_is_named_with_what_to_do(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(DataError, match="is not there") as caught:
        check(model(pretrained="imagenet"))
    assert ENCODER.file in caught.value.message
    assert ENCODER.md5 in caught.value.hint
    assert ENCODER.url in caught.value.hint
    assert not list(tmp_path.iterdir())
    with pytest.raises(DataError, match=r"nothing\.h5 is not there") as caught:
        check(model(pretrained=str(tmp_path / "nothing.h5")))
    assert "imagenet, an .h5 file" in caught.value.hint


def test_designs_without_an_encoder_ask_for_no_file() -> None:
    settings = models.settings("unet")
    check(settings)
    assert (fingerprint(settings), label(settings)) == ("none", "none")
    assert models.encoder_weights(settings) == {}


def test_files_that_are_no_weights_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "text.h5").write_text("version https://git-lfs.github.com/spec/v1\n")
    whole = (folder / "legacy.h5").read_bytes()
    (tmp_path / "cut.h5").write_bytes(whole[: len(whole) // 2])
    for name in ("text.h5", "cut.h5"):
        with pytest.raises(DataError, match=f"{name} cannot be read as an HDF5 file"):
            check(model(pretrained=str(tmp_path / name)))


def test_another_architecture_is_refused(tmp_path: Path) -> None:
    other = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)])
    write_native(other, tmp_path / "other.weights.h5")
    with pytest.raises(DataError, match=r"holds 2 arrays, one of shape .* the encoder has 318"):
        check(model(pretrained=str(tmp_path / "other.weights.h5")))


def test_an_encoder_with_another_stem_is_refused(encoder, tmp_path: Path) -> None:
    write_legacy(encoder, tmp_path / "grey.h5")
    with h5py.File(tmp_path / "grey.h5", "r+") as file:
        kernel = file["conv1_conv/conv1_conv/kernel:0"][...]
        del file["conv1_conv/conv1_conv/kernel:0"]
        file["conv1_conv/conv1_conv/kernel:0"] = kernel[:, :, :1]
    with pytest.raises(DataError, match=r"318 arrays, one of shape \(7, 7, 1, 64\) too many"):
        check(model(pretrained=str(tmp_path / "grey.h5")))


def test_a_name_that_hides_the_format_is_refused(folder: Path, tmp_path: Path) -> None:
    for name, wrong in (("native.weights.h5", "native.h5"), ("legacy.h5", "legacy.weights.h5")):
        os.link(folder / name, tmp_path / wrong)
        with pytest.raises(DataError, match="reads from names ending in"):
            check(model(pretrained=str(tmp_path / wrong)))


def test_a_label_shows_no_folder(folder: Path) -> None:
    shown = label(model(pretrained=str(folder / "legacy.h5")))
    digest = hashlib.sha256((folder / "legacy.h5").read_bytes()).hexdigest()
    assert shown == f"legacy.h5 (sha256:{digest[:12]})"


def part(network: keras.Model, name: str) -> keras.Model:
    return keras.Model(network.input, network.get_layer(name).output)


def test_images_enter_as_the_published_weights_expect_them() -> None:
    rng = np.random.default_rng(1)
    for channels in (1, 3):
        images = rng.random((2, 32, 32, channels), np.float32)
        network = build(model(pretrained="imagenet"), channels)
        scaled = part(network, "encoder_scaling")(images)
        colour = np.repeat(images, 3, -1) if channels == 1 else images
        expected = keras.applications.resnet50.preprocess_input(colour * 255.0)
        np.testing.assert_allclose(scaled, expected, atol=1e-4)
    plain = build(model())
    assert "encoder_scaling" not in [layer.name for layer in plain.layers]


def test_scaling_keeps_full_precision_in_half_precision_networks() -> None:
    network = models.build(
        model(pretrained="imagenet"), (32, 32, 3), Hyperparameters(), "mixed_float16"
    )
    assert network.get_layer("encoder_scaling").compute_dtype == "float32"
    assert network.get_layer("conv1_conv").compute_dtype == "float16"


def test_a_summed_stem_equals_three_equal_channels_inside_the_image(folder: Path) -> None:
    images = np.random.default_rng(2).random((1, 64, 64, 1), np.float32)
    outputs = []
    for stem in ("replicate", "sum"):
        settings = model(pretrained=str(folder / "legacy.h5"), stem=stem)
        network = build(settings, side=64)
        values = models.encoder_weights(settings)
        first = network.get_layer("conv1_conv")
        first.kernel.assign(values["conv1_conv/kernel"])
        first.bias.assign(values["conv1_conv/bias"])
        outputs.append(np.asarray(part(network, "conv1_conv")(images)))
    assert network.get_layer("conv1_conv").kernel.shape == (7, 7, 1, 64)
    three, one = (output[:, 2:-2, 2:-2] for output in outputs)
    np.testing.assert_allclose(one, three, atol=2e-4 * np.abs(three).max())


def test_a_projecting_stem_begins_with_the_mean_of_the_modalities() -> None:
    network = build(model(pretrained="imagenet", stem="project"), channels=4)
    kernel = network.get_layer("stem_project").kernel
    np.testing.assert_array_equal(kernel, np.full((1, 1, 4, 3), 0.25, np.float32))


@pytest.mark.parametrize(("part_trained", "trained"), [("all", 5), ("last_stage", 1), ("none", 0)])
def test_the_part_of_the_encoder_that_is_trained(part_trained: str, trained: int) -> None:
    network = build(model(encoder_trainable=part_trained, stem="project"), channels=2)
    stages = {path.split("_")[0] for path in (v.path for v in network.trainable_variables)}
    assert sum(stage.startswith("conv") for stage in stages) == trained
    assert {"stem", "decoder4", "logits/kernel"} <= stages
    images = np.random.default_rng(3).random((4, 32, 32, 2), np.float32)
    network(images, training=True)
    moved = {
        layer.name.split("_")[0]
        for layer in network.layers
        if isinstance(layer, keras.layers.BatchNormalization)
        and np.any(layer.moving_mean.numpy() != 0)
    }
    assert len(moved) == trained
