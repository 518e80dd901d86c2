"""TransUNet: a transformer between a convolutional encoder and an upsampling decoder.

Source: Chen et al. 2021; the transformer of Dosovitskiy et al. 2021.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from ablation.errors import UsageError
from ablation.models.blocks import (
    BlockStyle,
    conv,
    dropout,
    logits,
    normalised,
    relu,
    residual_conv,
)
from ablation.models.design import Design, NetworkInput
from ablation.models.families.keys import DROPOUT_SPACE, EncoderKeys, Rate, is_frozen
from ablation.plugins.lazy import initializers, keras, layers

if TYPE_CHECKING:
    from ablation.models.hyperparameters import Hyperparameters

STRIDE = 16
"""Rows and columns of the image for each token."""


@dataclass(frozen=True, slots=True)
class Transformer:
    """Size of a transformer."""

    features: int
    blocks: int
    heads: int
    hidden: int
    """Width of the layer between the two of a perceptron."""


BASE = Transformer(features=768, blocks=12, heads=12, hidden=3072)
"""ViT-B."""
COMPACT = Transformer(features=256, blocks=4, heads=8, hidden=1024)
RESNET_SKIPS = ("conv3_block4_out", "conv2_block3_out", "conv1_relu")


class TransUNetKeys(EncoderKeys):
    """Keys of TransUNet."""

    name: str = Field("transunet", description="design")
    variant: Literal["hybrid", "compact", "report"] = Field(
        "hybrid",
        description="hybrid: ResNet50 and ViT-B; compact: a small one for CPUs; report: ViT-B/16 "
        "without skips, of a student report",
    )
    dropout: Rate = Field(0.1, description="dropout rate")

    @model_validator(mode="after")
    def _only_the_hybrid_is_pretrained(self) -> TransUNetKeys:
        if self.pretrained != "none" and self.variant != "hybrid":
            raise UsageError(
                f"model.pretrained={self.pretrained}: variant {self.variant} of transunet has no "
                "ready-made encoder",
                hint="Write --set model.variant=hybrid, or --set model.pretrained=none.",
            )
        return self


def build(keys: TransUNetKeys, inputs: NetworkInput, hyperparameters: Hyperparameters) -> Any:
    """Return the network; its table of positions ties it to the image's size."""
    images = layers.Input(inputs.shape, name="images")
    style = BlockStyle(True, keys.bn_momentum, None, "between")
    if keys.variant == "report":
        x = _report(images, style, hyperparameters)
    elif keys.variant == "compact":
        x = _compact(images, style, hyperparameters)
    else:
        x = _hybrid(images, keys, style, hyperparameters)
    return keras.Model(images, logits(x, inputs.targets), name=keys.name)


def _hybrid(
    images: Any, keys: TransUNetKeys, style: BlockStyle, hyperparameters: Hyperparameters
) -> Any:
    from ablation.models.encoders.resnet50 import resnet50

    encoder = resnet50(images, keys)
    x = conv(encoder.get_layer("conv4_block6_out").output, BASE.features, 1, "embedding")
    x = _on_grid(_encoded(_tokens(x), BASE, hyperparameters), x)
    x = _normal_conv(x, 512, style, "bottleneck")
    skips = [encoder.get_layer(name).output for name in RESNET_SKIPS]
    return _cascade(x, (256, 128, 64, 16), skips, style)


def _compact(images: Any, style: BlockStyle, hyperparameters: Hyperparameters) -> Any:
    x = relu(normalised(conv(images, 32, 3, "stem_conv"), style, "stem_bn"), "stem_relu")
    stages = []
    for level, filters in enumerate((32, 64, 128, 256)):
        x = residual_conv(x, filters, style, f"encoder{level}", stride=2)
        stages.append(x)
    x = conv(x, COMPACT.features, 1, "embedding")
    x = _on_grid(_encoded(_tokens(x), COMPACT, hyperparameters), x)
    x = _normal_conv(x, 256, style, "bottleneck")
    return _cascade(x, (128, 64, 32, 16), stages[-2::-1], style)


def _report(images: Any, style: BlockStyle, hyperparameters: Hyperparameters) -> Any:
    """Return the report's decoder of a ViT-B/16, whose class token is left out of it."""
    from ablation.models.tokens import ClassToken

    patches = layers.Conv2D(
        BASE.features,
        STRIDE,
        strides=STRIDE,
        kernel_initializer=initializers.GlorotUniform(),
        name="embedding",
    )(images)
    x = ClassToken("class_token")(_tokens(patches))
    x = _encoded(x, BASE, hyperparameters)
    x = _on_grid(layers.Cropping1D((1, 0), name="without_class_token")(x), patches)
    for number, filters in enumerate((512, 256, 128, 64)):
        name = f"decoder{3 - number}"
        x = layers.Conv2DTranspose(
            filters,
            3,
            strides=2,
            padding="same",
            kernel_initializer=initializers.HeNormal(),
            name=f"{name}_up",
        )(x)
        x = relu(normalised(x, style, f"{name}_bn"), f"{name}_relu")
    return x


def _tokens(x: Any) -> Any:
    """Return a map as (batch, rows * columns, features)."""
    return layers.Reshape((x.shape[1] * x.shape[2], x.shape[3]), name="tokens")(x)


def _on_grid(x: Any, like: Any) -> Any:
    """Return tokens as a map of the extent of another."""
    return layers.Reshape((*like.shape[1:3], x.shape[-1]), name="grid")(x)


def _encoded(x: Any, size: Transformer, hyperparameters: Hyperparameters) -> Any:
    """Return tokens after the transformer: attention and perceptron, each normalised first."""
    from ablation.models.tokens import DotProductAttention, Positions

    x = Positions("positions")(x)
    x = dropout(x, hyperparameters.dropout, "positions_dropout")
    for number in range(size.blocks):
        name = f"transformer{number}"
        read = _layer_norm(x, f"{name}_norm1")
        parts = [
            _dense(read, size.features, f"{name}_{part}") for part in ("query", "key", "value")
        ]
        mixed = DotProductAttention(size.heads, f"{name}_attention")(*parts)
        mixed = _dense(mixed, size.features, f"{name}_projection")
        x = layers.Add(name=f"{name}_add1")([x, mixed])
        read = _dense(_layer_norm(x, f"{name}_norm2"), size.hidden, f"{name}_mlp1")
        read = layers.Activation("gelu", name=f"{name}_gelu")(read)
        read = dropout(read, hyperparameters.dropout, f"{name}_dropout1")
        read = _dense(read, size.features, f"{name}_mlp2")
        read = dropout(read, hyperparameters.dropout, f"{name}_dropout2")
        x = layers.Add(name=f"{name}_add2")([x, read])
    return _layer_norm(x, "transformer_norm")


def _cascade(x: Any, widths: Sequence[int], skips: Sequence[Any], style: BlockStyle) -> Any:
    """Return the map after bilinear upsampling, skip and two convolutions at each level."""
    for number, filters in enumerate(widths):
        name = f"decoder{len(widths) - 1 - number}"
        x = layers.UpSampling2D(2, interpolation="bilinear", name=f"{name}_up")(x)
        if number < len(skips):
            x = layers.Concatenate(name=f"{name}_concat")([x, skips[number]])
        x = _normal_conv(_normal_conv(x, filters, style, f"{name}_1"), filters, style, f"{name}_2")
    return x


def _normal_conv(x: Any, filters: int, style: BlockStyle, name: str) -> Any:
    x = normalised(conv(x, filters, 3, f"{name}_conv", bias=False), style, f"{name}_bn")
    return relu(x, f"{name}_relu")


def _dense(x: Any, features: int, name: str) -> Any:
    return layers.Dense(features, kernel_initializer=initializers.GlorotUniform(), name=name)(x)


def _layer_norm(x: Any, name: str) -> Any:
    return layers.LayerNormalization(epsilon=1e-6, name=name)(x)


def _of_hybrid(keys: Any) -> bool:
    return bool(keys.variant == "hybrid")


DESIGN = Design(
    name="transunet",
    keys=TransUNetKeys,
    build=build,
    summary="transformer between a ResNet50 and an upsampling decoder (Chen et al. 2021)",
    space=DROPOUT_SPACE,
    hyperparameters=("dropout",),
    multiple_of=lambda _: STRIDE,
    needs={
        "stem": _of_hybrid,
        "pretrained": _of_hybrid,
        "encoder_scaling": _of_hybrid,
        "encoder_trainable": _of_hybrid,
        "unfreeze_epoch": lambda keys: _of_hybrid(keys) and is_frozen(keys),
    },
    encoder="ResNet50",
)
