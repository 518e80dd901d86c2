"""A trained network as its run keeps it: settings, weights, and how its maps become masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ablation.config import Config, parse_value, with_values
from ablation.data.dataset import reader_of
from ablation.data.readers.reader import Progress, silent
from ablation.data.targets import REGIONS, chosen, exclude_each_other
from ablation.errors import AblateError, DataError
from ablation.experiments.external import points_of
from ablation.experiments.rescoring import require_weights, trainer_of
from ablation.experiments.space import space_of
from ablation.experiments.study import planned
from ablation.inference.choose import OperatingPoint
from ablation.models import ONE_TARGET, Outputs
from tracking import names
from tracking.record import RunFolder

if TYPE_CHECKING:
    from ablation.training.trainer import Trainer


@dataclass(frozen=True, slots=True)
class Network:
    """The trained network of a run; the scans it was trained on are not needed."""

    run: RunFolder
    config: Config
    """The run's own setting."""
    outputs: Outputs
    points: Mapping[str, OperatingPoint]
    """Of each target, chosen on the validation patients."""

    @property
    def targets(self) -> tuple[str, ...]:
        """The regions that it segments."""
        return tuple(self.points)

    @property
    def tta(self) -> str:
        """Its kind of test-time augmentation, which all targets share."""
        return next(iter(self.points.values())).tta

    def trainer(self, progress: Progress = silent) -> Trainer:
        """Return the network with its weights."""
        return trainer_of(self.run, self.config, self.outputs, progress)


def network_of(run: Path, cache: Path) -> Network:
    """Return the network of a finished trial or final.

    Raises:
        AblateError: A run without weights, or one whose study's plan is gone.
        DamagedError: The run's record was changed after it ended.
    """
    folder = RunFolder(run)
    record = folder.record
    require_weights(folder)
    config = planned(RunFolder(folder.path.parent / names.STUDY_FOLDER), record.study).config
    own = (*space_of(config), "training.seed")
    if lacking := [key for key in own if key not in record.params]:
        raise AblateError(
            f"run {record.name} of study {record.study} has no {', '.join(lacking)} in its record",
            hint="Use the version of ablate that made it.",
        )
    config = with_values(config, {key: parse_value(record.params[key]) for key in own})
    targets, outputs = _outputs(config, cache)
    return Network(folder, config, outputs, points_of(folder, targets, config.inference.element))


def _outputs(config: Config, cache: Path) -> tuple[Sequence[str], Outputs]:
    """Return the targets of a configuration, and what the maps of their network are."""
    if config.data.target != REGIONS:
        return (config.data.target,), ONE_TARGET
    try:
        labels = chosen(REGIONS, config.data.targets or reader_of(config.data, cache).targets)
    except DataError as error:
        raise DataError(
            f"the labels of the targets are not known without the scans of the training: {error}",
            hint="Bring back the scans, or at least their dataset.json.",
        ) from error
    return tuple(labels), Outputs(len(labels), exclude_each_other(labels.values()))
