"""ResUpNet: a ResNet50 encoder and an upsampling decoder with attention-gated skips.

Sources: ResNet50 of He et al. 2016 as Keras builds it; gates after Oktay et al. 2018.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import initializers, layers

from ablation.config.sections import ModelConfig
from ablation.errors import UsageError
from ablation.models.blocks import (
    BlockStyle,
    attention_gate,
    conv,
    double_conv,
    logits,
    residual_conv,
    upsample,
)
from ablation.models.dropout import DropoutState, VariableDropout

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
    encoder = _encoder(_three_channels(images, model.stem), model.bn_momentum)
    style = _style(model, dropout)
    block = residual_conv if model.residual_decoder else double_conv
    x = encoder.output
    if model.dropout_scope != "decoder":
        x = VariableDropout(dropout, name="bottleneck_dropout")(x)
    for level, (width, skip) in enumerate(STAGES):
        filters, name = _scaled(width, model.decoder_width), f"decoder{4 - level}"
        x = upsample(x, filters, f"{name}_up")
        if model.skips:
            x = _with_skip(x, encoder.get_layer(skip).output, filters, model.attention, name)
        x = block(x, filters, style, name)
    last = _scaled(LAST_STAGE, model.decoder_width)
    x = upsample(x, last, "decoder0_up")
    if model.residual_decoder:
        x = residual_conv(x, last, style, "decoder0")
    return keras.Model(images, logits(x), name="resupnet")


def _three_channels(images: Any, stem: str) -> Any:
    channels = images.shape[-1]
    if stem == "project":
        return conv(images, 3, 1, "stem_project")
    if channels == 1:
        return layers.Concatenate(name="stem_replicate")([images] * 3)
    if channels != 3:
        raise UsageError(
            f"resupnet's encoder takes 1 or 3 modalities, data.modalities has {channels}",
            hint="Write --set model.stem=project to learn a mixture of them.",
        )
    return images


def _encoder(x: Any, bn_momentum: float) -> Any:
    encoder = keras.applications.ResNet50(include_top=False, weights=None, input_tensor=x)
    for layer in encoder.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = bn_momentum
        elif isinstance(layer, layers.Conv2D):
            # Keras leaves Glorot here; these kernels feed ReLUs like all others.
            layer.kernel_initializer = initializers.HeNormal()
    return encoder


def _with_skip(x: Any, skip: Any, filters: int, attention: bool, name: str) -> Any:
    if attention:
        skip = attention_gate(skip, x, filters // 2, f"{name}_attention")
    return layers.Concatenate(name=f"{name}_concat")([x, skip])


def _scaled(filters: int, factor: float) -> int:
    return max(8, round(filters * factor))


def _style(model: ModelConfig, dropout: DropoutState) -> BlockStyle:
    return BlockStyle(
        batch_norm=model.residual_decoder,
        bn_momentum=model.bn_momentum,
        dropout=None if model.dropout_scope == "bottleneck" else dropout,
        dropout_site=model.dropout_site,
    )
