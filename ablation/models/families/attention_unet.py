"""Attention U-Net: a U-Net whose skips pass a gate that the decoder asks at.

Source: Oktay et al. 2018.
"""

from __future__ import annotations

from typing import Any

from ablation.config.sections import ModelConfig
from ablation.models.blocks import attention_gate, coarse_attention_gate
from ablation.models.dropout import DropoutState
from ablation.models.families import unet


def build(model: ModelConfig, image_shape: tuple[int, int, int], dropout: DropoutState) -> Any:
    """Return the network; `gate` is the grid the gates compare skip and decoder on.

    A fresh gate passes about half of every skip, so early epochs differ from those of `unet`.
    """
    return unet.network(model, image_shape, dropout, _gated)


def _gated(model: ModelConfig, skip: Any, below: Any, above: Any, name: str) -> Any:
    filters = skip.shape[-1] // 2
    if model.gate == "coarse":
        return coarse_attention_gate(skip, below, filters, model.bn_momentum, f"{name}_attention")
    return attention_gate(skip, above, filters, f"{name}_attention")
