"""UNet++: a U-Net whose skips are grids of blocks between encoder and decoder.

Source: Zhou et al. 2018.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from ablation.models.blocks import BlockStyle, double_conv, dropout, logits, upsample
from ablation.models.design import Design, NetworkInput
from ablation.models.families.keys import DROPOUT_SPACE, DecoderDropoutKeys, MomentumKeys
from ablation.plugins.keys import Count
from ablation.plugins.lazy import keras, layers

if TYPE_CHECKING:
    from ablation.models.hyperparameters import Hyperparameters


class UNetPPKeys(DecoderDropoutKeys, MomentumKeys):
    """Keys of UNet++."""

    name: str = Field("unetpp", description="design")
    base: Count = Field(32, description="filters of the first level")
    depth: Count = Field(4, description="poolings")
    batch_norm: bool = Field(True, description="batch normalisation after each convolution")


def build(keys: UNetPPKeys, inputs: NetworkInput, hyperparameters: Hyperparameters) -> Any:
    """Return the network.

    A block reads all earlier ones of its level, and the last one of the level below, upsampled.
    """
    style = BlockStyle(keys.batch_norm, keys.bn_momentum, None, "between")
    images = x = layers.Input(inputs.shape, name="images")
    grid: list[list[Any]] = []
    for level in range(keys.depth + 1):
        if level:
            x = layers.MaxPooling2D(2, name=f"encoder{level - 1}_pool")(x)
        x = double_conv(x, keys.base * 2**level, style, f"encoder{level}")
        grid.append([x])
    for column in range(1, keys.depth + 1):
        for level in range(keys.depth + 1 - column):
            filters, name = keys.base * 2**level, f"decoder{level}_{column}"
            above = upsample(grid[level + 1][column - 1], filters, f"{name}_up")
            read = layers.Concatenate(name=f"{name}_concat")([*grid[level], above])
            grid[level].append(double_conv(read, filters, style, name))
    x = dropout(grid[0][-1], hyperparameters.dropout, "decoder_dropout")
    return keras.Model(images, logits(x, inputs.targets), name=keys.name)


DESIGN = Design(
    name="unetpp",
    keys=UNetPPKeys,
    build=build,
    summary="UNet++, nested skips (Zhou et al. 2018)",
    space=DROPOUT_SPACE,
    hyperparameters=("dropout",),
    multiple_of=lambda keys: 2**keys.depth,
    needs={"bn_momentum": lambda keys: keys.batch_norm},
)
