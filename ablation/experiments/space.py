"""The search space of a configuration: the one given, or the default of design and loss, checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ablation.config import Config, flatten, with_values
from ablation.errors import AblateError, UsageError, nearest
from ablation.losses import LOSSES, strengths
from ablation.models import DESIGNS
from sweeps import Categorical, Dimension, Float, Space, parse_space

SEARCHED = ("model", "loss", "training")
"""Sections whose keys a space may name; of inference only the threshold."""
THRESHOLD = "inference.threshold"
BETWEEN = 0.371
"""Where between the ends of a dimension a value is tried: rarely a whole number."""


def space_of(config: Config) -> Space:
    """Return the search space, each dimension checked against its key.

    Raises:
        UsageError: A key that cannot be searched, or values outside the bounds of their key.
        SweepError: A dimension that is not one.
    """
    space = parse_space(_named(config) if config.space else _default(config))
    faults = [
        fault for key, dimension in space.items() for fault in _faults(config, key, dimension)
    ]
    if faults:
        raise UsageError(
            "; ".join(faults),
            hint="Keep [space] within the bounds of its keys; ablate config show.",
        )
    return space


def _named(config: Config) -> Mapping[str, Mapping[str, object]]:
    known = [key for key in flatten(config) if key.split(".")[0] in SEARCHED]
    known.append(THRESHOLD)
    for key in config.space:
        if key.startswith("inference.") and key not in known:
            raise UsageError(
                f"[space] {key} cannot be searched by trials",
                hint="inference.search=full tries every value exactly, without training for it.",
            )
        if key not in known:
            raise UsageError(f"[space] {key} cannot be searched", hint=nearest(key, known))
    return config.space


def _default(config: Config) -> Mapping[str, Mapping[str, object]]:
    """Return learning rate, the design's own space and the loss's."""
    rate = config.training.learning_rate
    space: dict[str, Mapping[str, object]] = {
        "training.learning_rate": {"low": rate / 10, "high": rate * 3, "log": True}
    }
    space |= {f"model.{key}": dim for key, dim in DESIGNS.find(config.model.name).space.items()}
    space |= {f"loss.{key}": dim for key, dim in LOSSES.find(config.loss.name).space.items()}
    return space


def _faults(config: Config, key: str, dimension: Dimension) -> Iterator[str]:
    """Yield what is wrong with the values of a dimension; the first fault of each is enough."""
    for value in _tried(dimension):
        try:
            strengths(with_values(config, {key: value}).loss)
        except AblateError as fault:
            yield f"[space] {fault.message}"
            return


def _tried(dimension: Dimension) -> tuple[object, ...]:
    """Return the ends and a value between, which shows a key of whole numbers, or all choices."""
    if isinstance(dimension, Categorical):
        return dimension.choices
    between = dimension.low + (dimension.high - dimension.low) * BETWEEN
    inner = (between,) if isinstance(dimension, Float) and dimension.step is None else ()
    return (dimension.low, dimension.high, *inner)
