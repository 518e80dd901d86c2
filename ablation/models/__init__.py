"""The network designs by name, and the one function that builds them; loads no TensorFlow.

A new design is one module with a build function and one line in `MODELS`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ablation.config.sections import ModelConfig
from ablation.errors import UsageError, nearest

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ablation.models.dropout import DropoutState

__all__ = [
    "MODELS",
    "Family",
    "build",
    "check",
    "count_parameters",
    "encoder_weights",
    "family",
    "structure",
]


@dataclass(frozen=True, slots=True)
class Family:
    """A design: where its build function lives and what it reads of `ModelConfig`."""

    module: str
    """Module with the function `build(model, image_shape, dropout) -> keras.Model`."""
    keys: tuple[str, ...]
    """Structural keys: a change of one needs a new network. `dropout` is none of them."""
    multiple_of: Callable[[ModelConfig], int]
    """Rows and columns of the image have to be multiples of this."""
    summary: str
    needs: Mapping[str, Callable[[ModelConfig], bool]] = field(default_factory=dict)
    """Key -> whether it changes anything, where other keys decide that."""
    encoder: str | None = None
    """Ready-made encoder that `pretrained` gives weights to, one of `weights.ENCODERS`."""


_UNET_KEYS = ("base", "depth", "batch_norm", "bn_momentum", "dropout_site", "dropout_scope")
_ENCODER_KEYS = ("stem", "pretrained", "encoder_trainable", "bn_momentum")

MODELS: dict[str, Family] = {
    "unet": Family(
        module="ablation.models.families.unet",
        keys=_UNET_KEYS,
        multiple_of=lambda model: 2**model.depth,
        summary="U-Net (Ronneberger et al. 2015), same-size convolutions",
        needs={"bn_momentum": lambda model: model.batch_norm},
    ),
    "resupnet": Family(
        module="ablation.models.families.resupnet",
        keys=(
            "attention",
            "skips",
            "residual_decoder",
            "decoder_width",
            *_ENCODER_KEYS,
            "dropout_site",
            "dropout_scope",
        ),
        multiple_of=lambda _: 32,
        summary="ResNet50 encoder, attention-gated skips, upsampling decoder",
        needs={"attention": lambda model: model.skips},
        encoder="ResNet50",
    ),
    "attention_unet": Family(
        module="ablation.models.families.attention_unet",
        keys=(*_UNET_KEYS, "gate"),
        multiple_of=lambda model: 2**model.depth,
        summary="U-Net with attention-gated skips (Oktay et al. 2018)",
        needs={"bn_momentum": lambda model: model.batch_norm or model.gate == "coarse"},
    ),
    "resnet_fcn": Family(
        module="ablation.models.families.resnet_fcn",
        keys=("decoder_width", *_ENCODER_KEYS, "dropout_scope"),
        multiple_of=lambda _: 32,
        summary="ResNet50 encoder, upsampling decoder without skips",
        encoder="ResNet50",
    ),
}


def family(name: str) -> Family:
    """Return the design called `name`; raise `UsageError` naming the nearest one."""
    if name not in MODELS:
        raise UsageError(f"model.name {name!r} does not exist", hint=nearest(name, MODELS))
    return MODELS[name]


def structure(model: ModelConfig) -> dict[str, object]:
    """Return the keys that decide the network's shape; equal structure, equal network.

    >>> structure(ModelConfig(name="unet", base=16))["base"]
    16
    """
    design = family(model.name)
    read = [key for key in design.keys if key not in design.needs or design.needs[key](model)]
    return {"name": model.name} | {key: getattr(model, key) for key in read}


def build(
    model: ModelConfig, image_shape: tuple[int, int, int], dropout: DropoutState, precision: str
) -> Any:
    """Return the `keras.Model` for images (rows, columns, channels), giving logits.

    Its last layer is called `logits`: (batch, rows, columns, 1), float32, before the sigmoid.

    Args:
        model: The design and its switches.
        image_shape: (rows, columns, channels) of one slice.
        dropout: Rate and seed that every dropout layer reads while training.
        precision: `float32` or `mixed_float16`, of this network only.

    Raises:
        UsageError: The design does not exist or does not take this image.
    """
    check(model, image_shape)
    design = family(model.name)
    from ablation.models.precision import layers_in

    module = importlib.import_module(design.module)
    with layers_in(precision):
        return module.build(model, image_shape, dropout)


def encoder_weights(model: ModelConfig) -> dict[str, npt.NDArray[np.float32]]:
    """Return the values the encoder starts from, "layer/variable" -> array; none: all are drawn.

    Raises:
        DataError: The file is missing or not the right one.
    """
    from ablation.models import weights

    weights.check(model)
    path = weights.path_of(model)
    if path is None:
        return {}
    from ablation.models.encoders.resnet50 import read_weights

    return read_weights(path, model)


def count_parameters(model: ModelConfig, image_shape: tuple[int, int, int]) -> int:
    """Return how many numbers the network has, batch-normalisation statistics included."""
    from ablation.models.dropout import DropoutState

    return int(build(model, image_shape, DropoutState(), "float32").count_params())


def check(model: ModelConfig, image_shape: tuple[int, int, int]) -> None:
    """Refuse a design that does not exist, does not take such images or has no such weights.

    Raises:
        UsageError: Naming the setting and what to do.
    """
    side = family(model.name).multiple_of(model)
    rows, columns, _ = image_shape
    if rows % side or columns % side:
        raise UsageError(
            f"{model.name} takes images whose sides are multiples of {side}, not {rows}x{columns}",
            hint=f"Set data.image_size to {max(side, round(rows / side) * side)}.",
        )
