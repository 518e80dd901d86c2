"""What every ready-made encoder keeps: stages with their strides, and weights of known shapes."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import pytest

from ablation import models
from ablation.models.encoders import ENCODERS, Encoder
from ablation.plugins.lazy import layers

SIDE = 64


@pytest.fixture(params=list(ENCODERS))
def encoder(request: pytest.FixtureRequest) -> Encoder:
    return ENCODERS[request.param]


@cache
def network_of(name: str) -> Any:
    """Return an encoder of three channels, built once."""
    return ENCODERS[name].build(layers.Input((SIDE, SIDE, 3)), models.settings("resnet_fcn"))


class TestEncoder:
    """The contract of an encoder, which lets it meet any decoder."""

    def test_stages_have_the_strides_they_declare(self, encoder: Encoder) -> None:
        network = network_of(encoder.name)
        for name, stride in encoder.stages.items():
            shape = network.get_layer(name).output.shape
            assert shape[1:3] == (SIDE // stride, SIDE // stride)
        assert list(encoder.stages.values()) == sorted(encoder.stages.values())

    def test_weights_have_the_shapes_they_declare(self, encoder: Encoder) -> None:
        network = network_of(encoder.name)
        assert Counter(encoder.shapes()) == Counter(tuple(v.shape) for v in network.weights)

    def test_names_of_layers_do_not_depend_on_what_was_built_before(self, encoder: Encoder) -> None:
        keys = models.settings("resnet_fcn")
        again = encoder.build(layers.Input((SIDE, SIDE, 3)), keys)
        named = [
            [layer.name for layer in n.layers if layer.weights]
            for n in (network_of(encoder.name), again)
        ]
        assert named[0] == named[1]

    def test_its_layers_are_told_from_all_others_by_name(self, encoder: Encoder) -> None:
        network = network_of(encoder.name)
        assert all(encoder.owns(layer.name) for layer in network.layers if layer.weights)
        others = ("decoder4_conv1", "logits", "stem_project", "bottleneck_conv1", "tokens")
        assert not any(encoder.owns(name) for name in others)
        assert encoder.stride == max(encoder.stages.values())

    def test_the_published_file_is_named_with_its_hash(self, encoder: Encoder) -> None:
        assert encoder.url.endswith(encoder.file)
        assert encoder.md5 is None or len(encoder.md5) == 32
        assert encoder.url in encoder.source
        assert encoder.scaling
