"""The layers of a vision transformer that Keras does not have, or hides its weights in.

Tensors are (batch, tokens, features). Source: Dosovitskiy et al. 2021.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf


class Positions(keras.layers.Layer):
    """Add a learned vector to each token; the table ties a network to its number of tokens."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.table_initializer = keras.initializers.TruncatedNormal(stddev=0.02)

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Make the table, (tokens, features)."""
        self.table = self.add_weight(
            name="table", shape=shape[1:], initializer=self.table_initializer
        )

    def call(self, x: Any) -> Any:
        """Return x plus the table."""
        return x + tf.cast(self.table, x.dtype)


class ClassToken(keras.layers.Layer):
    """Put one learned token in front of the others."""

    def __init__(self, name: str) -> None:
        super().__init__(name=name)
        self.token_initializer = keras.initializers.Zeros()

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Make the token, (features,)."""
        self.token = self.add_weight(
            name="token", shape=shape[-1:], initializer=self.token_initializer
        )

    def call(self, x: Any) -> Any:
        """Return x with one token more."""
        token = tf.cast(self.token, x.dtype)
        return tf.concat([tf.broadcast_to(token, [tf.shape(x)[0], 1, x.shape[-1]]), x], 1)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape with one token more."""
        return (shape[0], (shape[1] or 0) + 1, *shape[2:])


class DotProductAttention(keras.layers.Layer):
    """Mix the values of all tokens, weighted by how well their keys fit a token's query."""

    def __init__(self, heads: int, name: str) -> None:
        super().__init__(name=name)
        self._heads = heads

    def call(self, query: Any, key: Any, value: Any) -> Any:
        """Return the mixtures of queries, keys and values of (batch, tokens, features)."""
        width = query.shape[-1] // self._heads
        shape = [-1, query.shape[1], self._heads, width]
        query, key, value = (tf.reshape(x, shape) for x in (query, key, value))
        fit = tf.einsum("bqhw,bkhw->bhqk", query, key) * width**-0.5
        weights = tf.cast(tf.nn.softmax(tf.cast(fit, tf.float32)), value.dtype)
        mixed = tf.einsum("bhqk,bkhw->bqhw", weights, value)
        return tf.reshape(mixed, [-1, shape[1], self._heads * width])

    def compute_output_shape(self, query_shape: Any, key_shape: Any, value_shape: Any) -> Any:
        """Return the shape of the queries."""
        del key_shape, value_shape
        return query_shape
