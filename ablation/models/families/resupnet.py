"""ResUpNet: a ResNet50 encoder and an upsampling decoder with attention-gated skips.

Source of the gates: Oktay et al. 2018.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from ablation.config.sections import ModelConfig
from ablation.models.blocks import (
    BlockStyle,
    attention_gate,
    double_conv,
    logits,
    residual_conv,
    scaled,
    upsample,
)
from ablation.models.dropout import DropoutState, VariableDropout
from ablation.models.encoders.resnet50 import resnet50

# Widths of the decoder and the encoder layers it meets, from the bottleneck upwards.
STAGES = (
    (512, "conv4_block6_out"),
    (256, "conv3_block4_out"),
    (128, "conv2_block3_out"),
    (64, "conv1_relu"),
)
LAST_STAGE = 32


def build(model: ModelConfig, image_shape: tuple[int, int, int], dropout: DropoutState) -> Any:
    """Return the network; `skips`, `attention` and `residual_decoder` switch its parts."""
    images = layers.Input(image_shape, name="images")
    encoder = resnet50(images, model)
    style = _style(model, dropout)
    block = residual_conv if model.residual_decoder else double_conv
    x = encoder.output
    if model.dropout_scope != "decoder":
        x = VariableDropout(dropout, name="bottleneck_dropout")(x)
    for level, (width, skip) in enumerate(STAGES):
        filters, name = scaled(width, model.decoder_width), f"decoder{4 - level}"
        x = upsample(x, filters, f"{name}_up")
        if model.skips:
            x = _with_skip(x, encoder.get_layer(skip).output, filters, model.attention, name)
        x = block(x, filters, style, name)
    last = scaled(LAST_STAGE, model.decoder_width)
    x = upsample(x, last, "decoder0_up")
    if model.residual_decoder:
        x = residual_conv(x, last, style, "decoder0")
    return keras.Model(images, logits(x), name="resupnet")


def _with_skip(x: Any, skip: Any, filters: int, attention: bool, name: str) -> Any:
    if attention:
        skip = attention_gate(skip, x, filters // 2, f"{name}_attention")
    return layers.Concatenate(name=f"{name}_concat")([x, skip])


def _style(model: ModelConfig, dropout: DropoutState) -> BlockStyle:
    return BlockStyle(
        batch_norm=model.residual_decoder,
        bn_momentum=model.bn_momentum,
        dropout=None if model.dropout_scope == "bottleneck" else dropout,
        dropout_site=model.dropout_site,
    )
