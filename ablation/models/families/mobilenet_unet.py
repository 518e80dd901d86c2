"""MobileNet U-Net: a MobileNetV2 encoder and a U-Net decoder.

Sources: Sandler et al. 2018 (encoder), Ronneberger et al. 2015 (decoder).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from ablation.models.design import Design, NetworkInput
from ablation.models.families.encoder_unet import EncoderUNetKeys, network
from ablation.models.families.keys import DROPOUT_SPACE, is_frozen

if TYPE_CHECKING:
    from ablation.models.hyperparameters import Hyperparameters

ENCODER = "MobileNetV2"
WIDTHS = (256, 128, 64, 32, 16)


class MobileNetUNetKeys(EncoderUNetKeys):
    """Keys of the MobileNet U-Net."""

    name: str = Field("mobilenet_unet", description="design")


def build(keys: MobileNetUNetKeys, inputs: NetworkInput, hyperparameters: Hyperparameters) -> Any:
    """Return the network."""
    return network(keys, inputs, hyperparameters, ENCODER, WIDTHS)


DESIGN = Design(
    name="mobilenet_unet",
    keys=MobileNetUNetKeys,
    build=build,
    summary="MobileNetV2 encoder, U-Net decoder",
    space=DROPOUT_SPACE,
    hyperparameters=("dropout",),
    multiple_of=lambda _: 32,
    needs={"unfreeze_epoch": is_frozen},
    encoder=ENCODER,
)
