"""What a ready-made encoder promises: its stages, its scaling, its published weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    """An encoder whose ImageNet weights are published."""

    name: str
    file: str
    """Name of Keras's file of the weights without classifier."""
    md5: str | None
    """Of that file; None where Keras publishes none, then only the arrays are checked."""
    url: str
    shapes: Callable[[], Iterator[Shape]]
    """Shapes of all its arrays, for images of three channels."""
    stages: Mapping[str, int]
    """Layers that skips start from -> stride against the image, finest first."""
    layers: tuple[str, ...]
    """How the names of its layers with weights begin; no other layer's name begins so."""
    scaling: str
    """How images of 0..1 are brought to what the weights were trained on, in words."""
    build: Callable[[Any, Any], Any]
    """(images, keys) -> keras.Model; the layers are called as in `stages`."""
    read: Callable[[Path, Any], dict[str, npt.NDArray[np.float32]]]
    """(file of weights, keys) -> "layer/variable" -> array."""

    @property
    def stride(self) -> int:
        """Of the last stage: a side of the image is a multiple of it."""
        return max(self.stages.values())

    def owns(self, variable: str) -> bool:
        """Tell whether "layer/variable" of a network belongs to this encoder."""
        return variable.startswith(self.layers)

    @property
    def source(self) -> str:
        """Where the published file is, with its hash where one is published."""
        return self.url if self.md5 is None else f"{self.url} (md5 {self.md5})"
