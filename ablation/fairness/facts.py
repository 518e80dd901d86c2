"""The fairness facts: what each design was given. A new fact is one field with its label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Annotated, Any, get_args, get_type_hints

VALIDATION = "validation"
"""What `selected_on` has to be."""
Number = int | float
Scalar = int | float | str | bool


class Parity(StrEnum):
    """What has to hold for a fact between the designs of a fair comparison."""

    ALLOWED = "allowed"
    """A budget: amounts that differ by more than a tenth confound the verdict."""
    ON_VALIDATION = "on validation"
    """"validation", or the scores are optimistic."""
    USED = "used"
    """May differ where one stopping rule led to it; then it is said."""
    SAME = "same"
    """Should be the same; a difference is said."""
    SHOWN = "shown"
    """Describes a design; nothing has to hold."""
    HIDDEN = "hidden"
    """Not a row of the table."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known of a fact, whatever its value."""

    label: str
    parity: Parity
    always: bool = True
    """Whether it has a row where no design states it."""
    has_own_caution: bool = False
    """Whether another sentence says that it differs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FairnessFacts:
    """What one design was given; None is not stated. The table of a report has this order.

    Of several final runs with different numbers a fact is their mean, of different words a list.

    Example:
        >>> FairnessFacts(trials=20, device="CPU").stated
        {'trials': 20, 'device': 'CPU'}
    """

    protocol: Annotated[str | None, Fact("patients tested by", Parity.SAME)] = None
    trials: Annotated[Number | None, Fact("trials allowed", Parity.ALLOWED)] = None
    epochs_allowed: Annotated[Number | None, Fact("epochs allowed in a trial", Parity.ALLOWED)] = (
        None
    )
    space_size: Annotated[Number | None, Fact("settings searched over", Parity.ALLOWED)] = None
    epochs_used: Annotated[Number | None, Fact("epochs used in the final", Parity.USED)] = None
    seconds: Annotated[Number | None, Fact("seconds of the final training", Parity.SHOWN)] = None
    study_seconds: Annotated[Number | None, Fact("seconds of all trainings", Parity.SHOWN)] = None
    device: Annotated[str | None, Fact("trained on", Parity.SAME)] = None
    seeds: Annotated[Number | None, Fact("final trainings", Parity.SAME, has_own_caution=True)] = (
        None
    )
    network: Annotated[str | None, Fact("network", Parity.SHOWN, always=False)] = None
    loss: Annotated[str | None, Fact("loss", Parity.SHOWN, always=False)] = None
    augmentation: Annotated[str | None, Fact("augmentation", Parity.SHOWN, always=False)] = None
    layout: Annotated[str | None, Fact("layout of the scans", Parity.SHOWN, always=False)] = None
    selected_on: Annotated[str | None, Fact("settings chosen on", Parity.ON_VALIDATION)] = None
    preset: Annotated[str | None, Fact("preset", Parity.SAME)] = None
    patients_left_out: Annotated[Number | None, Fact("unusable patients left out", Parity.SAME)] = (
        None
    )
    precision: Annotated[str | None, Fact("precision", Parity.SAME)] = None
    pretrained: Annotated[str | None, Fact("pre-trained weights", Parity.SAME)] = None
    pruner: Annotated[str | None, Fact("pruner", Parity.SAME)] = None
    parameters: Annotated[Number | None, Fact("parameters", Parity.SHOWN)] = None
    search: Annotated[str | None, Fact("inference search", Parity.SAME)] = None
    tta: Annotated[str | None, Fact("test-time augmentation chosen", Parity.SHOWN)] = None
    threshold: Annotated[Number | None, Fact("threshold chosen", Parity.SHOWN)] = None
    threshold_at_edge: Annotated[
        bool | str | None, Fact("threshold at the edge of the search", Parity.SHOWN)
    ] = None
    morphology: Annotated[str | None, Fact("morphology chosen", Parity.SHOWN)] = None
    min_size: Annotated[
        Number | None, Fact("its component size, pixels of 256x256", Parity.SHOWN)
    ] = None
    by_target: Annotated[
        str | None, Fact("threshold and post-processing of each target", Parity.SHOWN, always=False)
    ] = None
    ms_per_case: Annotated[Number | None, Fact("milliseconds per case", Parity.SHOWN)] = None
    candidates: Annotated[Number | None, Fact("candidates", Parity.SAME, always=False)] = None
    external_test_set: Annotated[
        str | None, Fact("external test set", Parity.SAME, always=False)
    ] = None
    hd95_method: Annotated[str | None, Fact("how HD95 was computed", Parity.SAME, always=False)] = (
        None
    )
    nsd_tolerance_mm: Annotated[
        Number | None,
        Fact(
            "NSD tolerance (mm, or pixels where the spacing is not known)",
            Parity.SAME,
            always=False,
        ),
    ] = None
    targets_left_out: Annotated[str | None, Fact("targets left out", Parity.SAME, always=False)] = (
        None
    )
    training_data: Annotated[str | None, Fact("training data", Parity.SAME, always=False)] = None
    imported: Annotated[str | None, Fact("results of another program", Parity.HIDDEN)] = None
    """What the scores came in as: "table", "masks", "nnU-Net"; None: trained here."""
    generated: Annotated[bool | None, Fact("generated data", Parity.HIDDEN)] = None

    @property
    def stated(self) -> dict[str, Any]:
        """The facts that are stated, by name."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in values.items() if value is not None}

    def updated(self, newer: FairnessFacts) -> FairnessFacts:
        """Return these facts with what `newer` states in their place.

        >>> FairnessFacts(trials=20, seeds=1).updated(FairnessFacts(trials=30)).stated
        {'trials': 30, 'seeds': 1}
        """
        return replace(self, **newer.stated)


FACTS: dict[str, Fact] = {
    name: next(part for part in get_args(hint) if isinstance(part, Fact))
    for name, hint in get_type_hints(FairnessFacts, include_extras=True).items()
}
"""What is known of each fact, in the order of the table."""


def merged(several: Sequence[FairnessFacts]) -> FairnessFacts:
    """Return the facts of one design from those of its runs; a run that is silent counts not.

    >>> merged([FairnessFacts(threshold=0.4, tta="none"), FairnessFacts(threshold=0.6)]).stated
    {'tta': 'none', 'threshold': 0.5}
    """
    values: dict[str, list[Scalar]] = {}
    for facts in several:
        for name, value in facts.stated.items():
            values.setdefault(name, []).append(value)
    return replace(FairnessFacts(), **{name: _joined(found) for name, found in values.items()})


def _joined(values: Sequence[Scalar]) -> Any:
    if all(value == values[0] for value in values):
        return values[0]
    numbers = [float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) == len(values):
        return sum(numbers) / len(numbers)
    return ", ".join(dict.fromkeys(str(value) for value in values))
