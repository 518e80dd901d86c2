"""The arithmetic of one network, without touching that of the next one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras

POLICIES = {"bfloat16": "mixed_bfloat16"}
"""Keras's name of a precision, where it is another one."""


@contextmanager
def layers_in(precision: str) -> Iterator[None]:
    """Give layers made inside this block the dtype policy `precision`.

    `bfloat16` computes in it and keeps weights in float32, as `mixed_float16` does.

    Keras's ready-made encoders take no dtype argument, so the global policy has to be lent.
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(POLICIES.get(precision, precision))
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
