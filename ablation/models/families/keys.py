"""Keys that several designs share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ablation.models.design import ModelKeys
from ablation.plugins.keys import Fraction, NoneIsText

Rate = Annotated[float, Field(ge=0.0, lt=1.0)]
DROPOUT_SPACE = {"dropout": {"low": 0.0, "high": 0.5}}


class DropoutKeys(ModelKeys):
    """How strongly and where values are dropped while training."""

    dropout: Rate = Field(0.3, description="dropout rate")
    dropout_scope: Literal["decoder", "bottleneck", "all"] = Field(
        "decoder", description="blocks that have dropout"
    )


class BlockKeys(DropoutKeys):
    """The convolution blocks of a network with dropout in them."""

    dropout_site: Literal["between", "after"] = Field(
        "between", description="between the two convolutions of a block, or after it"
    )


class DecoderDropoutKeys(ModelKeys):
    """Dropout in the decoder blocks of a network whose source has none."""

    dropout: Rate = Field(0.0, description="dropout rate")


class MomentumKeys(ModelKeys):
    """Batch normalisation."""

    bn_momentum: Fraction = Field(
        0.99, description="momentum of batch-normalisation statistics; 0.9 for short trainings"
    )


class EncoderKeys(MomentumKeys):
    """A ready-made encoder: how images enter it, what it starts from, what is trained."""

    stem: Literal["replicate", "sum", "project"] = Field(
        "replicate",
        description="how other than three channels enter the encoder: one channel three times, "
        "one channel into the summed kernel, or a learned mixture of any number",
    )
    pretrained: Annotated[str, NoneIsText] = Field(
        "none", description="encoder weights to start from: none, imagenet, or an .h5 file"
    )
    encoder_trainable: Annotated[Literal["all", "none", "last_stage"], NoneIsText] = Field(
        "all", description="part of the encoder that is trained"
    )
