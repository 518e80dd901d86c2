"""Which labels or channels make up a target: as --labels says, or by the usual conventions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from ablation.config.sections.targets import parse_targets
from ablation.data.readers.brats_names import (
    REGIONS,
    SWAPPED,
    SWAPPED_OEDEMA,
    YEAR_2017,
    YEAR_2023,
)
from ablation.data.readers.patients import labels_hash
from ablation.data.readers.rim import Count, oedema_of
from ablation.errors import DataError, UsageError, nearest
from ablation.scores.mask_files import MaskFile
from ablation.scores.remarks import Level, Remark, note

Numbers = tuple[int, ...]
MOST_NAMED = 20
"""Labels in a message; an image taken for masks has thousands."""
SYNTAX = "--labels 'WT=1,2,4;TC=1,4;ET=4': targets and their labels, or channels counted from 0"
CLEARLY = 2.0
"""One reading of the labels must agree with the truths on so many times the voxels of the other."""
NESTED = ("ET", "TC", "WT")
"""The three BraTS regions, each inside the next."""


@dataclass(frozen=True, slots=True)
class Content:
    """What all files of one side hold."""

    labels: Collection[int]
    """Labels other than 0; of channels nothing."""
    channels: frozenset[int]
    """Numbers of channels of its files; 1 for maps of labels."""
    voxels: Sequence[int] = ()
    """Voxels of each channel, over all files."""
    inside: frozenset[tuple[int, int]] = frozenset()
    """Pairs of channels of which the first lies inside the second in every file."""
    rims: Sequence[Count] = ()
    """Of maps of labels: what each file holds, and what lies at its rim."""
    overlap: Mapping[tuple[int, int], int] = field(default_factory=dict)
    """Of predictions: voxels with this label where the truth has that one."""
    described: Mapping[int, int] | None = None
    """What a dataset.json beside the files says: each label's number in 2013."""
    named_2023: bool = False
    """Whether the files have the names of BraTS since 2023."""


@dataclass(frozen=True, slots=True)
class Regions:
    """Where to find each target in a prediction and in a truth; None is any label."""

    prediction: Mapping[str, Numbers | None]
    truth: Mapping[str, Numbers | None]
    meaning: Mapping[int, int] | None
    """Of truths with BraTS labels: the label's number in 2013."""
    said: tuple[Remark, ...]
    """What was assumed, and what is left out."""

    def truth_hash(self, truth: MaskFile, target: str) -> str:
        """Return a hash of what the target was drawn from.

        Of BraTS labels it is the hash that runs on these scans have; elsewhere that of the target
        alone, with its name before it.
        """
        if self.meaning is None:
            mask = truth.where(self.truth[target])
            return f"{target}:{labels_hash(mask.astype(np.uint8))}"
        table = np.zeros(max(self.meaning) + 1, np.uint8)
        for label, meaning in self.meaning.items():
            table[label] = meaning
        return labels_hash(table[truth.values])


def parse_labels(text: str) -> dict[str, Numbers]:
    """Read the targets of --labels.

    >>> parse_labels("WT=1,2,4;TC=1,4;ET=4")
    {'WT': (1, 2, 4), 'TC': (1, 4), 'ET': (4,)}
    """
    return parse_targets(text, "--labels", SYNTAX)


def regions_of(
    prediction: Content, truth: Content, asked: Mapping[str, Numbers] | None, target: str | None
) -> Regions:
    """Decide where the targets are.

    Args:
        prediction: What the predictions hold.
        truth: What the truths hold.
        asked: Of --labels; None: three channels that lie inside each other are ET, TC and WT;
            labels 1, 2 and 4, or 1, 2 and 3, are those of BraTS; one label is the target.
        target: Of --target: the only one wanted, or the name of a target that has none.

    Raises:
        DataError: Labels or channels whose meaning must be given.
        UsageError: A target, label or channel that does not exist.
    """
    if prediction.channels != truth.channels or len(truth.channels) != 1:
        counts = [sorted(side.channels) for side in (prediction, truth)]
        raise DataError(
            f"the predictions have {_listed(counts[0])} channels, the truths {_listed(counts[1])}",
            hint="Predictions and truths must be written alike: labels, or the same channels.",
        )
    if asked is not None:
        regions = _as_asked(asked, prediction, truth)
    elif max(truth.channels) > 1:
        regions = _by_nesting(truth)
    else:
        regions = _by_labels(prediction, truth, target or "WT")
    return regions if target is None else _only(regions, target)


def _as_asked(asked: Mapping[str, Numbers], prediction: Content, truth: Content) -> Regions:
    channels = max(truth.channels)
    numbers = {number for wanted in asked.values() for number in wanted}
    if channels > 1:
        if max(numbers) >= channels:
            raise UsageError(
                f"--labels: no channel {max(numbers)}, the files have {channels}",
                hint="Channels are counted from 0.",
            )
        return Regions(asked, asked, None, ())
    if 0 in numbers:
        raise UsageError("--labels: label 0 is the background", hint=SYNTAX)
    sides = {"prediction": prediction.labels, "truth": truth.labels}
    _refuse_another_numbering(numbers, sides)
    present = {*prediction.labels, *truth.labels}
    said = []
    if nowhere := numbers - present:
        said.append(Remark(Level.CAUTION, f"no file holds label {_listed(nowhere)} of --labels"))
    for side, own in sides.items():
        if absent := (numbers & present) - {*own}:
            text = f"no {side} holds label {_listed(absent)} of --labels"
            said.append(Remark(Level.CAUTION, text))
    if unused := present - numbers:
        said.append(note(f"label {_listed(unused)} is part of no target of --labels"))
    return Regions(asked, asked, None, tuple(said))


def _refuse_another_numbering(
    numbers: Collection[int], sides: Mapping[str, Collection[int]]
) -> None:
    """Refuse labels that a side seems to number in another way.

    The sign is a label that the side lacks beside one that is in no target and that the other side
    lacks, too, or beside any such label where neither side holds the first. A side that only lacks
    a label may be of a design that never finds it.
    """
    faults = []
    for (side, own), other in zip(sides.items(), [*sides.values()][::-1], strict=True):
        absent = {*numbers} - {*own}
        unclaimed = {*own} - {*numbers}
        strange = unclaimed if absent - {*other} else unclaimed - {*other}
        if absent and strange:
            faults.append(
                f"no {side} holds label {_listed(absent)}, and label {_listed(strange)} of the "
                f"{side}s is in no target"
            )
    if faults:
        raise UsageError(
            f"--labels: {'; '.join(faults)}",
            hint="Name the labels as the files hold them. Without --labels, BraTS labels (1, 2, 4 or "
            "1, 2, 3) are told apart for predictions and truths.",
        )


def _by_nesting(truth: Content) -> Regions:
    order = sorted(range(len(truth.voxels)), key=lambda channel: truth.voxels[channel])
    nested = all(pair in truth.inside for pair in pairwise(order))
    apart = len({truth.voxels[channel] for channel in order}) == len(order)
    if len(order) != len(NESTED) or not nested or not apart:
        raise DataError(
            f"nothing says which region each of the {len(order)} channels is",
            hint="Name them, counted from 0, such as: --labels 'ET=0;TC=1;WT=2'",
        )
    numbers = {name: (channel,) for name, channel in zip(NESTED, order, strict=True)}
    listed = ", ".join(f"{order[i]} is {name}" for i, name in enumerate(NESTED))
    said = f"channels are told by their truths, each region inside the next: {listed}"
    return Regions(numbers, numbers, None, (note(said),))


def _by_labels(prediction: Content, truth: Content, target: str) -> Regions:
    if len(prediction.labels) <= 1 and len(truth.labels) <= 1:
        said = f"masks of one region, read as {target}"
        return Regions({target: None}, {target: None}, None, (note(said),))
    both = {*prediction.labels, *truth.labels}
    tables, decided = _tables(prediction, truth)
    alone = [side for side in (prediction, truth) if len(side.labels) == 1]
    if None in tables or (alone and both != {1, 2}):
        raise DataError(
            f"the predictions hold the labels {_listed(prediction.labels) or 'none'}, the truths "
            f"{_listed(truth.labels) or 'none'}: not those of BraTS, nor masks of one region",
            hint="Give masks, not images; what many labels mean is said by --labels 'NAME=1,2;...'"
            if len(both) > MOST_NAMED
            else f"Say what they mean: --labels 'NAME={_listed(both, ',')}'",
        )
    ours, theirs = ({name: _numbers(table or {}, name) for name in REGIONS} for table in tables)
    said = "; ".join(
        f"{side}: " + ", ".join(f"{name} = {_listed(numbers)}" for name, numbers in own.items())
        for side, own in (("predictions", ours), ("truths", theirs))
    )
    first = note(f"labels are read as those of BraTS; {said}")
    return Regions(ours, theirs, tables[1], (first, *decided))


def _tables(
    prediction: Content, truth: Content
) -> tuple[list[Mapping[int, int] | None], tuple[Remark, ...]]:
    """Return what the labels of either side mean, None where they are not those of BraTS.

    1, 2 and 3 mean one thing in BraTS 2023 and another in the Decathlon and nnU-Net's conversions,
    where 1 and 2 are swapped: a dataset.json beside the truths decides, then which label lies at the
    rim of the tumour, then the names; of the predictions the overlap with the truths does.
    """
    theirs, ours = _brats(truth.labels), _brats(prediction.labels)
    said = []
    if theirs is YEAR_2023:
        theirs, why = _of_truths(truth)
        said += [Remark(Level.CAUTION, why)] if why else []
    if ours is YEAR_2023 and theirs is not None:
        ours, why = _of_predictions(prediction, theirs)
        said += [Remark(Level.CAUTION, why)] if why else []
    return [ours, theirs], tuple(said)


def _of_truths(truth: Content) -> tuple[Mapping[int, int], str]:
    if truth.described is not None:
        return {0: 0, **truth.described}, ""
    oedema = oedema_of(truth.rims)
    if oedema == SWAPPED_OEDEMA:
        return SWAPPED, (
            "the truths' labels 1, 2 and 3 are read as oedema, necrosis and enhancing tumour, as in the "
            "Decathlon and nnU-Net's conversions, because 1 lies at the rim of the tumour; check it, "
            "--labels says otherwise"
        )
    if oedema is None and truth.rims and not truth.named_2023 and {1, 2} <= {*truth.labels}:
        return YEAR_2023, (
            "nothing tells whether label 1 of the truths is necrosis (BraTS 2023, assumed) or oedema "
            "(Decathlon, nnU-Net's conversions): the score of TC depends on it; say it with --labels"
        )
    return YEAR_2023, ""


def _of_predictions(
    prediction: Content, theirs: Mapping[int, int]
) -> tuple[Mapping[int, int], str]:
    """Return the numbering whose parts lie on those of the truths."""

    def agreement(table: Mapping[int, int]) -> int:
        return sum(
            voxels
            for (ours, other), voxels in prediction.overlap.items()
            if ours in (1, 2) and table[ours] == theirs.get(other)
        )

    own = SWAPPED if theirs.get(3) == YEAR_2023[3] and theirs.get(1) == SWAPPED[1] else YEAR_2023
    other = YEAR_2023 if own is SWAPPED else SWAPPED
    if agreement(other) <= CLEARLY * agreement(own):
        return own, ""
    names = "oedema and 2 as necrosis" if other is SWAPPED else "necrosis and 2 as oedema"
    return other, (
        f"the predictions' label 1 is read as {names}, unlike the truths' numbering, because so they overlap: "
        f"{agreement(other)} voxels of labels 1 and 2 agree, {agreement(own)} the other way; check it, "
        "--labels says otherwise"
    )


def _brats(labels: Collection[int]) -> Mapping[int, int] | None:
    for table in (YEAR_2017, YEAR_2023):
        if set(labels) <= table.keys():
            return table
    return None


def _numbers(table: Mapping[int, int], target: str) -> Numbers:
    return tuple(label for label, meaning in table.items() if meaning in REGIONS[target])


def _only(regions: Regions, target: str) -> Regions:
    if target not in regions.truth:
        raise UsageError(
            f"--target {target}: not a target here", hint=nearest(target, regions.truth)
        )
    return Regions(
        {target: regions.prediction[target]},
        {target: regions.truth[target]},
        regions.meaning,
        regions.said,
    )


def _listed(numbers: Collection[int], comma: str = ", ") -> str:
    shown = [str(number) for number in sorted(numbers)]
    more = [f"... ({len(shown) - MOST_NAMED} more)"] if len(shown) > MOST_NAMED else []
    return comma.join([*shown[:MOST_NAMED], *more])
