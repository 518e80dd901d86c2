"""3-D U-Net: whole patches of a volume, convolved and pooled along all three axes.

Source: Cicek et al. 2016, with same-size convolutions. As there, the second convolution of a level
has twice the filters of the first, so that no pooling meets a bottleneck.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from ablation.models.blocks import BlockStyle, dropout, normalised, relu
from ablation.models.design import Design, NetworkInput
from ablation.models.families.keys import DROPOUT_SPACE, DecoderDropoutKeys, MomentumKeys
from ablation.plugins.keys import Count
from ablation.plugins.lazy import initializers, keras, layers

if TYPE_CHECKING:
    from ablation.models.hyperparameters import Hyperparameters


class UNet3DKeys(DecoderDropoutKeys, MomentumKeys):
    """Keys of the 3-D U-Net."""

    name: str = Field("unet3d", description="design")
    base: Count = Field(16, description="filters of the first level")
    depth: Count = Field(3, description="poolings")


def build(keys: UNet3DKeys, inputs: NetworkInput, hyperparameters: Hyperparameters) -> Any:
    """Return the 3-D U-Net of `depth` poolings that starts with `base` filters."""
    style = BlockStyle(True, keys.bn_momentum, None, "between")
    images = x = layers.Input(inputs.shape, name="images")
    skips = []
    for level in range(keys.depth):
        first = keys.base * 2**level
        x = double_conv3d(x, (first, 2 * first), style, f"encoder{level}")
        skips.append(x)
        x = layers.MaxPooling3D(2, name=f"encoder{level}_pool")(x)
    first = keys.base * 2**keys.depth
    x = double_conv3d(x, (first, 2 * first), style, "bottleneck")
    for level in reversed(range(keys.depth)):
        name, filters = f"decoder{level}", keys.base * 2 ** (level + 1)
        x = layers.Conv3DTranspose(
            x.shape[-1],
            2,
            strides=2,
            kernel_initializer=initializers.HeNormal(),
            name=f"{name}_up",
        )(x)
        x = layers.Concatenate(name=f"{name}_concat")([x, skips[level]])
        x = double_conv3d(x, (filters, filters), style, name)
        x = dropout(x, hyperparameters.dropout, f"{name}_dropout")
    head = layers.Conv3D(
        inputs.targets,
        1,
        kernel_initializer=initializers.GlorotUniform(),
        dtype="float32",
        name="logits",
    )
    return keras.Model(images, head(x), name=keys.name)


def double_conv3d(x: Any, filters: tuple[int, int], style: BlockStyle, name: str) -> Any:
    """Return x (batch, slices, rows, columns, ...) after two normalised 3x3x3 convolutions with ReLU."""
    for number, width in enumerate(filters, 1):
        x = layers.Conv3D(
            width,
            3,
            padding="same",
            kernel_initializer=initializers.HeNormal(),
            name=f"{name}_conv{number}",
        )(x)
        x = relu(normalised(x, style, f"{name}_bn{number}"), f"{name}_relu{number}")
    return x


DESIGN = Design(
    name="unet3d",
    keys=UNet3DKeys,
    build=build,
    summary="3-D U-Net (Cicek et al. 2016) on patches of the volume, same-size convolutions",
    space=DROPOUT_SPACE,
    hyperparameters=("dropout",),
    input="3d",
    multiple_of=lambda keys: 2**keys.depth,
)
