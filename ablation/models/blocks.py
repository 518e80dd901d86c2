"""The pieces networks are made of: convolution blocks, upsampling, attention gate, head.

Tensors are (batch, rows, columns, channels). Every layer has a fixed name: its initial weights and
its dropout masks are drawn from a stream of that name, so designs that share a layer share both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ablation.plugins.lazy import initializers, layers

if TYPE_CHECKING:
    from ablation.models.hyperparameters import DropoutState


@dataclass(frozen=True, slots=True)
class BlockStyle:
    """How the convolution blocks of a network are built."""

    batch_norm: bool
    bn_momentum: float
    dropout: DropoutState | None
    """None: no dropout layer in these blocks."""
    dropout_site: Literal["between", "after"]


def double_conv(x: Any, filters: int, style: BlockStyle, name: str) -> Any:
    """Return x after two 3x3 convolutions with ReLU, (..., filters).

    Source: Ronneberger et al. 2015; batch normalisation between convolution and ReLU.
    """
    x = relu(
        normalised(conv(x, filters, 3, f"{name}_conv1"), style, f"{name}_bn1"), f"{name}_relu1"
    )
    x = _drop(x, style, "between", name)
    x = relu(
        normalised(conv(x, filters, 3, f"{name}_conv2"), style, f"{name}_bn2"), f"{name}_relu2"
    )
    return _drop(x, style, "after", name)


def residual_conv(x: Any, filters: int, style: BlockStyle, name: str, *, stride: int = 1) -> Any:
    """Return ReLU(two normalised 3x3 convolutions + a normalised 1x1 shortcut), (..., filters).

    The extent is x's divided by the stride.

    Source: He et al. 2016, original order of convolution, normalisation and ReLU.
    """
    shortcut = normalised(
        conv(x, filters, 1, f"{name}_shortcut", stride=stride), style, f"{name}_shortcut_bn"
    )
    x = relu(
        normalised(conv(x, filters, 3, f"{name}_conv1", stride=stride), style, f"{name}_bn1"),
        f"{name}_relu1",
    )
    x = _drop(x, style, "between", name)
    x = normalised(conv(x, filters, 3, f"{name}_conv2"), style, f"{name}_bn2")
    x = relu(layers.Add(name=f"{name}_add")([x, shortcut]), f"{name}_relu2")
    return _drop(x, style, "after", name)


def conv(x: Any, filters: int, size: int, name: str, *, stride: int = 1, bias: bool = True) -> Any:
    """Return x after one convolution, He-normal kernel; its extent is x's divided by the stride."""
    return layers.Conv2D(
        filters,
        size,
        strides=stride,
        padding="same",
        use_bias=bias,
        kernel_initializer=initializers.HeNormal(),
        name=name,
    )(x)


def normalised(x: Any, style: BlockStyle, name: str) -> Any:
    """Return x batch-normalised if the style asks for it."""
    if not style.batch_norm:
        return x
    return layers.BatchNormalization(momentum=style.bn_momentum, name=name)(x)


def relu(x: Any, name: str) -> Any:
    """Return max(x, 0)."""
    return layers.Activation("relu", name=name)(x)


def upsample(x: Any, filters: int, name: str) -> Any:
    """Return x at twice its rows and columns, by a 2x2 transposed convolution."""
    return layers.Conv2DTranspose(
        filters, 2, strides=2, kernel_initializer=initializers.HeNormal(), name=name
    )(x)


def scaled(filters: int, factor: float) -> int:
    """Return a layer's width times a factor, at least 8."""
    return max(8, round(filters * factor))


def attention_gate(skip: Any, gate: Any, filters: int, name: str) -> Any:
    """Return the skip features multiplied by the attention coefficients.

    The gate has the skip's extent, as in most code after Oktay et al. 2018 (they use the grid
    below: `coarse_attention_gate`); `filters` is the width the two are compared in.
    """
    weight = _coefficients(_pointwise(skip, filters, f"{name}_skip"), gate, filters, name)
    return layers.Multiply(name=f"{name}_multiply")([skip, weight])


def coarse_attention_gate(skip: Any, gate: Any, filters: int, momentum: float, name: str) -> Any:
    """Return the skip weighted by a gate of half its rows and columns.

    The skip is brought down to the gate by a strided convolution, the weights are brought back up
    bilinearly, and what passes is mixed and batch-normalised with that momentum.

    Source: Oktay et al. 2018.
    """
    below = layers.Conv2D(
        filters,
        2,
        strides=2,
        use_bias=False,
        kernel_initializer=initializers.GlorotUniform(),
        name=f"{name}_skip",
    )(skip)
    weight = _coefficients(below, gate, filters, name)
    weight = layers.UpSampling2D(2, interpolation="bilinear", name=f"{name}_up")(weight)
    passed = layers.Multiply(name=f"{name}_multiply")([skip, weight])
    passed = _pointwise(passed, skip.shape[-1], f"{name}_mix")
    return layers.BatchNormalization(momentum=momentum, name=f"{name}_bn")(passed)


def logits(x: Any, targets: int = 1, name: str = "logits") -> Any:
    """Return a channel for each target before the sigmoid, float32 whatever the network's precision."""
    return layers.Conv2D(
        targets, 1, kernel_initializer=initializers.GlorotUniform(), dtype="float32", name=name
    )(x)


def dropout(x: Any, state: DropoutState, name: str, *, whole_channels: bool = False) -> Any:
    """Return x with a share of its values, or channels, zeroed while training, as `state` says."""
    from ablation.models.hyperparameters import VariableDropout

    return VariableDropout(state, name, whole_channels=whole_channels)(x)


def squeeze_excite(x: Any, ratio: int, name: str) -> Any:
    """Return x with each channel multiplied by a weight in 0..1 that the whole image decides.

    `ratio` is the number of channels divided by the width of the hidden layer.

    Source: Hu et al. 2018, squeeze-and-excitation.
    """
    channels = x.shape[-1]
    weight = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_mean")(x)
    weight = layers.Dense(
        max(1, channels // ratio),
        activation="relu",
        kernel_initializer=initializers.HeNormal(),
        name=f"{name}_squeeze",
    )(weight)
    weight = layers.Dense(
        channels,
        activation="sigmoid",
        kernel_initializer=initializers.GlorotUniform(),
        name=f"{name}_excite",
    )(weight)
    return layers.Multiply(name=f"{name}_multiply")([x, weight])


def _coefficients(skip: Any, gate: Any, filters: int, name: str) -> Any:
    """Return an attention coefficient in 0..1 for every pixel, (..., 1)."""
    added = layers.Add(name=f"{name}_add")([skip, _pointwise(gate, filters, f"{name}_gate")])
    weight = _pointwise(relu(added, f"{name}_relu"), 1, f"{name}_weight")
    return layers.Activation("sigmoid", name=f"{name}_sigmoid")(weight)


def _pointwise(x: Any, filters: int, name: str) -> Any:
    return layers.Conv2D(filters, 1, kernel_initializer=initializers.GlorotUniform(), name=name)(x)


def _drop(x: Any, style: BlockStyle, site: str, name: str) -> Any:
    if style.dropout is None or style.dropout_site != site:
        return x
    return dropout(x, style.dropout, f"{name}_dropout")
