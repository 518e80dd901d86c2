"""VGG16 U-Net: a VGG16 encoder and a U-Net decoder.

Sources: Simonyan and Zisserman 2015 (encoder), Ronneberger et al. 2015 (decoder).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from ablation.models.design import Design, NetworkInput
from ablation.models.families.encoder_unet import EncoderUNetKeys, network
from ablation.models.families.keys import DROPOUT_SPACE, is_frozen

if TYPE_CHECKING:
    from ablation.models.hyperparameters import Hyperparameters

ENCODER = "VGG16"
WIDTHS = (512, 256, 128, 64)


class VGG16UNetKeys(EncoderUNetKeys):
    """Keys of the VGG16 U-Net."""

    name: str = Field("vgg16_unet", description="design")


def build(keys: VGG16UNetKeys, inputs: NetworkInput, hyperparameters: Hyperparameters) -> Any:
    """Return the network."""
    return network(keys, inputs, hyperparameters, ENCODER, WIDTHS)


DESIGN = Design(
    name="vgg16_unet",
    keys=VGG16UNetKeys,
    build=build,
    summary="VGG16 encoder, U-Net decoder",
    space=DROPOUT_SPACE,
    hyperparameters=("dropout",),
    multiple_of=lambda _: 16,
    needs={"unfreeze_epoch": is_frozen},
    encoder=ENCODER,
)
