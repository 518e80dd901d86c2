"""Residual U-Net: a U-Net of pre-activation residual units, which stride instead of pooling.

Source: Zhang et al. 2018, "Road extraction by deep residual U-Net".
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


class ResidualUNetKeys(DecoderDropoutKeys, MomentumKeys):
    """Keys of the residual U-Net."""

    name: str = Field("residual_unet", description="design")
    base: Count = Field(64, description="filters of the first level")
    depth: Count = Field(3, description="times that the image is halved")


def build(keys: ResidualUNetKeys, inputs: NetworkInput, hyperparameters: Hyperparameters) -> Any:
    """Return the network; each level's first convolution halves the image, none is pooled."""
    widths = [keys.base * 2**level for level in range(keys.depth)]
    style = BlockStyle(True, keys.bn_momentum, None, "between")
    images = x = layers.Input(inputs.shape, name="images")
    skips = []
    for level, filters in enumerate(widths):
        x = unit(x, filters, style, f"encoder{level}", stride=2 if level else 1)
        skips.append(x)
    x = unit(x, 2 * widths[-1], style, "bottleneck", stride=2)
    for level in reversed(range(keys.depth)):
        name = f"decoder{level}"
        x = upsample(x, widths[level], f"{name}_up")
        x = layers.Concatenate(name=f"{name}_concat")([x, skips[level]])
        x = unit(x, widths[level], style, name)
        x = dropout(x, hyperparameters.dropout, f"{name}_dropout")
    return keras.Model(images, logits(x, inputs.targets), name=keys.name)


def unit(x: Any, filters: int, style: BlockStyle, name: str, *, stride: int = 1) -> Any:
    """Return two pre-activated 3x3 convolutions of x plus a 1x1 shortcut, (..., filters).

    The unit that reads the image itself has no normalisation in front.

    Source: He et al. 2016, "Identity mappings in deep residual networks".
    """
    shortcut = normalised(
        conv(x, filters, 1, f"{name}_shortcut", stride=stride), style, f"{name}_shortcut_bn"
    )
    if name != "encoder0":
        x = relu(normalised(x, style, f"{name}_bn1"), f"{name}_relu1")
    x = conv(x, filters, 3, f"{name}_conv1", stride=stride)
    x = relu(normalised(x, style, f"{name}_bn2"), f"{name}_relu2")
    x = conv(x, filters, 3, f"{name}_conv2")
    return layers.Add(name=f"{name}_add")([x, shortcut])


DESIGN = Design(
    name="residual_unet",
    keys=ResidualUNetKeys,
    build=build,
    summary="U-Net of pre-activation residual units (Zhang et al. 2018)",
    space=DROPOUT_SPACE,
    hyperparameters=("dropout",),
    multiple_of=lambda keys: 2**keys.depth,
)
