"""ResUpNet: a ResNet50 encoder and an upsampling decoder with attention-gated skips.

Source of the gates: Oktay et al. 2018.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from ablation.models.blocks import (
    BlockStyle,
    attention_gate,
    double_conv,
    dropout,
    logits,
    residual_conv,
    scaled,
    upsample,
)
from ablation.models.design import Design, NetworkInput
from ablation.models.families.keys import DROPOUT_SPACE, BlockKeys, EncoderKeys
from ablation.plugins.keys import Positive
from ablation.plugins.lazy import keras, layers

if TYPE_CHECKING:
    from ablation.models.hyperparameters import Hyperparameters

# Widths of the decoder and the encoder layers it meets, from the bottleneck upwards.
STAGES = (
    (512, "conv4_block6_out"),
    (256, "conv3_block4_out"),
    (128, "conv2_block3_out"),
    (64, "conv1_relu"),
)
LAST_STAGE = 32


class ResUpNetKeys(EncoderKeys, BlockKeys):
    """Keys of ResUpNet."""

    name: str = Field("resupnet", description="design")
    attention: bool = Field(True, description="attention gates on the skips")
    skips: bool = Field(True, description="skip connections")
    residual_decoder: bool = Field(
        False, description="residual decoder blocks with batch normalisation"
    )
    decoder_width: Positive = Field(1.0, description="multiplies every decoder width")


def build(keys: ResUpNetKeys, inputs: NetworkInput, hyperparameters: Hyperparameters) -> Any:
    """Return the network; `skips`, `attention` and `residual_decoder` switch its parts."""
    from ablation.models.encoders.resnet50 import resnet50

    images = layers.Input(inputs.shape, name="images")
    encoder = resnet50(images, keys)
    style = _style(keys, hyperparameters)
    block = residual_conv if keys.residual_decoder else double_conv
    x = encoder.output
    if keys.dropout_scope != "decoder":
        x = dropout(x, hyperparameters.dropout, "bottleneck_dropout")
    for level, (width, skip) in enumerate(STAGES):
        filters, name = scaled(width, keys.decoder_width), f"decoder{4 - level}"
        x = upsample(x, filters, f"{name}_up")
        if keys.skips:
            x = _with_skip(x, encoder.get_layer(skip).output, filters, keys.attention, name)
        x = block(x, filters, style, name)
    last = scaled(LAST_STAGE, keys.decoder_width)
    x = upsample(x, last, "decoder0_up")
    if keys.residual_decoder:
        x = residual_conv(x, last, style, "decoder0")
    return keras.Model(images, logits(x, inputs.targets), name=keys.name)


def _with_skip(x: Any, skip: Any, filters: int, attention: bool, name: str) -> Any:
    if attention:
        skip = attention_gate(skip, x, filters // 2, f"{name}_attention")
    return layers.Concatenate(name=f"{name}_concat")([x, skip])


def _style(keys: ResUpNetKeys, hyperparameters: Hyperparameters) -> BlockStyle:
    return BlockStyle(
        batch_norm=keys.residual_decoder,
        bn_momentum=keys.bn_momentum,
        dropout=None if keys.dropout_scope == "bottleneck" else hyperparameters.dropout,
        dropout_site=keys.dropout_site,
    )


DESIGN = Design(
    name="resupnet",
    keys=ResUpNetKeys,
    build=build,
    summary="ResNet50 encoder, attention-gated skips, upsampling decoder",
    space=DROPOUT_SPACE,
    hyperparameters=("dropout",),
    multiple_of=lambda _: 32,
    needs={"attention": lambda keys: keys.skips},
    encoder="ResNet50",
)
