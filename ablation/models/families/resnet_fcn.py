"""ResNet-FCN: a ResNet50 encoder and an upsampling decoder that never meets the encoder again.

Source: the fully convolutional network of Long et al. 2015 without skips, on ResNet50.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from ablation.config.sections import ModelConfig
from ablation.models.blocks import conv, logits, relu, scaled, upsample
from ablation.models.dropout import DropoutState, VariableDropout
from ablation.models.encoders.resnet50 import resnet50

# Widths of the decoder, from the bottleneck upwards.
STAGES = (512, 256, 128, 64, 32)


def build(model: ModelConfig, image_shape: tuple[int, int, int], dropout: DropoutState) -> Any:
    """Return the network; each stage is one upsampling, one 3x3 convolution and dropout."""
    images = layers.Input(image_shape, name="images")
    x = resnet50(images, model).output
    if model.dropout_scope != "decoder":
        x = VariableDropout(dropout, name="bottleneck_dropout")(x)
    for level, width in enumerate(STAGES):
        filters, name = scaled(width, model.decoder_width), f"decoder{4 - level}"
        x = upsample(x, filters, f"{name}_up")
        x = relu(conv(x, filters, 3, f"{name}_conv1"), f"{name}_relu1")
        if model.dropout_scope != "bottleneck":
            x = VariableDropout(dropout, name=f"{name}_dropout")(x)
    return keras.Model(images, logits(x), name="resnet_fcn")
