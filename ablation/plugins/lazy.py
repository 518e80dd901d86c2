"""Modules that are imported when first used: declarations of networks and losses load no TensorFlow.

from ablation.plugins.lazy import tf     # fast
tf.reduce_mean(values)                   # imports TensorFlow
"""

from __future__ import annotations

import importlib
from typing import Any


class LazyModule:
    """Stands for a module; its first attribute that is read imports it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(importlib.import_module(self._name), attribute)


tf: Any = LazyModule("tensorflow")
keras: Any = LazyModule("keras")
layers: Any = LazyModule("keras.layers")
initializers: Any = LazyModule("keras.initializers")
