"""What every design keeps: its network is what it declares, and its keys are its own."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from pydantic import Field

from ablation import models
from ablation.config import Config, flatten, known_keys, with_values
from ablation.errors import UsageError
from ablation.experiments.space import space_of
from ablation.models import DESIGNS, Design, Head, ModelKeys, NetworkInput
from ablation.models.contract import check_network
from ablation.models.hyperparameters import Hyperparameters
from ablation.plugins.keys import Count, Fraction
from ablation.plugins.lazy import keras, layers, tf

SIDE = 64
SMALL = {
    "unet": {"base": 2, "depth": 2},
    "attention_unet": {"base": 2, "depth": 2},
    "resupnet": {"decoder_width": 0.1},
    "resnet_fcn": {"decoder_width": 0.1},
    "attention_resunet_se": {"base": 2, "depth": 2, "bridge": 8},
    "residual_unet": {"base": 2, "depth": 2},
    "dense_unet": {"base": 4, "depth": 2},
    "unetpp": {"base": 2, "depth": 2},
    "unetpp_report": {"base": 2},
    "vgg16_unet": {"decoder_width": 0.05},
    "mobilenet_unet": {"decoder_width": 0.05},
    "efficientnet_unet": {"decoder_width": 0.05},
    "transunet": {"variant": "compact"},
    "unet3d": {"base": 2, "depth": 2},
}


class ScaledKeys(ModelKeys):
    """A design with two keys of its own: one structural, one hyperparameter."""

    name: str = Field("scaled", description="design")
    width: Count = Field(4, description="filters of its only convolution")
    gain: Fraction = Field(0.5, description="factor of its features")


def build_scaled(keys: ScaledKeys, inputs: NetworkInput, hyperparameters: Hyperparameters) -> Any:
    images = layers.Input(inputs.shape, name="images")
    x = layers.Conv2D(keys.width, 3, padding="same", activation="relu", name="features")(images)
    x = layers.Lambda(lambda y: y * hyperparameters["gain"], name="scaled")(x)
    head = layers.Conv2D(inputs.targets, 1, dtype="float32", name="logits")(x)
    return keras.Model(images, head, name=keys.name)


SCALED = Design(
    name="scaled",
    keys=ScaledKeys,
    build=build_scaled,
    summary="one convolution, scaled",
    space={"gain": {"low": 0.1, "high": 0.9}},
    hyperparameters=("gain",),
)


@pytest.fixture(params=[*DESIGNS, "scaled"])
def design(request: pytest.FixtureRequest):
    with DESIGNS.having(SCALED):
        yield DESIGNS[request.param]


EXTENTS = {"2d": (SIDE, SIDE), "2.5d": (SIDE, SIDE), "3d": (8, 16, 16)}


def images_of(design: Design) -> np.ndarray:
    """Return two images of a size that a design takes."""
    return np.random.default_rng(0).random((2, *EXTENTS[design.input], 1), np.float32)


@cache
def network_of(name: str, targets: int = 1) -> tuple[Any, Hyperparameters]:
    """Return a small network of a design and the variables it reads; built once."""
    design = DESIGNS.find(name)
    hyper = Hyperparameters(design.hyperparameters)
    keys = design.settings(**SMALL.get(name, {}))
    extent = EXTENTS[design.input]
    return models.build(keys, (*extent, 1), hyper, "float32", targets), hyper


class TestDesign:
    """The contract of a design."""

    def test_it_gives_logits_of_the_image_s_extent(self, design: Design) -> None:
        network, _ = network_of(design.name)
        images = images_of(design)
        output = network(images)
        assert output.shape == images.shape
        assert output.dtype == tf.float32
        assert np.isfinite(np.asarray(output)).all()
        assert network.output_names == [design.heads(design.settings())[-1].name]

    def test_several_targets_are_channels(self, design: Design) -> None:
        network, _ = network_of(design.name, targets=3)
        assert network.output_shape == (None, *EXTENTS[design.input], 3)

    def test_its_hyperparameters_are_read(self, design: Design) -> None:
        network, hyper = network_of(design.name)
        outputs = []
        for value in (0.1, 0.6):
            hyper.set(dict.fromkeys(design.hyperparameters, value))
            outputs.append(np.asarray(network(images_of(design), training=True)))
        assert (outputs[0] != outputs[1]).any()

    def test_its_keys_are_its_own(self, design: Design) -> None:
        config = with_values(Config(), {"model.name": design.name})
        own = {key for key in flatten(config) if key.startswith("model.")}
        assert own == {f"model.{key}" for key in design.keys.model_fields}
        assert all(known_keys()[key] for key in own)
        assert {*design.needs, *design.hyperparameters, *design.space} <= set(
            design.keys.model_fields
        )

    def test_its_space_is_searched_and_within_bounds(self, design: Design) -> None:
        config = with_values(Config(), {"model.name": design.name})
        space = space_of(config)
        assert {key for key in space if key.startswith("model.")} == {
            f"model.{key}" for key in design.space
        }

    def test_structure_leaves_hyperparameters_out(self, design: Design) -> None:
        structure = models.structure(design.settings())
        assert structure["name"] == design.name
        assert not set(design.hyperparameters) & set(structure)

    def test_it_refuses_an_image_it_does_not_take(self, design: Design) -> None:
        side = design.multiple_of(design.settings())
        if side > 1:
            with pytest.raises(UsageError, match=f"multiples of {side}"):
                models.check(design.settings(), (side + 1, side, 1))

    def test_its_summary_is_one_line(self, design: Design) -> None:
        assert design.summary
        assert "\n" not in design.summary


class OneKeys(ModelKeys):
    name: str = Field("one", description="design")


def one(build: Any, **declared: Any) -> Design:
    return Design(name="one", keys=OneKeys, build=build, summary="a test", **declared)


def head_of(**settings: Any) -> Any:
    def build(keys: OneKeys, inputs: NetworkInput, _: Hyperparameters) -> Any:
        images = layers.Input(inputs.shape)
        x = layers.Conv2D(2, 3, padding="same")(images)
        filters = settings.get("filters", inputs.targets)
        options = {key: value for key, value in settings.items() if key != "filters"}
        return keras.Model(images, layers.Conv2D(filters, 1, name="logits", **options)(x))

    return build


def ends_in(layer: Any) -> Any:
    def build(keys: OneKeys, inputs: NetworkInput, _: Hyperparameters) -> Any:
        images = layers.Input(inputs.shape)
        x = layers.Conv2D(inputs.targets, 3, padding="same")(images)
        return keras.Model(images, layer(x))

    return build


def built(design: Design, targets: int = 1) -> Any:
    with DESIGNS.having(design):
        return models.build(design.settings(), (32, 32, 1), Hyperparameters(()), "float32", targets)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (head_of(activation="sigmoid"), "ends in a sigmoid: return logits"),
        (head_of(activation="softmax"), "ends in a softmax: return logits"),
        (lambda *a: ends_in(layers.Activation("sigmoid"))(*a), "ends in a sigmoid"),
        (
            lambda *a: ends_in(layers.Lambda(lambda x: 1 / (1 + tf.exp(-x))))(*a),
            "ends in values that all lie in 0..1",
        ),
        (head_of(filters=2), r"is \(32, 32, 2\), not \(32, 32, 1\)"),
        (head_of(strides=2), r"is \(16, 16, 1\), not \(32, 32, 1\)"),
        (head_of(dtype="float16"), "is float16, not float32"),
    ],
)
def test_a_network_that_breaks_its_contract_is_refused_before_it_trains(
    build: Any, words: str
) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        built(one(build))
    assert "model one" in caught.value.message
    assert "logits" in caught.value.hint


def test_a_last_layer_without_activation_is_accepted() -> None:
    network = built(one(lambda *a: ends_in(layers.Lambda(lambda x: x * 3.0))(*a)))
    assert network.output_shape == (None, 32, 32, 1)


def test_a_declared_hyperparameter_that_is_not_read_is_refused() -> None:
    from ablation.training.trainer import Trainer

    class LoudKeys(ModelKeys):
        name: str = Field("loud", description="design")
        gain: Fraction = Field(0.5, description="never read")

    loud = Design(
        name="loud",
        keys=LoudKeys,
        build=head_of(),
        summary="declares more than it reads",
        hyperparameters=("gain",),
    )
    with DESIGNS.having(loud):
        config = with_values(Config(), {"model.name": "loud", "data.image_size": 32})
        with pytest.raises(UsageError, match=r"hyperparameter model\.gain, but its network"):
            Trainer(config, (32, 32, 1))


def test_volumes_several_heads_and_targets_are_admitted() -> None:
    """A 3-D network with deep supervision over two targets fits the specification."""

    def build(keys: OneKeys, inputs: NetworkInput, _: Hyperparameters) -> Any:
        images = layers.Input(inputs.shape)
        fine = layers.Conv3D(4, 3, padding="same", activation="relu")(images)
        coarse = layers.Conv3D(4, 3, strides=2, padding="same", activation="relu")(fine)
        heads = [
            layers.Conv3D(inputs.targets, 1, name="logits_coarse")(coarse),
            layers.Conv3D(inputs.targets, 1, name="logits")(fine),
        ]
        return keras.Model(images, heads)

    heads = (Head("logits_coarse", stride=2), Head("logits"))
    deep = one(build, input="3d", heads=lambda _: heads, multiple_of=lambda _: 2)
    with DESIGNS.having(deep):
        keys = deep.settings()
        network = models.build(keys, (8, 16, 16, 2), Hyperparameters(()), "float32", targets=2)
    assert [tuple(o.shape) for o in network.outputs] == [
        (None, 4, 8, 8, 2),
        (None, 8, 16, 16, 2),
    ]
    with pytest.raises(UsageError, match="has 2 outputs, declares 1"):
        check_network(network, one(build), keys, NetworkInput((8, 16, 16, 2), targets=2))


def test_an_own_design_goes_the_whole_way(whole_path, identities, every_own_entry) -> None:
    """Help, configuration, search space, run, table, report, methods text and reference know it."""
    assert "scaled" in whole_path.help
    for key in ("model.width", "model.gain"):
        assert key in whole_path.help
        assert key in whole_path.run["params"]
        assert f"`{key}`" in whole_path.reference
    assert "model.base" not in whole_path.run["params"]
    assert "model.gain" in whole_path.space
    assert "model.width" not in whole_path.space
    assert 0.1 <= float(whole_path.run["params"]["model.gain"]) <= 0.9
    assert len(whole_path.cases) == 4
    assert whole_path.comparison.designs == ("first", "second")
    assert "model.gain" in whole_path.page
    assert "network: one convolution, scaled" in whole_path.methods
    assert "one convolution, scaled" in whole_path.reference
    before = identities()
    with every_own_entry():
        assert identities() == before
