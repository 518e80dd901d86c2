"""Keys that several designs share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from ablation.models.design import ModelKeys
from ablation.models.encoders import ENCODERS, Encoder
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
        "none",
        description="encoder weights to start from: none, imagenet, an .h5 file, or the folder of "
        "a run with the same encoder",
    )
    encoder_scaling: Annotated[Literal["auto", "published", "none"], NoneIsText] = Field(
        "auto",
        description="intensities the encoder sees: published: as its ImageNet weights expect; "
        "none: 0 to 1; auto: as the weights it starts from expect",
    )
    encoder_trainable: Annotated[Literal["all", "none", "last_stage"], NoneIsText] = Field(
        "all", description="part of the encoder that is trained"
    )
    unfreeze_epoch: Annotated[int, Field(ge=2)] | None = Field(
        None,
        description="from this epoch on the whole encoder is trained, where encoder_trainable "
        "freezes it; none: never",
    )


def _encoder(name: str) -> str:
    """Refuse a name that is not of a registered encoder, as pydantic refuses one of a list."""
    if name not in ENCODERS:
        known = ", ".join(f"'{one}'" for one in ENCODERS)
        raise PydanticCustomError(
            "literal_error", "Input should be {expected}", {"expected": known}
        )
    return name


class AnyEncoderKeys(EncoderKeys):
    """A decoder that meets any ready-made encoder."""

    encoder: Annotated[str, AfterValidator(_encoder)] = Field(
        "ResNet50", description="ready-made encoder"
    )


def is_frozen(keys: EncoderKeys) -> bool:
    """Tell whether a part of the encoder is not trained from the start."""
    return keys.encoder_trainable != "all"


def levels(encoder: Encoder, widths: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield (level, filters) of a decoder from the bottleneck up; level 0 has the image's extent.

    >>> list(levels(ENCODERS["VGG16"], (512, 256, 128, 64, 32)))
    [(3, 512), (2, 256), (1, 128), (0, 64)]
    """
    top = encoder.stride.bit_length() - 1
    yield from zip(reversed(range(top)), widths, strict=False)
