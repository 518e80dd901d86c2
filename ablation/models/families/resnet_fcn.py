"""ResNet-FCN: a ResNet50 encoder and an upsampling decoder that never meets the encoder again.

Source: the fully convolutional network of Long et al. 2015 without skips, on ResNet50.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from ablation.models.blocks import conv, dropout, logits, relu, scaled, upsample
from ablation.models.design import Design, NetworkInput
from ablation.models.families.keys import DROPOUT_SPACE, DropoutKeys, EncoderKeys
from ablation.plugins.keys import Positive
from ablation.plugins.lazy import keras, layers

if TYPE_CHECKING:
    from ablation.models.hyperparameters import Hyperparameters

# Widths of the decoder, from the bottleneck upwards.
STAGES = (512, 256, 128, 64, 32)


class ResNetFCNKeys(EncoderKeys, DropoutKeys):
    """Keys of ResNet-FCN."""

    name: str = Field("resnet_fcn", description="design")
    decoder_width: Positive = Field(1.0, description="multiplies every decoder width")


def build(keys: ResNetFCNKeys, inputs: NetworkInput, hyperparameters: Hyperparameters) -> Any:
    """Return the network; each stage is one upsampling, one 3x3 convolution and dropout."""
    from ablation.models.encoders.resnet50 import resnet50

    images = layers.Input(inputs.shape, name="images")
    x = resnet50(images, keys).output
    if keys.dropout_scope != "decoder":
        x = dropout(x, hyperparameters.dropout, "bottleneck_dropout")
    for level, width in enumerate(STAGES):
        filters, name = scaled(width, keys.decoder_width), f"decoder{4 - level}"
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
    multiple_of=lambda _: 32,
    encoder="ResNet50",
)
