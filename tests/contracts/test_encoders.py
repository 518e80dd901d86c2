"""What every ready-made encoder keeps: stages with their strides, and weights of known shapes."""

from __future__ import annotations

from collections import Counter

import pytest

from ablation import models
from ablation.models.encoders import ENCODERS, Encoder
from ablation.plugins.lazy import layers

SIDE = 64


@pytest.fixture(params=list(ENCODERS))
def encoder(request: pytest.FixtureRequest) -> Encoder:
    return ENCODERS[request.param]


class TestEncoder:
    """The contract of an encoder, which lets it meet any decoder."""

    def test_stages_have_the_strides_they_declare(self, encoder: Encoder) -> None:
        network = encoder.build(layers.Input((SIDE, SIDE, 3)), models.settings("resnet_fcn"))
        for name, stride in encoder.stages.items():
            shape = network.get_layer(name).output.shape
            assert shape[1:3] == (SIDE // stride, SIDE // stride)
        assert list(encoder.stages.values()) == sorted(encoder.stages.values())

    def test_weights_have_the_shapes_they_declare(self, encoder: Encoder) -> None:
        network = encoder.build(layers.Input((SIDE, SIDE, 3)), models.settings("resnet_fcn"))
        assert Counter(encoder.shapes()) == Counter(tuple(v.shape) for v in network.variables)

    def test_the_published_file_is_named_with_its_hash(self, encoder: Encoder) -> None:
        assert encoder.url.endswith(encoder.file)
        assert len(encoder.md5) == 32
        assert encoder.scaling
