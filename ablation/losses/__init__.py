"""The training losses by name; loads no TensorFlow.

A new loss is one function, one line in `LOSSES` and reference values in its test.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ablation.config.sections import LossConfig
from ablation.errors import UsageError, nearest

__all__ = ["LOSSES", "LossFamily", "family", "function", "strengths"]


@dataclass(frozen=True, slots=True)
class LossFamily:
    """A loss: where its function lives and which keys of `LossConfig` it reads."""

    module: str
    function: str
    keys: tuple[str, ...]
    """Strengths: numbers that may change from trial to trial without a new network."""
    defaults: Mapping[str, float]
    """Values of keys left at none."""
    summary: str


_OVERLAP = "ablation.losses.overlap"

LOSSES: dict[str, LossFamily] = {
    "bce": LossFamily(
        "ablation.losses.cross_entropy", "bce", ("pos_weight",), {}, "binary cross-entropy"
    ),
    "dice": LossFamily(_OVERLAP, "dice", ("smooth",), {}, "soft Dice"),
    "tversky": LossFamily(
        _OVERLAP, "tversky", ("fn_weight", "smooth"), {"fn_weight": 0.5}, "soft Tversky"
    ),
    "focal_tversky": LossFamily(
        _OVERLAP,
        "focal_tversky",
        ("fn_weight", "exponent", "smooth"),
        {"fn_weight": 0.7},
        "soft Tversky to a power",
    ),
    "combo": LossFamily(
        "ablation.losses.combo",
        "combo",
        ("dice_weight", "bce_weight", "fn_weight", "smooth", "pos_weight"),
        {"fn_weight": 0.5},
        "weighted sum of overlap and cross-entropy",
    ),
}


def family(name: str) -> LossFamily:
    """Return the loss called `name`; raise `UsageError` naming the nearest one."""
    if name not in LOSSES:
        raise UsageError(f"loss.name {name!r} does not exist", hint=nearest(name, LOSSES))
    return LOSSES[name]


def function(name: str) -> Callable[..., Any]:
    """Return the loss function `(truth, logits, *, reduction, **strengths) -> scalar`."""
    found = family(name)
    loss: Callable[..., Any] = getattr(importlib.import_module(found.module), found.function)
    return loss


def strengths(loss: LossConfig) -> dict[str, float]:
    """Return the numbers the loss reads, with those left at none filled in.

    >>> strengths(LossConfig(name="combo", dice_weight=0.75))["bce_weight"]
    0.25
    """
    found = family(loss.name)
    # Without a weight of its own, cross-entropy gets what the overlap leaves.
    filled = {"bce_weight": 1.0 - loss.dice_weight, **found.defaults}
    values = {key: getattr(loss, key) for key in found.keys}
    return {key: filled[key] if value is None else value for key, value in values.items()}
