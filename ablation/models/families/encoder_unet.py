"""U-Nets whose encoder is ready-made: the decoder that meets its stages again.

Source: Ronneberger et al. 2015; each decoder block is two convolutions with batch normalisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ablation.models.blocks import BlockStyle, double_conv, dropout, logits, scaled, upsample
from ablation.models.design import NetworkInput
from ablation.models.encoders import ENCODERS
from ablation.models.families.keys import DecoderDropoutKeys, EncoderKeys
from ablation.plugins.keys import Positive
from ablation.plugins.lazy import keras, layers

if TYPE_CHECKING:
    from ablation.models.hyperparameters import Hyperparameters


class EncoderUNetKeys(EncoderKeys, DecoderDropoutKeys):
    """Keys of U-Nets with a ready-made encoder."""

    decoder_width: Positive = Field(1.0, description="multiplies every decoder width")


def network(
    keys: EncoderUNetKeys,
    inputs: NetworkInput,
    hyperparameters: Hyperparameters,
    encoder: str,
    widths: Sequence[int],
) -> Any:
    """Return the network.

    Args:
        keys: Of the design.
        inputs: What the network is built for.
        hyperparameters: Variables that it reads while training.
        encoder: A name in ENCODERS; its last stage is the bottleneck, the others are skips.
        widths: Filters of the decoder from the bottleneck upwards; a level that the encoder has no
            stage for has no skip.
    """
    images = layers.Input(inputs.shape, name="images")
    built = ENCODERS[encoder].build(images, keys)
    *skips, bottleneck = ENCODERS[encoder].stages
    style = BlockStyle(True, keys.bn_momentum, None, "between")
    x = built.get_layer(bottleneck).output
    for number, width in enumerate(widths):
        filters, name = scaled(width, keys.decoder_width), f"decoder{len(widths) - 1 - number}"
        x = upsample(x, filters, f"{name}_up")
        if skips:
            skip = built.get_layer(skips.pop()).output
            x = layers.Concatenate(name=f"{name}_concat")([x, skip])
        x = double_conv(x, filters, style, name)
        x = dropout(x, hyperparameters.dropout, f"{name}_dropout")
    return keras.Model(images, logits(x, inputs.targets), name=keys.name)
