"""What a report shows of the runs themselves: their tuning, their thresholds, their pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Value = float | str


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial of a study."""

    number: int
    state: str
    """complete, pruned or failed."""
    value: float | None
    """Validation Dice; of a pruned trial the last it reported."""
    params: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Parameter:
    """What was searched."""

    name: str
    log: bool = False
    """Whether it was drawn on a log scale."""


@dataclass(frozen=True, slots=True)
class Study:
    """The tuning of a design, or of one fold of it."""

    design: str
    name: str
    """As a reader knows it: the design, with the fold where there are several."""
    trials: tuple[Trial, ...]
    parameters: tuple[Parameter, ...]
    importance: Mapping[str, Mapping[str, float]]
    """Of each method: parameter -> share; empty where `reason` says why."""
    reason: str = ""

    @property
    def complete(self) -> tuple[Trial, ...]:
        """The trials that trained to their end."""
        return tuple(t for t in self.trials if t.state == "complete" and t.value is not None)

    @property
    def values(self) -> tuple[float, ...]:
        """Of the trials that count as tried: those stopped early at their last value."""
        return tuple(t.value for t in self.trials if t.state != "failed" and t.value is not None)


@dataclass(frozen=True, slots=True)
class Cut:
    """One operating point on the validation patients."""

    threshold: float
    dice: float | None
    """Mean over patients with tumour."""
    voxels: tuple[int, int, int] | None
    """True positives, false positives, false negatives of all patients; None: not on record."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The thresholds a final chose from, with the augmentation it chose and without post-processing."""

    design: str
    run: str
    """Its name, of several targets with the target."""
    cuts: tuple[Cut, ...]
    """By threshold."""
    chosen: Cut
    tta: str
    cleaning: str
    """"" without."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An overlay a final has drawn."""

    design: str
    patient: str
    kind: str
    """tumour: the slice with most of it; false_alarm: the worst slice without."""
    slice: int
    truth_voxels: int
    pred_voxels: int
    dice: float
    png: bytes


@dataclass(frozen=True, slots=True)
class Case:
    """A patient worth a look, under every design that has a picture."""

    why: str
    patient: str
    kind: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """The training of a final or of a study's best trial, epoch by epoch."""

    design: str
    run: str
    epochs: tuple[int, ...]
    validation_dice: tuple[float, ...]
    train_dice: tuple[float, ...] = ()
    """Of a fixed sample of training patients; empty where it is not on record."""
    train_loss: tuple[float, ...] = ()
    validation_loss: tuple[float, ...] = ()
    is_best_trial: bool = False


@dataclass(frozen=True, slots=True)
class NetworkBlock:
    """A block of a network."""

    name: str
    shape: tuple[int, ...]
    """Rows, columns and channels of what it gives; of a volume slices first."""
    parameters: int
    trainable: int


@dataclass(frozen=True, slots=True)
class Network:
    """The network of a design's first final, block by block."""

    design: str
    blocks: tuple[NetworkBlock, ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What repeats the finals of a study: settings, search, patients, seeds; and where they ran."""

    design: str
    name: str
    """As a reader knows the study: the design, with the fold where there are several."""
    settings: Mapping[str, object]
    """Flat configuration of a final, the chosen values included, its seed left out."""
    space: Mapping[str, Mapping[str, object]]
    """What was searched, as [space] writes it; empty where it is not on record."""
    chosen: Mapping[str, Value]
    """What the search chose for the final."""
    seeds: tuple[int, ...]
    """Of the finals."""
    patients: Mapping[str, tuple[str, ...]]
    """Ids of train, validation and test; empty where they are not on record."""
    layout: str
    """Of the scans, as in "brats"."""
    data: str
    """Fingerprint of scans and truth."""
    versions: Mapping[str, str]
    machine: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Material:
    """All of it; empty for tables given by hand."""

    studies: tuple[Study, ...] = ()
    thresholds: tuple[Thresholds, ...] = ()
    cases: tuple[Case, ...] = ()
    without_pictures: tuple[str, ...] = ()
    """Designs whose runs have no overlays."""
    recipes: tuple[Recipe, ...] = ()
    curves: tuple[Curve, ...] = ()
    networks: tuple[Network, ...] = ()

    def sentences(self, designs: Sequence[str]) -> tuple[str, ...]:
        """Say what is not shown, and of which designs, so that nothing is left out silently."""
        tuned = {study.design for study in self.studies}
        searched = {one.design for one in self.thresholds}
        absent = {
            "trials": [name for name in designs if name not in tuned],
            "threshold search": [name for name in designs if name not in searched],
            "overlays of test patients": self.without_pictures,
        }
        return tuple(
            f"No {what} on record: {', '.join(names)}." for what, names in absent.items() if names
        )
