"""The identity of a run: what changes the trained weights or the scores, and nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

DATA_OF_IDENTITY = (
    *("target", "targets", "primary_target", "modalities", "image_size", "plane", "neighbours"),
    *("patch_slices", "patch_size", "foreground", "normalise", "denoise", "clahe"),
    *("augmentation", "min_tumor_px", "empty_slices", "split_seed"),
)
"""Keys of [data] that change weights or scores."""
RECIPE_VERSION = 1
"""Raised by hand when the meaning of a value changes, so that old records no longer answer."""


def identity(parts: Mapping[str, object]) -> str:
    """Return 16 hexadecimal digits that two runs share when they are the same experiment.

    Args:
        parts: Settings and fingerprints as plain values; order does not matter.

    >>> identity({"a": 1, "b": 2.0}) == identity({"b": 2.0, "a": 1})
    True
    """
    text = json.dumps({**parts, "recipe": RECIPE_VERSION}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
