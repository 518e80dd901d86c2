"""ResNet-FCN: a ready-made encoder and an upsampling decoder that never meets the encoder again.

Source: the fully convolutional network of Long et al. 2015 without skips, on ResNet50.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from ablation.models.blocks import conv, dropout, logits, relu, scaled, upsample
from ablation.models.design import Design, NetworkInput
from ablation.models.encoders import ENCODERS
from ablation.models.families.keys import (
    DROPOUT_SPACE,
    AnyEncoderKeys,
    DropoutKeys,
    is_frozen,
    levels,
)
from ablation.plugins.keys import Positive
from ablation.plugins.lazy import keras, layers

if TYPE_CHECKING:
    from ablation.models.hyperparameters import Hyperparameters

WIDTHS = (512, 256, 128, 64, 32)
"""Filters of the decoder from the bottleneck upwards, as far as the encoder's stride needs."""


class ResNetFCNKeys(AnyEncoderKeys, DropoutKeys):
    """Keys of ResNet-FCN."""

    name: str = Field("resnet_fcn", description="design")
    decoder_width: Positive = Field(1.0, description="multiplies every decoder width")


def build(keys: ResNetFCNKeys, inputs: NetworkInput, hyperparameters: Hyperparameters) -> Any:
    """Return the network; each stage is one upsampling, one 3x3 convolution and dropout."""
    images = layers.Input(inputs.shape, name="images")
    encoder = ENCODERS[keys.encoder]
    x = encoder.build(images, keys).get_layer(list(encoder.stages)[-1]).output
    if keys.dropout_scope != "decoder":
        x = dropout(x, hyperparameters.dropout, "bottleneck_dropout")
    for level, width in levels(encoder, WIDTHS):
        filters, name = scaled(width, keys.decoder_width), f"decoder{level}"
        x = upsample(x, filters, f"{name}_up")
        x = relu(conv(x, filters, 3, f"{name}_conv1"), f"{name}_relu1")
        if keys.dropout_scope != "bottleneck":
            x = dropout(x, hyperparameters.dropout, f"{name}_dropout")
    return keras.Model(images, logits(x, inputs.targets), name=keys.name)


DESIGN = Design(
    name="resnet_fcn",
    keys=ResNetFCNKeys,
    build=build,
    summary="ResNet50 encoder, upsampling decoder without skips",
    space=DROPOUT_SPACE,
    hyperparameters=("dropout",),
    multiple_of=lambda keys: ENCODERS[keys.encoder].stride,
    needs={"unfreeze_epoch": is_frozen},
    encoder="ResNet50",
)
