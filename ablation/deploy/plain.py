"""A trained network in Keras's own layers, from slices to probabilities."""

from __future__ import annotations

from typing import Any

import keras

from ablation.errors import AblateError
from ablation.models.hyperparameters import VariableDropout


def plain_model(network: Any, *, exclusive: bool) -> Any:
    """Return a `keras.Model` with the weights of a network that loads without this package.

    Dropout, which does nothing in prediction, becomes identity. Several heads are averaged, as the
    predictor does.

    Args:
        network: The predicting part of a trained network, from images to logits.
        exclusive: Whether a voxel belongs to one target at most: softmax instead of sigmoid.

    Returns:
        From images (batch, rows, columns, channels) to probabilities (batch, rows, columns, targets).

    Raises:
        AblateError: A layer of the network is none of Keras's own.
    """
    copy = keras.models.clone_model(network, clone_function=_plain)
    copy.set_weights(network.get_weights())
    heads = [_probability(head, exclusive=exclusive) for head in copy.outputs]
    mean = heads[0] if len(heads) == 1 else keras.layers.Average()(heads)
    return keras.Model(copy.inputs[0], mean, name=network.name)


def _plain(layer: Any) -> Any:
    if isinstance(layer, VariableDropout):
        return keras.layers.Identity(name=layer.name)
    if not type(layer).__module__.startswith("keras."):
        raise AblateError(
            f"layer {layer.name} ({type(layer).__name__}) is none of Keras's own: the network cannot "
            "be loaded in plain Keras",
            hint="Use ablate predict, or export another design.",
        )
    return layer.__class__.from_config(layer.get_config())


def _probability(logits: Any, *, exclusive: bool) -> Any:
    logits = keras.layers.Activation("linear", dtype="float32")(logits)
    if not exclusive or logits.shape[-1] == 1:
        return keras.layers.Activation("sigmoid", dtype="float32")(logits)
    background = keras.ops.zeros_like(logits[..., :1])
    together = keras.layers.Concatenate(dtype="float32")([background, logits])
    return keras.layers.Softmax(dtype="float32")(together)[..., 1:]
