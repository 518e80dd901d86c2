"""Dense U-Net: a U-Net whose levels are densely connected blocks.

Source: the dense block of Huang et al. 2017 in the U-Net of Ronneberger et al. 2015. No single
publication fixes the combination: four layers a block, a quarter of the level's width each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from ablation.models.blocks import BlockStyle, conv, dropout, logits, normalised, relu, upsample
from ablation.models.design import Design, NetworkInput
from ablation.models.families.keys import DROPOUT_SPACE, DecoderDropoutKeys, MomentumKeys
from ablation.plugins.keys import Count
from ablation.plugins.lazy import keras, layers

if TYPE_CHECKING:
    from ablation.models.hyperparameters import Hyperparameters

LAYERS = 4
"""3x3 convolutions of a block, each a quarter of the block's width."""


class DenseUNetKeys(DecoderDropoutKeys, MomentumKeys):
    """Keys of the dense U-Net."""

    name: str = Field("dense_unet", description="design")
    base: Count = Field(32, description="filters of the first level")
    depth: Count = Field(4, description="poolings")


def build(keys: DenseUNetKeys, inputs: NetworkInput, hyperparameters: Hyperparameters) -> Any:
    """Return the network; each block's layers read all earlier ones of the block."""
    widths = [keys.base * 2**level for level in range(keys.depth)]
    style = BlockStyle(True, keys.bn_momentum, None, "between")
    images = x = layers.Input(inputs.shape, name="images")
    skips = []
    for level, filters in enumerate(widths):
        x = dense_block(x, filters, style, f"encoder{level}")
        skips.append(x)
        x = layers.MaxPooling2D(2, name=f"encoder{level}_pool")(x)
    x = dense_block(x, 2 * widths[-1], style, "bottleneck")
    for level in reversed(range(keys.depth)):
        name = f"decoder{level}"
        x = upsample(x, widths[level], f"{name}_up")
        x = layers.Concatenate(name=f"{name}_concat")([x, skips[level]])
        x = dense_block(x, widths[level], style, name)
        x = dropout(x, hyperparameters.dropout, f"{name}_dropout")
    return keras.Model(images, logits(x, inputs.targets), name=keys.name)


def dense_block(x: Any, filters: int, style: BlockStyle, name: str) -> Any:
    """Return a 1x1 mixture of x and of four 3x3 layers that read x and each other, (..., filters)."""
    read = [x]
    for number in range(1, LAYERS + 1):
        together = read[0] if number == 1 else layers.Concatenate(name=f"{name}_read{number}")(read)
        read.append(_layer(together, max(1, filters // LAYERS), 3, style, name, number))
    together = layers.Concatenate(name=f"{name}_read{LAYERS + 1}")(read)
    return _layer(together, filters, 1, style, name, LAYERS + 1)


def _layer(x: Any, filters: int, size: int, style: BlockStyle, name: str, number: int) -> Any:
    x = conv(x, filters, size, f"{name}_conv{number}", bias=False)
    return relu(normalised(x, style, f"{name}_bn{number}"), f"{name}_relu{number}")


DESIGN = Design(
    name="dense_unet",
    keys=DenseUNetKeys,
    build=build,
    summary="U-Net of densely connected blocks (Huang et al. 2017)",
    space=DROPOUT_SPACE,
    hyperparameters=("dropout",),
    multiple_of=lambda keys: 2**keys.depth,
)
