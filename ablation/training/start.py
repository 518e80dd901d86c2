"""A new trial in an old network: every variable back to a start that only the seed decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ablation.training.schedule import named_seed


def reinitialise(
    model: Any, seed: int, given: Mapping[str, npt.NDArray[np.float32]] | None = None
) -> None:
    """Redraw all weights of a `keras.Model` in place, each from a stream of its own name.

    Weights of a layer depend on the seed and the layer's name alone, so designs that share layers
    start from the same weights there, and a used network starts like a fresh one.

    Args:
        model: The network.
        seed: Of the training.
        given: "layer/variable" -> value to start from instead of a drawn one.
    """
    given = given or {}
    for layer, variable in weights_of(model):
        if (name := f"{layer.name}/{variable.name}") in given:
            variable.assign(given[name])
            continue
        initializer = getattr(layer, f"{variable.name}_initializer", None)
        if initializer is None:  # a constant of the input, which no training changes
            continue
        if "seed" in (config := initializer.get_config()):
            own = named_seed(seed, name)
            initializer = type(initializer).from_config({**config, "seed": own})
        variable.assign(initializer(variable.shape, dtype=variable.dtype))


def unfreeze(model: Any) -> None:
    """Let every layer of a `keras.Model` be trained by the steps that are traced from now on."""
    for layer in model.layers:
        layer.trainable = True


def weights_of(model: Any) -> Iterator[tuple[Any, Any]]:
    """Yield (layer, variable) for every variable, batch-normalisation statistics included."""
    for layer in model.layers:
        for variable in layer.weights:
            yield layer, variable


class FreshOptimizer:
    """The variables of an optimiser as they were before the first step."""

    def __init__(self, optimizer: Any) -> None:
        self._variables = list(optimizer.variables)
        # Each of them starts as one repeated number, so the number is enough.
        self._values = [variable.numpy().flat[0] for variable in self._variables]

    def restore(self) -> None:
        """Put them back: moments, step counter, loss scale (and the step size: set it after)."""
        for variable, value in zip(self._variables, self._values, strict=True):
            variable.assign(np.full(variable.shape, value))
