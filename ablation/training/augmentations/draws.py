"""Numbers that augmentations draw: each slice's own, by the seed of the epoch and a stream's number."""

from __future__ import annotations

from typing import Any

from ablation.plugins.lazy import tf

AUGMENT_STREAM = 0x5EED
GAMMA, SALT_PEPPER, VERTICAL_FLIP, CROP = 11, 12, 13, 14
"""Streams of the options; 1 to 3 are those of the ranges (augment.py)."""


def uniform(rows: Any, seed: Any, stream: int, shape: tuple[int, ...]) -> Any:
    """Return numbers in -1..1, (batch, *shape), each slice's from its own stream.

    Args:
        rows: (batch,) int32, which slice each is.
        seed: Of the epoch, int32 scalar.
        stream: Which of a slice's uses of chance this is.
        shape: Of what a slice draws.
    """
    keys = _keys(rows, seed, stream)
    return tf.stack([tf.random.stateless_uniform(shape, key, -1.0, 1.0) for key in keys])


def normal(rows: Any, seed: Any, stream: int, shape: tuple[int, ...]) -> Any:
    """Return numbers of mean 0 and standard deviation 1, (batch, *shape), like `uniform`."""
    keys = _keys(rows, seed, stream)
    return tf.stack([tf.random.stateless_normal(shape, key) for key in keys])


def _keys(rows: Any, seed: Any, stream: int) -> list[Any]:
    own = tf.bitwise.bitwise_xor(seed, AUGMENT_STREAM + stream)
    return [tf.stack([own, rows[index]]) for index in range(rows.shape[0])]
