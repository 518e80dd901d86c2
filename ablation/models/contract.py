"""A built network held against what its design declares, before it trains."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from ablation.errors import UsageError
from ablation.models.design import Design, Head, ModelKeys, NetworkInput
from ablation.models.hyperparameters import Hyperparameters

LINEAR = "linear"
PROBES = 3
"""Random networks whose output is looked at where the last layer's activation is not declared."""
NOT_LOGITS = ("sigmoid", "softmax", "hard_sigmoid", "relu", "tanh", "log_sigmoid", "softplus")


def check_network(network: Any, design: Design, keys: ModelKeys, inputs: NetworkInput) -> None:
    """Refuse a network whose outputs are not the logits that its design declares.

    Args:
        network: A `keras.Model`.
        design: Its declaration.
        keys: What it was built with.
        inputs: What it was built for.

    Raises:
        UsageError: One line with every fault.
    """
    outputs = network.outputs
    heads = design.heads(keys)
    faults: list[str] = []
    if tuple(network.input_shape[1:]) != inputs.shape:
        faults.append(f"takes images of {network.input_shape[1:]}, not {inputs.shape}")
    if len(outputs) != len(heads):
        faults.append(f"has {len(outputs)} outputs, declares {len(heads)}")
    for head, output in zip(heads, outputs, strict=False):
        faults += [f"output {head.name} {fault}" for fault in _faults(output, head, inputs)]
    if not faults and (act := _squashed(network)):
        faults.append(f"ends in {act}: return logits, before the sigmoid")
    if faults:
        raise UsageError(
            f"model {design.name}: the network {'; it '.join(faults)}",
            hint="A design returns float32 logits, a channel for each target (CONTRIBUTING.md).",
        )


def check_reached(traced: Any, design: Design, hyperparameters: Hyperparameters) -> None:
    """Refuse a traced training step that does not read a hyperparameter the design declares.

    Args:
        traced: Concrete function of the step.
        design: The declaration.
        hyperparameters: Its variables.
    """
    read = {id(handle) for handle, _ in traced.graph.captures}
    unread = [
        name
        for name, variable in hyperparameters.variables.items()
        if id(variable.handle) not in read
    ]
    if unread:
        keys = ", ".join(f"model.{name}" for name in unread)
        raise UsageError(
            f"model {design.name}: declares the hyperparameter {keys}, but its network does not read it",
            hint="Read it from the hyperparameters given to build, or do not declare it.",
        )


def _faults(output: Any, head: Head, inputs: NetworkInput) -> list[str]:
    expected = (*(size // head.stride for size in inputs.extent), inputs.targets)
    faults = []
    if tuple(output.shape[1:]) != expected:
        faults.append(f"is {tuple(output.shape[1:])}, not {expected}")
    if str(output.dtype) != "float32":
        faults.append(f"is {output.dtype}, not float32")
    return faults


def _squashed(network: Any) -> str:
    """Return the activation the network ends in; empty for logits."""
    names = [_last_activation(output) for output in network.outputs]
    if found := next((name for name in names if name in NOT_LOGITS), ""):
        return f"a {found}"
    if all(name == LINEAR for name in names):
        return ""
    return "values that all lie in 0..1" if _looks_squashed(network) else ""


def _last_activation(output: Any) -> str:
    """Return the name of the activation of the layer an output comes from; "" if it has none."""
    layer = output._keras_history.operation
    name = getattr(getattr(layer, "activation", None), "__name__", "")
    return str(name) or type(layer).__name__.lower().replace("activation", "")


def _looks_squashed(network: Any) -> bool:
    """Tell whether random networks of this kind give nothing below 0 or above 1 on noise."""
    rng = np.random.default_rng(0)
    images = tf.constant(rng.random((1, *network.input_shape[1:]), np.float32))
    before = [variable.numpy() for variable in network.variables]
    low, high = np.inf, -np.inf
    try:
        for _ in range(PROBES):
            for variable in network.trainable_variables:
                variable.assign(rng.normal(0.0, 1.0, variable.shape))
            for values in tf.nest.flatten(network(images, training=False)):
                low, high = min(low, float(np.min(values))), max(high, float(np.max(values)))
    finally:
        for variable, value in zip(network.variables, before, strict=True):
            variable.assign(value)
    return low >= 0.0 and high <= 1.0
