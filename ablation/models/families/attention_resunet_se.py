"""Attention ResUNet-SE: residual blocks, squeeze-and-excitation, attention-gated skips.

Sources: He et al. 2016 (residual blocks), Hu et al. 2018 (squeeze-and-excitation), Oktay et al.
2018 (gates), Tompson et al. 2015 (dropout of whole channels).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ablation.models.blocks import (
    BlockStyle,
    attention_gate,
    double_conv,
    dropout,
    logits,
    residual_conv,
    squeeze_excite,
    upsample,
)
from ablation.models.design import Design, NetworkInput
from ablation.models.families.keys import DROPOUT_SPACE, MomentumKeys, Rate
from ablation.plugins.keys import Count
from ablation.plugins.lazy import keras, layers

if TYPE_CHECKING:
    from ablation.models.hyperparameters import Hyperparameters

SE_RATIO = 16


class AttentionResUNetSEKeys(MomentumKeys):
    """Keys of the Attention ResUNet-SE."""

    name: str = Field("attention_resunet_se", description="design")
    base: Count = Field(32, description="filters of the first level")
    depth: Count = Field(4, description="poolings")
    bridge: Count = Field(256, description="filters of the block below the last pooling")
    se_where: Literal["bridge", "all"] = Field(
        "bridge", description="blocks with squeeze-and-excitation"
    )
    decoder_block: Literal["residual", "plain"] = Field(
        "residual", description="blocks of the decoder"
    )
    dropout: Rate = Field(0.1, description="dropout rate")


def build(
    keys: AttentionResUNetSEKeys, inputs: NetworkInput, hyperparameters: Hyperparameters
) -> Any:
    """Return the network; dropout zeroes whole channels after every block."""
    widths = [keys.base * 2**level for level in range(keys.depth)]
    style = BlockStyle(True, keys.bn_momentum, None, "between")
    decoder_block = residual_conv if keys.decoder_block == "residual" else double_conv

    def ended(x: Any, name: str, *, excited: bool) -> Any:
        if excited:
            x = squeeze_excite(x, SE_RATIO, f"{name}_se")
        return dropout(x, hyperparameters.dropout, f"{name}_dropout", whole_channels=True)

    images = x = layers.Input(inputs.shape, name="images")
    skips = []
    for level, filters in enumerate(widths):
        name = f"encoder{level}"
        x = ended(residual_conv(x, filters, style, name), name, excited=keys.se_where == "all")
        skips.append(x)
        x = layers.MaxPooling2D(2, name=f"{name}_pool")(x)
    x = ended(residual_conv(x, keys.bridge, style, "bottleneck"), "bottleneck", excited=True)
    for level in reversed(range(keys.depth)):
        name = f"decoder{level}"
        x = upsample(x, widths[level], f"{name}_up")
        skip = attention_gate(skips[level], x, widths[level] // 2, f"{name}_attention")
        x = layers.Concatenate(name=f"{name}_concat")([x, skip])
        x = decoder_block(x, widths[level], style, name)
        x = ended(x, name, excited=keys.se_where == "all")
    return keras.Model(images, logits(x, inputs.targets), name=keys.name)


DESIGN = Design(
    name="attention_resunet_se",
    keys=AttentionResUNetSEKeys,
    build=build,
    summary="residual blocks, squeeze-and-excitation, attention-gated skips",
    space=DROPOUT_SPACE,
    hyperparameters=("dropout",),
    multiple_of=lambda keys: 2**keys.depth,
)
