"""The losses by name; loads no TensorFlow. A new loss is one file and one line here."""

from __future__ import annotations

from ablation.losses import (
    boundary,
    combo,
    cross_entropy,
    generalized_dice,
    lovasz,
    overlap,
)
from ablation.losses.loss import Loss
from ablation.plugins import Registry

LOSSES: Registry[Loss] = Registry(
    "loss",
    (
        cross_entropy.BCE,
        cross_entropy.FOCAL,
        cross_entropy.EDGE_BCE,
        overlap.DICE,
        overlap.TVERSKY,
        overlap.FOCAL_TVERSKY,
        combo.COMBO,
        combo.HYBRID,
        combo.EDGE_COMBO,
        generalized_dice.GENERALIZED_DICE,
        lovasz.LOVASZ,
        boundary.BOUNDARY,
    ),
)
