"""Where the weights of an encoder come from: drawn, ImageNet's, a file, or a finished run.

A run is named by its folder. How images enter its encoder is written in its record, so that a later
encoder of the same weights sees images as they did.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracking.record import RunFolder

NONE, IMAGENET = "none", "imagenet"
RUN_WEIGHTS = "checkpoint/weights.npz"
PUBLISHED, UNSCALED = "published", "none"
"""Values of `model.encoder_scaling` beside auto."""


@dataclass(frozen=True, slots=True)
class RunOfEncoder:
    """A finished run as its record describes it."""

    folder: RunFolder
    design: str
    encoder: str
    """Name of its encoder in ENCODERS; empty where the record names none: the design's usual one."""
    stem: str
    scaling: str
    """`published` or `none`: how images entered its encoder."""
    status: str


def run_of(pretrained: str) -> RunOfEncoder | None:
    """Return the run that `model.pretrained` names; None where it names no run folder.

    Raises:
        TrackingError: The folder's record is damaged.
    """
    if pretrained in (NONE, IMAGENET):
        return None
    path = Path(pretrained).expanduser()
    if not path.is_dir():
        return None
    folder = RunFolder(path)
    record = folder.record
    params = record.params
    started = params.get("model.pretrained", NONE) != NONE
    scaling = params.get("model.encoder_scaling", PUBLISHED if started else UNSCALED)
    return RunOfEncoder(
        folder=folder,
        design=params.get("model.name", record.model),
        encoder=params.get("model.encoder", ""),
        stem=params.get("model.stem", ""),
        scaling=scaling,
        status=record.status,
    )


def scaling_of(keys: Any) -> str:
    """Return how images of 0..1 enter the encoder: `published` or `none`.

    Published weights expect the scaling that they were trained with; those of a run what the run
    was trained with; drawn weights take images as they are.
    """
    if keys.encoder_scaling != "auto":
        return str(keys.encoder_scaling)
    if run := run_of(keys.pretrained):
        return run.scaling
    return UNSCALED if keys.pretrained == NONE else PUBLISHED
