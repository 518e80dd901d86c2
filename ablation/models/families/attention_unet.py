"""Attention U-Net: a U-Net whose skips are weighted by attention gates.

Source: Oktay et al. 2018.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ablation.models.blocks import attention_gate, coarse_attention_gate
from ablation.models.design import Design, NetworkInput
from ablation.models.families.keys import DROPOUT_SPACE
from ablation.models.families.unet import UNetKeys, network

if TYPE_CHECKING:
    from ablation.models.hyperparameters import Hyperparameters


class AttentionUNetKeys(UNetKeys):
    """Keys of the Attention U-Net."""

    name: str = Field("attention_unet", description="design")
    gate: Literal["same", "coarse"] = Field(
        "same", description="grid of the attention gates: the skip's, or the coarser one below"
    )


def build(keys: AttentionUNetKeys, inputs: NetworkInput, hyperparameters: Hyperparameters) -> Any:
    """Return the network; `gate` is the grid the gates compare skip and decoder on.

    A fresh gate passes about half of every skip, so early epochs differ from those of `unet`.
    """
    return network(keys, inputs, hyperparameters, _gated)


def _gated(keys: AttentionUNetKeys, skip: Any, below: Any, above: Any, name: str) -> Any:
    filters = skip.shape[-1] // 2
    if keys.gate == "coarse":
        return coarse_attention_gate(skip, below, filters, keys.bn_momentum, f"{name}_attention")
    return attention_gate(skip, above, filters, f"{name}_attention")


DESIGN = Design(
    name="attention_unet",
    keys=AttentionUNetKeys,
    build=build,
    summary="U-Net with attention-gated skips (Oktay et al. 2018)",
    space=DROPOUT_SPACE,
    hyperparameters=("dropout",),
    multiple_of=lambda keys: 2**keys.depth,
    needs={"bn_momentum": lambda keys: keys.batch_norm or keys.gate == "coarse"},
)
