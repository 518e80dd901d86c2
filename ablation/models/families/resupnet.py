"""ResUpNet: a ready-made encoder and an upsampling decoder with attention-gated skips.

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
from ablation.models.encoders import ENCODERS
from ablation.models.families.keys import (
    DROPOUT_SPACE,
    AnyEncoderKeys,
    BlockKeys,
    is_frozen,
    levels,
)
from ablation.plugins.keys import Positive
from ablation.plugins.lazy import keras, layers

if TYPE_CHECKING:
    from ablation.models.hyperparameters import Hyperparameters

WIDTHS = (512, 256, 128, 64, 32)
"""Filters of the decoder from the bottleneck upwards, as far as the encoder's stride needs."""


class ResUpNetKeys(AnyEncoderKeys, BlockKeys):
    """Keys of ResUpNet."""

    name: str = Field("resupnet", description="design")
    attention: bool = Field(True, description="attention gates on the skips")
    skips: bool = Field(True, description="skip connections")
    residual_decoder: bool = Field(
        False, description="residual decoder blocks with batch normalisation"
    )
    decoder_width: Positive = Field(1.0, description="multiplies every decoder width")


def build(keys: ResUpNetKeys, inputs: NetworkInput, hyperparameters: Hyperparameters) -> Any:
    """Return the network; `skips`, `attention` and `residual_decoder` switch its parts.

    A level of the decoder that the encoder has no stage for is upsampled, and has no skip.
    """
    images = layers.Input(inputs.shape, name="images")
    found = ENCODERS[keys.encoder]
    encoder = found.build(images, keys)
    *skips, bottleneck = found.stages
    style = _style(keys, hyperparameters)
    block = residual_conv if keys.residual_decoder else double_conv
    x = encoder.get_layer(bottleneck).output
    if keys.dropout_scope != "decoder":
        x = dropout(x, hyperparameters.dropout, "bottleneck_dropout")
    for level, width in levels(found, WIDTHS):
        filters, name = scaled(width, keys.decoder_width), f"decoder{level}"
        x = upsample(x, filters, f"{name}_up")
        has_stage = bool(skips)
        if has_stage and keys.skips:
            skip = encoder.get_layer(skips[-1]).output
            x = _with_skip(x, skip, filters, keys.attention, name)
        if has_stage or keys.residual_decoder:
            x = block(x, filters, style, name)
        skips = skips[:-1]
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
    multiple_of=lambda keys: ENCODERS[keys.encoder].stride,
    needs={"attention": lambda keys: keys.skips, "unfreeze_epoch": is_frozen},
    encoder="ResNet50",
)
