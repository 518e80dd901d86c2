"""What the trials of one study have in common: design, data, split, configuration, space.

A study's definition is stored with it; the same command with another definition is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ablation.config import (
    DATA_OF_IDENTITY,
    RECIPE_VERSION,
    Config,
    flatten,
    identity,
    with_values,
)
from ablation.config.versions import definition_of, identity_1
from ablation.data import Dataset, Split, fitted, open_dataset, refuse_empty_target, splits_of
from ablation.data.readers.reader import Progress, silent
from ablation.data.targets import Labels, chosen, exclude_each_other
from ablation.errors import UsageError, nearest
from ablation.experiments.inputs import as_read, input_shape
from ablation.experiments.space import space_of
from ablation.experiments.targets import experiment_name
from ablation.losses import LOSSES, strengths, switches
from ablation.metrics.registry import chosen_metrics
from ablation.models import DESIGNS, Outputs, check, weights
from ablation.training.augmentations import AUGMENTATIONS, CHAINED
from ablation.training.decay import DECAYS
from sweeps import Space, to_json
from tracking.names import Fold, StudyName

NOT_IN_DEFINITION = frozenset(
    {"data.path", "data.source", "data.skip_bad", "data.split", "data.folds", "space"}
    | {"data.patient_map"}
    | {"sweep.trials", "sweep.seeds", "sweep.retries", "sweep.max_consecutive_failures"}
    | {"sweep.keep_checkpoints", "tracking.uri"}
)
"""Keys that change neither weights, scores nor the search; what they lead to is fingerprinted."""

OF_THE_REPORT = ("comparison.", "report.")
"""Sections that say what is made of runs, not what is run."""

PRIVATE = frozenset({"data.path", "data.split", "data.patient_map", "tracking.uri"})
"""Keys that never leave the machine: paths, and an address that may hold a password."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """One design on one data set under one split."""

    name: str
    """The experiment: designs of one experiment are compared with each other."""
    design: str
    """The design's name in tables: the model's, or the one given by --study."""
    config: Config
    preset: str
    """The ready configuration this one rests on; its name bands the outputs of a demo."""
    dataset: Dataset
    split: Split
    fold: int | None = None
    """Outer fold that tests, from 1; none: there is one split."""

    @property
    def label(self) -> str:
        """The design with its fold, as in "unet.fold1of4": each fold is tuned for itself."""
        return self.design + ("" if self.outer_fold is None else self.outer_fold.suffix)

    @property
    def study(self) -> str:
        """Name of the study, and folder of its runs below the workspace."""
        return str(StudyName(self.name, self.label))

    @property
    def outer_fold(self) -> Fold | None:
        """The fold of the cross-validation; None where there is one split."""
        folds = self.config.data.folds
        return None if self.fold is None or folds is None else Fold(self.fold, folds)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """What the network sees: extent and channels of a slice, or of a patch of a volume."""
        return input_shape(self.config)

    @property
    def targets(self) -> dict[str, Labels]:
        """The regions that are segmented, with their labels."""
        return chosen(self.config.data.target, self.dataset.targets)

    @property
    def outputs(self) -> Outputs:
        """What the maps of the network are: softmax where no two targets share a label."""
        return Outputs(len(self.targets), exclude_each_other(self.targets.values()))

    @property
    def space(self) -> Space:
        """The search space: [space] of the configuration, else the default of model and loss."""
        return space_of(self.config)

    def definition(self) -> dict[str, str]:
        """Return what must not change while a study goes on, as texts by key."""
        values = {
            key: text
            for key, text in definition_of(self.config).items()
            if key not in NOT_IN_DEFINITION and not key.startswith(OF_THE_REPORT)
        }
        values |= {"model.name": json.dumps(self.config.model.name)}
        values |= {"loss.name": json.dumps(self.config.loss.name)}
        if "model.pretrained" in values:
            values["model.pretrained"] = json.dumps(weights.label(self.config.model))
        values["space"] = to_json(self.space)
        values["data fingerprint"] = self.dataset.fingerprint
        values["split fingerprint"] = self.split.fingerprint
        values |= {key: json.dumps(labels) for key, labels in self._labels.items()}
        values["recipe"] = str(RECIPE_VERSION)
        values["preset"] = self.preset
        if self.outer_fold is not None:
            values["fold"] = str(self.outer_fold)
        return values

    def identity_of(self, config: Config) -> str:
        """Return the identity of a run with this configuration on this data and split."""
        data = config.data.changed()
        return identity(
            {
                "model": model_parts(config),
                "loss": loss_parts(config),
                "training": config.training.changed(),
                "inference": config.inference.changed(),
                "data": {key: data[key] for key in DATA_OF_IDENTITY if key in data},
                **self._labels,
                **self._fingerprints,
            }
        )

    def identities_of(self, config: Config) -> tuple[str, ...]:
        """Return the identity of such a run, and those that earlier versions gave it."""
        earlier = identity_1(config, weights.fingerprint(config.model), self._fingerprints)
        return tuple(filter(None, (self.identity_of(config), earlier)))

    @property
    def _labels(self) -> dict[str, object]:
        """What the target is made of where the scans say so, not the layout."""
        if self.dataset.reader.bind is None:
            return {}
        labels = self.targets
        return {"labels": labels if len(labels) > 1 else next(iter(labels.values()))}

    @property
    def _fingerprints(self) -> dict[str, str]:
        return {
            "data fingerprint": self.dataset.fingerprint,
            "split fingerprint": self.split.fingerprint,
        }


def model_parts(config: Config) -> dict[str, object]:
    """Return what decides the network and its first weights, wherever their file lies.

    Keys at their default are left out, so that a new key changes no identity.
    """
    design, keys = DESIGNS.find(config.model.name), config.model
    effective, changed = design.effective(keys), keys.changed()
    parts = {key: value for key, value in effective.items() if key in changed}
    if "pretrained" in parts:
        parts["pretrained"] = weights.fingerprint(keys)
    return {"name": keys.name, **parts}


def loss_parts(config: Config) -> dict[str, object]:
    """Return the loss's name and what it reads that is not at its default."""
    usual = LOSSES.find(config.loss.name).settings()
    values = {**switches(config.loss), **strengths(config.loss)}
    defaults = {**switches(usual), **strengths(usual)}
    changed = {key: value for key, value in values.items() if value != defaults[key]}
    return {"name": config.loss.name, **changed}


def check_names(config: Config, models: tuple[str, ...]) -> None:
    """Refuse unknown models, losses, augmentations and metrics, naming the nearest known one."""
    problems = [
        (f"unknown model {name!r}", nearest(name, DESIGNS))
        for name in models
        if name not in DESIGNS
    ]
    if config.loss.name not in LOSSES:
        problems.append((f"unknown loss {config.loss.name!r}", nearest(config.loss.name, LOSSES)))
    problems += [
        (f"unknown augmentation {name!r}", nearest(name, AUGMENTATIONS))
        for name in map(str.strip, config.data.augmentation.split(CHAINED))
        if name not in AUGMENTATIONS
    ]
    decay = config.training.decay
    if decay not in DECAYS:
        problems.append((f"unknown decay {decay!r}", nearest(decay, DECAYS)))
    if problems:
        raise UsageError(
            "; ".join(text for text, _ in problems), hint=" ".join(hint for _, hint in problems)
        )
    chosen_metrics(config.comparison.metric, config.comparison.secondary)


def check_pretrained(config: Config) -> None:
    """Refuse unusable encoder weights, those a search may choose included.

    Raises:
        DataError: A missing or wrong file.
        UsageError: A search over paths: its trials' parameters are published.
    """
    choices = config.space.get("model.pretrained", {}).get("choices", ())
    searched = list(choices) if isinstance(choices, (list, tuple)) else []
    for choice in searched:
        if choice not in (weights.NONE, weights.IMAGENET):
            raise UsageError(
                f"[space] model.pretrained {choice!r} cannot be searched",
                hint="Search none and imagenet; sweep a file as a variant of its own with --study.",
            )
    for choice in (weights.start_of(config.model), *searched):
        if "pretrained" in type(config.model).model_fields:
            weights.check(config.model.model_copy(update={"pretrained": choice}))


def params_of(config: Config) -> dict[str, str]:
    """Return the flat configuration as texts for a run's record, without what stays on this machine."""
    flat = flatten(config)
    if "model.pretrained" in flat:
        flat["model.pretrained"] = weights.label(config.model)
    if (scaling := weights.scaling(config.model)) is not None:
        flat["model.encoder_scaling"] = scaling
    return {
        key: "none" if value is None else str(value)
        for key, value in flat.items()
        if key not in PRIVATE and not key.startswith("report.")
    }


def configured(experiment: Experiment, params: Mapping[str, object], seed: int | None) -> Config:
    """Return the configuration of one trial, or of a final with its own seed."""
    values = dict(params)
    if seed is not None:
        values["training.seed"] = seed
    return with_values(experiment.config, values)


def open_experiment(
    config: Config,
    *,
    preset: str,
    cache: Path,
    name: str | None = None,
    design: str | None = None,
    fold: int | None = None,
    progress: Progress = silent,
) -> Experiment:
    """Return one of `open_experiments`: the only one, or that of an outer fold (from 1)."""
    experiments = open_experiments(
        config, preset=preset, cache=cache, name=name, design=design, progress=progress
    )
    return experiments[(fold or 1) - 1]


def open_experiments(
    config: Config,
    *,
    preset: str,
    cache: Path,
    name: str | None = None,
    design: str | None = None,
    progress: Progress = silent,
) -> tuple[Experiment, ...]:
    """Open the data of a configuration and return the experiment of each of its splits.

    Args:
        config: Its `model.name` is the design; with `data.folds` there is a split for each fold.
        preset: Ready configuration it rests on.
        cache: Folder of prepared slices and facts.
        name: Of the experiment; none: the data set's, with a target that is not the usual one.
        design: Name in tables; none: the model's.
        progress: Called with a line about what is being read.

    Raises:
        DataError: Unusable scans, split or encoder weights; a target that no patient of a part has.
        UsageError: Unknown model or loss, folds that the patients do not allow.
    """
    check_names(config, (config.model.name,))
    own = fitted(config.data, cache, progress)
    config = as_read(config.model_copy(update={"data": own}))
    check(config.model, input_shape(config))
    check_pretrained(config)
    dataset = open_dataset(config.data, cache, progress)
    splits = splits_of(dataset, config.data)
    refuse_empty_target(dataset, config.data.target, splits)
    return tuple(
        Experiment(
            name=name or experiment_name(dataset.name, config.data.target),
            design=design or config.model.name,
            config=config,
            preset=preset,
            dataset=dataset,
            split=split,
            fold=None if config.data.folds is None else number,
        )
        for number, split in enumerate(splits, 1)
    )
