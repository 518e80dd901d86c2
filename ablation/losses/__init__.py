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

__all__ = ["LOSSES", "LossFamily", "family", "function", "strengths", "structure", "switches"]


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
    switches: tuple[str, ...] = ("reduction",)
    """Structural keys: another value is another traced step."""


_PIXELS = "ablation.losses.cross_entropy"
_OVERLAP = "ablation.losses.overlap"
_COMBO = "ablation.losses.combo"

LOSSES: dict[str, LossFamily] = {
    "bce": LossFamily(_PIXELS, "bce", ("pos_weight",), {}, "binary cross-entropy"),
    "focal": LossFamily(
        _PIXELS,
        "focal",
        ("gamma", "pos_weight", "neg_weight"),
        {},
        "cross-entropy that discounts pixels which are right already",
    ),
    "edge_bce": LossFamily(
        _PIXELS,
        "edge_bce",
        ("edge_weight",),
        {},
        "cross-entropy that weighs the tumour's border",
        ("reduction", "edge_norm"),
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
        _COMBO,
        "combo",
        ("dice_weight", "bce_weight", "fn_weight", "smooth", "pos_weight"),
        {"fn_weight": 0.5},
        "weighted sum of overlap and cross-entropy",
    ),
    "hybrid": LossFamily(
        _COMBO,
        "hybrid",
        ("dice_weight", "focal_weight", "gamma", "smooth", "pos_weight", "neg_weight"),
        {},
        "weighted sum of soft Dice and focal",
    ),
    "edge_combo": LossFamily(
        _COMBO,
        "edge_combo",
        ("dice_weight", "bce_weight", "edge_weight", "smooth"),
        {},
        "weighted sum of soft Dice and edge_bce",
        ("reduction", "edge_norm"),
    ),
}


def family(name: str) -> LossFamily:
    """Return the loss called `name`; raise `UsageError` naming the nearest one."""
    if name not in LOSSES:
        raise UsageError(f"loss.name {name!r} does not exist", hint=nearest(name, LOSSES))
    return LOSSES[name]


def function(name: str) -> Callable[..., Any]:
    """Return the loss function `(truth, logits, *, **switches, **strengths) -> scalar`."""
    found = family(name)
    loss: Callable[..., Any] = getattr(importlib.import_module(found.module), found.function)
    return loss


def switches(loss: LossConfig) -> dict[str, Any]:
    """Return the structural keys the loss reads."""
    return {key: getattr(loss, key) for key in family(loss.name).switches}


def structure(loss: LossConfig) -> dict[str, object]:
    """Return what decides the traced loss: its name and switches.

    >>> structure(LossConfig(name="dice"))
    {'name': 'dice', 'reduction': 'per_image'}
    """
    return {"name": loss.name, **switches(loss)}


def strengths(loss: LossConfig) -> dict[str, float]:
    """Return the numbers the loss reads, with those left at none filled in.

    Raises:
        UsageError: The weight of one term leaves less than nothing for the other.

    >>> strengths(LossConfig(name="combo", dice_weight=0.75))["bce_weight"]
    0.25
    """
    found = family(loss.name)
    # Without a weight of its own, the pixel-wise term gets what the overlap leaves.
    rest = 1.0 - loss.dice_weight
    filled = {"bce_weight": rest, "focal_weight": rest, **found.defaults}
    values = {key: getattr(loss, key) for key in found.keys}
    values = {key: filled[key] if value is None else value for key, value in values.items()}
    for key, value in values.items():
        if value < 0.0:
            raise UsageError(
                f"loss.dice_weight={loss.dice_weight:g} leaves {value:g} for loss.{key}",
                hint=f"Set loss.{key} too, or a loss.dice_weight of at most 1.",
            )
    return values
