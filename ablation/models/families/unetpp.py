"""UNet++: a U-Net whose skips are grids of blocks between encoder and decoder.

Source: Zhou et al. 2018.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field, model_validator

from ablation.errors import UsageError
from ablation.models.blocks import BlockStyle, double_conv, dropout, logits, upsample
from ablation.models.design import Design, Head, NetworkInput
from ablation.models.families.keys import DROPOUT_SPACE, DecoderDropoutKeys, MomentumKeys
from ablation.plugins.keys import Count, Weights
from ablation.plugins.lazy import keras, layers

if TYPE_CHECKING:
    from ablation.models.hyperparameters import Hyperparameters


class UNetPPKeys(DecoderDropoutKeys, MomentumKeys):
    """Keys of UNet++."""

    name: str = Field("unetpp", description="design")
    base: Count = Field(32, description="filters of the first level")
    depth: Count = Field(4, description="poolings")
    batch_norm: bool = Field(True, description="batch normalisation after each convolution")
    deep_supervision: bool = Field(
        False, description="a head for each nested U-Net; their mean probability predicts"
    )
    ds_head: Count | None = Field(
        None,
        description="with deep_supervision the head that predicts alone, 1 the shallowest; "
        "none: the mean of all",
    )
    ds_weights: Weights | None = Field(
        None,
        description="with deep_supervision weights of the heads' losses, the shallowest first, "
        "as 1,1,2,4; none: equal",
    )

    @model_validator(mode="after")
    def _refuse_heads_it_has_not(self) -> UNetPPKeys:
        if self.ds_head is not None and self.ds_head > self.depth:
            raise UsageError(
                f"model.ds_head={self.ds_head}: unetpp with model.depth={self.depth} has "
                f"{self.depth} heads",
                hint=f"Write a number of 1 to {self.depth}.",
            )
        if self.ds_weights is not None and len(self.ds_weights) != self.depth:
            raise UsageError(
                f"model.ds_weights has {len(self.ds_weights)} weights: unetpp with "
                f"model.depth={self.depth} has {self.depth} heads",
                hint="Write a weight for each head, the shallowest first.",
            )
        return self


def build(keys: UNetPPKeys, inputs: NetworkInput, hyperparameters: Hyperparameters) -> Any:
    """Return the network.

    A block reads all earlier ones of its level, and the last one of the level below, upsampled.
    With deep supervision each block of the first level but the encoder's has a head.
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
    heads = []
    for head, x in zip(_heads(keys), grid[0][-len(_heads(keys)) :], strict=True):
        part = head.name.replace("logits", "decoder")
        x = dropout(x, hyperparameters.dropout, f"{part}_dropout")
        heads.append(logits(x, inputs.targets, head.name))
    return keras.Model(images, heads if len(heads) > 1 else heads[0], name=keys.name)


def _heads(keys: UNetPPKeys) -> tuple[Head, ...]:
    """Return the heads, the shallowest first; the last has the same name with and without others."""
    others = range(1, keys.depth) if keys.deep_supervision else ()
    return (*(Head(f"logits_{number}") for number in others), Head())


def _predicting(keys: UNetPPKeys) -> tuple[int, ...]:
    if not keys.deep_supervision:
        return (-1,)
    return tuple(range(keys.depth)) if keys.ds_head is None else (keys.ds_head - 1,)


DESIGN = Design(
    name="unetpp",
    keys=UNetPPKeys,
    build=build,
    summary="UNet++, nested skips (Zhou et al. 2018)",
    space=DROPOUT_SPACE,
    hyperparameters=("dropout",),
    multiple_of=lambda keys: 2**keys.depth,
    heads=_heads,
    predicting=_predicting,
    head_weights="ds_weights",
    needs={
        "bn_momentum": lambda keys: keys.batch_norm,
        "ds_head": lambda keys: keys.deep_supervision,
        "ds_weights": lambda keys: keys.deep_supervision,
    },
)
