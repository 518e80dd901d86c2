"""The networks: designs by name, and the functions that check, build and describe one.

Loads no TensorFlow until a network is built.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ablation.errors import UsageError
from ablation.models.design import (
    ONE_TARGET,
    Design,
    Head,
    ModelKeys,
    NetworkInput,
    Outputs,
)
from ablation.models.layout import Block, blocks_of
from ablation.models.registry import DESIGNS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ablation.models.hyperparameters import Hyperparameters

__all__ = [
    "DESIGNS",
    "ONE_TARGET",
    "Block",
    "Design",
    "Head",
    "ModelKeys",
    "NetworkInput",
    "Outputs",
    "blocks",
    "build",
    "check",
    "count_parameters",
    "encoder_weights",
    "predicting",
    "settings",
    "structure",
]


def settings(name: str = "unet", **values: object) -> ModelKeys:
    """Return the keys of a design with these values; raise `UsageError` for an unknown name.

    >>> settings("unet", base=16).base
    16
    """
    return DESIGNS.find(name).settings(**values)


def structure(model: ModelKeys) -> dict[str, object]:
    """Return the keys that decide the network's shape; equal structure, equal network.

    >>> structure(settings("unet", base=16))["base"]
    16
    """
    design = DESIGNS.find(model.name)
    read = design.effective(model)
    return {"name": model.name} | {
        key: value
        for key, value in read.items()
        if key not in (*design.hyperparameters, design.head_weights)
    }


def build(
    model: ModelKeys,
    image_shape: tuple[int, ...],
    hyperparameters: Hyperparameters,
    precision: str,
    targets: int = 1,
) -> Any:
    """Return the `keras.Model` for images (*extent, channels), giving logits, checked.

    Its outputs are those of the design's heads; the last is called `logits`: (batch, *extent,
    targets), float32, before the sigmoid.

    Args:
        model: The design's keys.
        image_shape: Extent and channels of one slice or patch.
        hyperparameters: Variables that the network reads while training.
        precision: `float32`, `mixed_float16` or `bfloat16`, of this network only.
        targets: Masks it predicts.

    Raises:
        UsageError: The design does not exist, does not take this image, or breaks its contract.
    """
    check(model, image_shape)
    design = DESIGNS.find(model.name)
    from ablation.models.contract import check_network
    from ablation.models.precision import layers_in

    inputs = NetworkInput(tuple(image_shape), targets)
    with layers_in(precision):
        network = design.build(model, inputs, hyperparameters)
    check_network(network, design, model, inputs)
    return network


def predicting(network: Any, model: ModelKeys) -> Any:
    """Return the part of a built network that predicts, a `keras.Model` of the same weights.

    Blocks that only other heads read are left out of it.
    """
    outputs = [network.outputs[head] for head in DESIGNS.find(model.name).predicting(model)]
    if outputs == network.outputs:
        return network
    from ablation.plugins.lazy import keras

    return keras.Model(network.input, outputs, name=network.name)


def encoder_weights(model: ModelKeys) -> dict[str, npt.NDArray[np.float32]]:
    """Return the values the encoder starts from, "layer/variable" -> array; none: all are drawn.

    Raises:
        DataError: The file is missing or not the right one.
    """
    from ablation.models import weights
    from ablation.models.encoders import ENCODERS

    weights.check(model)
    path = weights.path_of(model)
    if path is None:
        return {}
    encoder = ENCODERS.find(str(DESIGNS.find(model.name).encoder_of(model)))
    if path.name.endswith(".npz"):
        return weights.of_run(path, encoder)
    return encoder.read(path, model)


def count_parameters(model: ModelKeys, image_shape: tuple[int, ...]) -> int:
    """Return how many numbers the network has, batch-normalisation statistics included."""
    from ablation.models.hyperparameters import Hyperparameters

    names = DESIGNS.find(model.name).hyperparameters
    return int(build(model, image_shape, Hyperparameters(names), "float32").count_params())


def blocks(model: ModelKeys, image_shape: tuple[int, ...]) -> tuple[Block, ...]:
    """Return the blocks of a design's network for images of this shape, one target."""
    from ablation.models.hyperparameters import Hyperparameters

    names = DESIGNS.find(model.name).hyperparameters
    return blocks_of(build(model, image_shape, Hyperparameters(names), "float32"))


def check(model: ModelKeys, image_shape: tuple[int, ...]) -> None:
    """Refuse a design that does not exist or does not take such images.

    Raises:
        UsageError: Naming the setting and what to do.
    """
    side = DESIGNS.find(model.name).multiple_of(model)
    extent = image_shape[:-1]
    if any(size % side for size in extent):
        nearest = max(side, round(extent[-2] / side) * side)
        raise UsageError(
            f"{model.name} takes images whose sides are multiples of {side}, "
            f"not {'x'.join(map(str, extent))}",
            hint=f"Set data.image_size to {nearest}."
            if len(extent) == 2
            else f"Set data.patch_slices and data.patch_size to multiples of {side}.",
        )
