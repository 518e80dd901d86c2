"""What of the data a design sees: slices with their neighbours, or patches of volumes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ablation.config import Config, with_values
from ablation.data import Slices, training_rows
from ablation.data.patches import Drawn, Patches
from ablation.models import DESIGNS

OF_SLICES = ("data.neighbours", "data.min_tumor_px", "data.empty_slices")
"""Keys that only 2-D designs read."""
OF_PATCHES = (
    *("data.patch_slices", "data.patch_size", "data.foreground"),
    *("training.patch_batch", "inference.tile_overlap"),
)
"""Keys that only 3-D designs read."""


@dataclass(frozen=True, slots=True)
class Samples:
    """What a training reads."""

    images: Any
    """Read by row, or by the corner of a patch."""
    masks: Any
    rows: Any
    """Slices to train on; of patches what draws the corners of an epoch from its seed."""

    @property
    def count(self) -> int:
        """How many slices or patches an epoch has."""
        return len(self.rows)


def is_3d(config: Config) -> bool:
    """Tell whether the design of a configuration takes patches of volumes."""
    return DESIGNS.find(config.model.name).input == "3d"


def as_read(config: Config) -> Config:
    """Return the configuration with what its design does not read at the defaults.

    So it is neither part of the run's identity nor of a study's definition. The batch size of a 3-D
    design is `training.patch_batch`.
    """
    unread = OF_SLICES if is_3d(config) else OF_PATCHES
    values: dict[str, object] = {key: _default(key) for key in unread}
    if is_3d(config):
        values["training.batch_size"] = config.training.patch_batch
    return with_values(config, values)


def _default(key: str) -> object:
    section, _, name = key.partition(".")
    field = type(getattr(Config(), section)).model_fields[name]
    return field.get_default()


def input_shape(config: Config) -> tuple[int, ...]:
    """Return extent and channels of what a network sees: a slice, or a patch of a volume."""
    data = config.data
    if is_3d(config):
        return (*patch_extent(config), len(data.modalities))
    return data.image_size, data.image_size, len(data.modalities) * (2 * data.neighbours + 1)


def patch_extent(config: Config) -> tuple[int, int, int]:
    """Return slices, rows and columns of the patches; never wider than the slices."""
    side = min(config.data.patch_size, config.data.image_size)
    return config.data.patch_slices, side, side


def samples(config: Config, slices: Slices, patients: Sequence[str]) -> Samples:
    """Return what a training on these patients reads."""
    if not is_3d(config):
        rows = training_rows(slices, patients, config.data, config.data.split_seed)
        return Samples(slices.inputs, slices.masks, rows)
    extent, every = patch_extent(config), tuple(slices.rows.values())
    own = tuple(slices.rows[name] for name in sorted(patients))
    drawn = Drawn(slices.masks, own, extent, config.data.foreground)
    return Samples(
        Patches(slices.images, every, extent), Patches(slices.masks, every, extent), drawn
    )
