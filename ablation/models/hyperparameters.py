"""Values that one traced network reads from variables, so that it serves many trials.

Dropout: Srivastava et al. 2014, with the survivors scaled up while training.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import tensorflow as tf


def _variable(value: Any, dtype: Any) -> Any:
    return tf.Variable(value, dtype=dtype, trainable=False)


@dataclass(frozen=True, slots=True)
class DropoutState:
    """What all dropout layers of a network read in each training step."""

    rate: Any = field(default_factory=lambda: _variable([0.0, 1.0], tf.float32))
    """Share that is dropped, and the factor 1 / (1 - share) for the rest."""
    moment: Any = field(default_factory=lambda: _variable([0, 0], tf.int32))
    """Seed of the epoch and number of the step: masks depend on nothing else."""

    def set_rate(self, rate: float) -> None:
        """Set the share that is dropped, 0 <= rate < 1."""
        # The factor is computed in Python, in float64: inside the graph it could end one ulp away
        # from that of a network with the rate written into it.
        self.rate.assign([rate, 1.0 / (1.0 - rate)])


class Hyperparameters:
    """The variables of one network: dropout, and a scalar for each other key a design names.

    Args:
        names: The design's `hyperparameters`.
    """

    def __init__(self, names: Iterable[str] = ("dropout",)) -> None:
        self.names = tuple(names)
        self.dropout = DropoutState()
        self._scalars = {name: _variable(0.0, tf.float32) for name in names if name != "dropout"}

    def __getitem__(self, name: str) -> Any:
        """Return the scalar variable of a key other than dropout, float32."""
        return self._scalars[name]

    def set(self, values: Mapping[str, float]) -> None:
        """Set the values of all names, as a trial begins."""
        for name in self.names:
            if name == "dropout":
                self.dropout.set_rate(values[name])
            else:
                self._scalars[name].assign(values[name])

    @property
    def variables(self) -> dict[str, Any]:
        """Name -> variable that the network has to read."""
        return {
            name: self.dropout.rate if name == "dropout" else self._scalars[name]
            for name in self.names
        }


class VariableDropout(keras.layers.Layer):
    """Zero a share of the values while training; each layer draws from a stream of its own name.

    Args:
        state: The rate, and the moment of the training that the values are drawn for.
        name: Of the layer.
        whole_channels: Zero whole channels of an image instead of single values (Tompson et al.
            2015, Keras's SpatialDropout2D).
    """

    def __init__(self, state: DropoutState, name: str, *, whole_channels: bool = False) -> None:
        super().__init__(name=name)
        self._state = state
        self._whole_channels = whole_channels
        self._stream = zlib.crc32(name.encode()) & 0x7FFFFFFF

    def call(self, x: Any, training: bool = False) -> Any:
        """Return x, any shape, unchanged unless training."""
        if not training:
            return x
        epoch_seed, step = tf.unstack(self._state.moment)
        seed = tf.stack([tf.bitwise.bitwise_xor(epoch_seed, self._stream), step])
        share, scale = tf.unstack(self._state.rate)
        shape = tf.shape(x)
        if self._whole_channels:
            shape = tf.concat([shape[:1], tf.ones_like(shape[1:-1]), shape[-1:]], 0)
        kept = tf.random.stateless_uniform(shape, seed) >= share
        return tf.where(kept, x * tf.cast(scale, x.dtype), tf.zeros([], x.dtype))
