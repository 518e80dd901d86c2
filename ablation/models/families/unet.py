"""U-Net: an encoder, a bottleneck and a decoder that meets the encoder's maps again.

Source: Ronneberger et al. 2015, with same-size convolutions as in most medical code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from ablation.config.sections import ModelConfig
from ablation.models.blocks import BlockStyle, double_conv, logits, upsample
from ablation.models.dropout import DropoutState

# (model, skip, decoder before and after upsampling, name of the stage) -> what of the skip passes
Gate = Callable[[ModelConfig, Any, Any, Any, str], Any]


def build(model: ModelConfig, image_shape: tuple[int, int, int], dropout: DropoutState) -> Any:
    """Return the U-Net of `model.depth` poolings that starts with `model.base` filters."""
    return network(model, image_shape, dropout, None)


def network(
    model: ModelConfig,
    image_shape: tuple[int, int, int],
    dropout: DropoutState,
    gate: Gate | None,
) -> Any:
    """Return the U-Net, its skips gated or as they are."""
    widths = [model.base * 2**level for level in range(model.depth)]
    images = x = layers.Input(image_shape, name="images")
    skips = []
    for level, filters in enumerate(widths):
        x = double_conv(x, filters, _style(model, dropout, "encoder"), f"encoder{level}")
        skips.append(x)
        x = layers.MaxPooling2D(2, name=f"encoder{level}_pool")(x)
    bottleneck = _style(model, dropout, "bottleneck")
    x = double_conv(x, 2 * widths[-1], bottleneck, "bottleneck")
    for level in reversed(range(model.depth)):
        name = f"decoder{level}"
        below, x = x, upsample(x, widths[level], f"{name}_up")
        skip = skips[level] if gate is None else gate(model, skips[level], below, x, name)
        x = layers.Concatenate(name=f"{name}_concat")([x, skip])
        x = double_conv(x, widths[level], _style(model, dropout, "decoder"), name)
    return keras.Model(images, logits(x), name=model.name)


def _style(model: ModelConfig, dropout: DropoutState, part: str) -> BlockStyle:
    has_dropout = model.dropout_scope in ("all", part)
    return BlockStyle(
        batch_norm=model.batch_norm,
        bn_momentum=model.bn_momentum,
        dropout=dropout if has_dropout else None,
        dropout_site=model.dropout_site,
    )
