"""Dropout whose rate and randomness are variables, so that one traced network serves many trials.

Source: Srivastava et al. 2014, with the survivors scaled up while training.
"""

from __future__ import annotations

import zlib
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


class VariableDropout(keras.layers.Layer):
    """Zero a share of the values while training; each layer draws from a stream of its own name."""

    def __init__(self, state: DropoutState, name: str) -> None:
        super().__init__(name=name)
        self._state = state
        self._stream = zlib.crc32(name.encode()) & 0x7FFFFFFF

    def call(self, x: Any, training: bool = False) -> Any:
        """Return x, any shape, unchanged unless training."""
        if not training:
            return x
        epoch_seed, step = tf.unstack(self._state.moment)
        seed = tf.stack([tf.bitwise.bitwise_xor(epoch_seed, self._stream), step])
        share, scale = tf.unstack(self._state.rate)
        kept = tf.random.stateless_uniform(tf.shape(x), seed) >= share
        return tf.where(kept, x * tf.cast(scale, x.dtype), tf.zeros([], x.dtype))
