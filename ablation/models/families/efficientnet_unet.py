"""EfficientNet U-Net: a EfficientNetB0 encoder and a U-Net decoder.

Sources: Tan and Le 2019 (encoder), Ronneberger et al. 2015 (decoder).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from ablation.models.design import Design, NetworkInput
from ablation.models.families.encoder_unet import EncoderUNetKeys, network
from ablation.models.families.keys import DROPOUT_SPACE, is_frozen

if TYPE_CHECKING:
    from ablation.models.hyperparameters import Hyperparameters

ENCODER = "EfficientNetB0"
WIDTHS = (256, 128, 64, 32, 16)


class EfficientNetUNetKeys(EncoderUNetKeys):
    """Keys of the EfficientNet U-Net."""

    name: str = Field("efficientnet_unet", description="design")


def build(
    keys: EfficientNetUNetKeys, inputs: NetworkInput, hyperparameters: Hyperparameters
) -> Any:
    """Return the network."""
    return network(keys, inputs, hyperparameters, ENCODER, WIDTHS)


DESIGN = Design(
    name="efficientnet_unet",
    keys=EfficientNetUNetKeys,
    build=build,
    summary="EfficientNetB0 encoder, U-Net decoder",
    space=DROPOUT_SPACE,
    hyperparameters=("dropout",),
    multiple_of=lambda _: 32,
    needs={"unfreeze_epoch": is_frozen},
    encoder=ENCODER,
)
