"""The training losses: by name, and what of their keys decides what. Loads no TensorFlow."""

from __future__ import annotations

from typing import Any

from ablation.errors import UsageError
from ablation.losses.loss import Loss, LossKeys
from ablation.losses.registry import LOSSES

__all__ = ["LOSSES", "Loss", "LossKeys", "settings", "strengths", "structure", "switches"]


def settings(name: str = "combo", **values: object) -> LossKeys:
    """Return the keys of a loss with these values; raise `UsageError` for an unknown name.

    >>> settings("tversky").fn_weight
    0.5
    """
    return LOSSES.find(name).settings(**values)


def switches(loss: LossKeys) -> dict[str, Any]:
    """Return the structural keys: another value is another traced step."""
    return {key: getattr(loss, key) for key in LOSSES.find(loss.name).structural}


def structure(loss: LossKeys) -> dict[str, object]:
    """Return what decides the traced loss: its name and switches.

    >>> structure(settings("dice"))
    {'name': 'dice', 'reduction': 'per_image'}
    """
    return {"name": loss.name, **switches(loss)}


def strengths(loss: LossKeys) -> dict[str, float]:
    """Return the numbers that may change from trial to trial, those left at none filled in.

    Raises:
        UsageError: The weight of one term leaves less than nothing for the other.

    >>> strengths(settings("combo", dice_weight=0.75))["bce_weight"]
    0.25
    """
    found = LOSSES.find(loss.name)
    filled = found.filled(loss)
    values: dict[str, float] = {}
    for key in found.keys.model_fields:
        if key == "name" or key in found.structural:
            continue
        value = getattr(loss, key)
        values[key] = filled[key] if value is None else value
        if value is None and values[key] < 0.0:
            raise UsageError(
                f"loss.dice_weight={getattr(loss, 'dice_weight', 0.0):g} leaves "
                f"{values[key]:g} for loss.{key}",
                hint=f"Set loss.{key} too, or a loss.dice_weight of at most 1.",
            )
    return values
