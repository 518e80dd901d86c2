"""U-Net: an encoder, a bottleneck and a decoder that meets the encoder's maps again.

Source: Ronneberger et al. 2015, with same-size convolutions as in most medical code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ablation.models.blocks import BlockStyle, double_conv, logits, upsample
from ablation.models.design import Design, NetworkInput
from ablation.models.families.keys import DROPOUT_SPACE, BlockKeys, MomentumKeys
from ablation.plugins.keys import Count
from ablation.plugins.lazy import keras, layers

if TYPE_CHECKING:
    from ablation.models.hyperparameters import Hyperparameters

# (keys, skip, decoder before and after upsampling, name of the stage) -> what of the skip passes
Gate = Callable[[Any, Any, Any, Any, str], Any]


class UNetKeys(BlockKeys, MomentumKeys):
    """Keys of the U-Nets."""

    name: str = Field("unet", description="design")
    base: Count = Field(64, description="filters of the first level")
    depth: Count = Field(4, description="poolings")
    batch_norm: bool = Field(False, description="batch normalisation after each convolution")


def build(keys: UNetKeys, inputs: NetworkInput, hyperparameters: Hyperparameters) -> Any:
    """Return the U-Net of `depth` poolings that starts with `base` filters."""
    return network(keys, inputs, hyperparameters, None)


def network(
    keys: UNetKeys, inputs: NetworkInput, hyperparameters: Hyperparameters, gate: Gate | None
) -> Any:
    """Return the U-Net, its skips gated or as they are."""
    widths = [keys.base * 2**level for level in range(keys.depth)]
    images = x = layers.Input(inputs.shape, name="images")
    skips = []
    for level, filters in enumerate(widths):
        x = double_conv(x, filters, _style(keys, hyperparameters, "encoder"), f"encoder{level}")
        skips.append(x)
        x = layers.MaxPooling2D(2, name=f"encoder{level}_pool")(x)
    bottleneck = _style(keys, hyperparameters, "bottleneck")
    x = double_conv(x, 2 * widths[-1], bottleneck, "bottleneck")
    for level in reversed(range(keys.depth)):
        name = f"decoder{level}"
        below, x = x, upsample(x, widths[level], f"{name}_up")
        skip = skips[level] if gate is None else gate(keys, skips[level], below, x, name)
        x = layers.Concatenate(name=f"{name}_concat")([x, skip])
        x = double_conv(x, widths[level], _style(keys, hyperparameters, "decoder"), name)
    return keras.Model(images, logits(x, inputs.targets), name=keys.name)


def _style(keys: UNetKeys, hyperparameters: Hyperparameters, part: str) -> BlockStyle:
    has_dropout = keys.dropout_scope in ("all", part)
    return BlockStyle(
        batch_norm=keys.batch_norm,
        bn_momentum=keys.bn_momentum,
        dropout=hyperparameters.dropout if has_dropout else None,
        dropout_site=keys.dropout_site,
    )


DESIGN = Design(
    name="unet",
    keys=UNetKeys,
    build=build,
    summary="U-Net (Ronneberger et al. 2015), same-size convolutions",
    space=DROPOUT_SPACE,
    hyperparameters=("dropout",),
    multiple_of=lambda keys: 2**keys.depth,
    needs={"bn_momentum": lambda keys: keys.batch_norm},
)
