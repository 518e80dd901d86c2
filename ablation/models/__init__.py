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
    from ablation.models.dropout import DropoutState

__all__ = ["MODELS", "Family", "build", "check", "family", "structure"]


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
    needs: Mapping[str, str] = field(default_factory=dict)
    """Key -> the switch without which it changes nothing."""


MODELS: dict[str, Family] = {
    "unet": Family(
        module="ablation.models.unet",
        keys=("base", "depth", "batch_norm", "bn_momentum", "dropout_site", "dropout_scope"),
        multiple_of=lambda model: 2**model.depth,
        summary="U-Net (Ronneberger et al. 2015), same-size convolutions",
        needs={"bn_momentum": "batch_norm"},
    ),
    "resupnet": Family(
        module="ablation.models.resupnet",
        keys=(
            "attention",
            "skips",
            "residual_decoder",
            "decoder_width",
            "stem",
            "pretrained",
            "bn_momentum",
            "dropout_site",
            "dropout_scope",
        ),
        multiple_of=lambda _: 32,
        summary="ResNet50 encoder, attention-gated skips, upsampling decoder",
        needs={"attention": "skips"},
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
    read = [key for key in design.keys if getattr(model, design.needs.get(key, key), True)]
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
    if "pretrained" in family(model.name).keys and model.pretrained != "none":
        raise UsageError(
            f"model.pretrained {model.pretrained!r} does not exist",
            hint="Write --set model.pretrained=none; encoders start from random weights.",
        )
