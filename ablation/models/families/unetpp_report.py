"""The network that a student report calls UNet++: a U-Net with a second refining path.

It has no nested grid and no deep supervision, so it is not UNet++ (`unetpp`): raw encoder maps go
up one level as well. It is kept apart so that the report's comparison can be repeated.
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

DEPTH = 4


class UNetPPReportKeys(DecoderDropoutKeys, MomentumKeys):
    """Keys of the report's network."""

    name: str = Field("unetpp_report", description="design")
    base: Count = Field(64, description="filters of the first level")


def build(keys: UNetPPReportKeys, inputs: NetworkInput, hyperparameters: Hyperparameters) -> Any:
    """Return the network; blocks carry the report's names, x32 lies at level 2."""
    base, style = keys.base, BlockStyle(True, keys.bn_momentum, None, "between")

    def block(name: str, filters: int, ups: dict[str, tuple[Any, int]], same: Any) -> Any:
        """Return the block of a map of its level and of maps below, upsampled to so many filters."""
        raised = [
            upsample(x, base * width, f"decoder_{name}_up_{key}") for key, (x, width) in ups.items()
        ]
        read = layers.Concatenate(name=f"decoder_{name}_concat")([*raised, same])
        return double_conv(read, base * filters, style, f"decoder_{name}")

    images = x = layers.Input(inputs.shape, name="images")
    encoder = []
    for level in range(DEPTH + 1):
        if level:
            x = layers.MaxPooling2D(2, name=f"encoder{level - 1}_pool")(x)
        x = double_conv(x, base * 2**level, style, f"encoder{level}")
        encoder.append(x)
    x00, x10, x20, x30, x40 = encoder
    x31 = block("x31", 8, {"x40": (x40, 8)}, x30)
    x22 = block("x22", 4, {"x31": (x31, 4)}, x20)
    x32 = block("x32", 8, {"x31": (x31, 4), "x30": (x30, 8)}, x22)
    x13 = block("x13", 2, {"x22": (x22, 2)}, x10)
    x23 = block("x23", 4, {"x32": (x32, 2), "x20": (x20, 4)}, x13)
    x04 = block("x04", 1, {"x13": (x13, 1)}, x00)
    x14 = block("x14", 2, {"x23": (x23, 1), "x10": (x10, 2)}, x04)
    x14 = dropout(x14, hyperparameters.dropout, "decoder_dropout")
    return keras.Model(images, logits(x14, inputs.targets), name=keys.name)


DESIGN = Design(
    name="unetpp_report",
    keys=UNetPPReportKeys,
    build=build,
    summary="a student report's UNet++: U-Net with a second refining path, not nested",
    space=DROPOUT_SPACE,
    hyperparameters=("dropout",),
    multiple_of=lambda _: 2**DEPTH,
)
