"""What a loss promises: its keys, its search space, its function and the maps it needs.

A loss is a function and a `Loss` in one file of `ablation/losses/`, and one line in
`ablation/losses/registry.py`. The file imports TensorFlow through `ablation.plugins.lazy`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field

from ablation.plugins.keys import Searched, Section

Need = Literal["edge_map", "distance_map"]
"""A map made of the truth that a loss is given beside it, by its name in `ablation.losses.maps`."""


class LossKeys(Section):
    """Keys of [loss] that one loss declares; every loss has a name."""

    name: str = Field(description="loss")


class ReductionKeys(LossKeys):
    """What is summed before the mean."""

    reduction: Literal["per_image", "batch"] = Field(
        "per_image", description="one overlap per image, or one per batch"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A training loss."""

    name: str
    keys: type[LossKeys]
    """Its part of [loss]."""
    function: Callable[..., Any]
    """(truth, logits, *, <keys>, <needs>) -> scalar; shapes (batch, *extent, targets)."""
    summary: str
    structural: tuple[str, ...] = ()
    """Keys of which another value is another traced step; all other keys are numbers."""
    space: Searched = field(default_factory=dict)
    """Default search space over its own keys, as in [space]."""
    needs: tuple[Need, ...] = ()
    """Maps of the truth it is given by name."""
    heads: Literal["each", "all"] = "each"
    """Whether it judges the logits of each head by itself, or a list with those of every head."""
    filled: Callable[[Any], Mapping[str, float]] = lambda _: {}
    """Values, from the keys, of those that were left at none."""

    def settings(self, **values: object) -> LossKeys:
        """Return its keys with these values, checked.

        Raises:
            pydantic.ValidationError: An unknown key or a value that does not fit.
        """
        return self.keys.model_validate({**values, "name": self.name})


def summed_axes(truth: Any, reduction: str) -> tuple[int, ...]:
    """Return the axes of masks (batch, *extent, targets) over which one value is summed.

    Args:
        truth: The masks.
        reduction: "per_image" or "batch".
    """
    first = {"per_image": 1, "batch": 0}[reduction]
    return tuple(range(first, len(truth.shape)))
