"""What a design promises: its keys, its search space, what it takes and gives, how it is built.

A design is one file with a `DESIGN` in `ablation/models/families/` and one line in
`ablation/models/registry.py`. The file imports TensorFlow through `ablation.plugins.lazy`, so
that reading its declaration stays fast.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ablation.plugins.keys import Searched, Section

if TYPE_CHECKING:
    from ablation.models.hyperparameters import Hyperparameters


class ModelKeys(Section):
    """Keys of [model] that one design declares; every design has a name."""

    name: str = Field(description="design")


@dataclass(frozen=True, slots=True)
class Head:
    """One output of a network: logits for every pixel or voxel of the image."""

    name: str = "logits"
    """Name of its layer; the last head of a design is called logits."""
    stride: int = 1
    """The image's extent divided by the output's."""


@dataclass(frozen=True, slots=True)
class NetworkInput:
    """What a network is built for."""

    shape: tuple[int, ...]
    """Extent and channels: (rows, columns, channels), or (slices, rows, columns, channels)."""
    targets: int = 1
    """Masks it predicts: channels of each head."""

    @property
    def extent(self) -> tuple[int, ...]:
        """Rows and columns; of a volume slices, rows and columns."""
        return self.shape[:-1]


@dataclass(frozen=True, slots=True)
class Outputs:
    """What the maps of a network are, whatever its design."""

    targets: int = 1
    """Channels of the maps."""
    exclusive: bool = False
    """Whether a voxel belongs to one target at most: softmax instead of sigmoid."""


ONE_TARGET = Outputs()

Build = Callable[[Any, NetworkInput, "Hyperparameters"], Any]
"""(keys, inputs, hyperparameters) -> keras.Model from images in 0..1 to logits, float32."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """A network architecture."""

    name: str
    keys: type[ModelKeys]
    """Its part of [model]."""
    build: Build
    summary: str
    """One line with the source."""
    space: Searched = field(default_factory=dict)
    """Default search space over its own keys, as in [space]: {"dropout": {"low": 0, "high": 0.5}}."""
    hyperparameters: tuple[str, ...] = ()
    """Keys that change without a new network: the build reads them from `Hyperparameters`."""
    input: Literal["2d", "2.5d", "3d"] = "2d"
    heads: Callable[[Any], tuple[Head, ...]] = lambda _: (Head(),)
    """Outputs, from its keys."""
    predicting: Callable[[Any], tuple[int, ...]] = lambda _: (-1,)
    """Which of the heads predict, from its keys: the mean of their probabilities is the map."""
    head_weights: str = ""
    """Key with the weights of the heads' losses; none: equal weights, as where it is empty."""
    multiple_of: Callable[[Any], int] = lambda _: 1
    """Every side of the image has to be a multiple of this."""
    needs: Mapping[str, Callable[[Any], bool]] = field(default_factory=dict)
    """Key -> whether it changes anything, where other keys decide that."""
    encoder: str | None = None
    """Ready-made encoder that `pretrained` gives weights to: a name in ENCODERS; the usual one where
    a key `encoder` names it."""

    def settings(self, **values: object) -> ModelKeys:
        """Return its keys with these values, checked.

        Raises:
            pydantic.ValidationError: An unknown key or a value that does not fit.
        """
        return self.keys.model_validate({**values, "name": self.name})

    def encoder_of(self, keys: ModelKeys) -> str | None:
        """Return the name of its ready-made encoder under these keys; None: it has none."""
        return getattr(keys, "encoder", self.encoder)

    def described(self, keys: ModelKeys) -> str:
        """Return the summary, with the encoder that these keys name."""
        used = self.encoder_of(keys)
        if self.encoder is None or used is None:
            return self.summary
        return self.summary.replace(self.encoder, used)

    def weights_of_heads(self, keys: ModelKeys) -> tuple[float, ...]:
        """Return the share of each head's loss in the whole; they sum to 1."""
        weights = getattr(keys, self.head_weights, None) or (1.0,) * len(self.heads(keys))
        return tuple(weight / sum(weights) for weight in weights)

    def effective(self, keys: ModelKeys) -> dict[str, object]:
        """Return the keys that change something under the others, hyperparameters included."""
        return {
            key: getattr(keys, key)
            for key in self.keys.model_fields
            if key != "name" and (key not in self.needs or self.needs[key](keys))
        }
