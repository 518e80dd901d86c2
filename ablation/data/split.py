"""Which patients train, choose and test: split by patient, stratified by tumour volume.

All examinations of one person are in the same part.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ablation.config.sections import DataConfig
from ablation.data.dataset import Dataset
from ablation.data.facts import PatientFacts
from ablation.data.targets import chosen
from ablation.errors import DataError, UsageError
from ablation.files.atomic import write_whole

PARTS = ("train", "validation", "test")
NAMED = 5
"""Patients that a message names before it counts the others."""


@dataclass(frozen=True, slots=True)
class Split:
    """Patient ids of the three parts, each sorted; of a person with several examinations, theirs."""

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """Hash of who is in which part; not of any order."""
        parts = repr([sorted(part) for part in (self.train, self.validation, self.test)])
        return hashlib.sha256(parts.encode()).hexdigest()[:16]


def split_patients(dataset: Dataset, data: DataConfig) -> Split:
    """Return the split of `data.split`, or make one.

    A made split depends on `data.split_seed` and the patients alone. Each third of the patients by
    tumour volume, of several examinations the largest, gives its share to each part, to within
    one patient.

    Raises:
        DataError: Fewer than three labelled patients, or a file that does not fit the data set.
        UsageError: Fractions that leave no patient for a part.
    """
    if data.split is not None:
        labelled = [facts for facts in dataset.patients if facts.labelled]
        return read_split(Path(data.split), labelled)
    patients = _enough(dataset)
    rng = np.random.default_rng(data.split_seed)
    ordered = _by_volume_third(patients, rng)
    validation, test = part_sizes(len(ordered), *_fractions(dataset, data))
    in_test = _evenly(ordered, test, rng)
    others = [person for person in ordered if person not in in_test]
    return _parted(patients, in_test, _evenly(others, validation, rng))


def splits_of(dataset: Dataset, data: DataConfig) -> tuple[Split, ...]:
    """Return the split of `split_patients`, or with `data.folds` one for each outer fold.

    The folds' test patients are all labelled patients, each once. Each third of the patients by
    tumour volume gives its share to each fold, and folds differ in size by at most one patient.
    The others train and validate, in the proportion of a single split.

    Raises:
        DataError: As `split_patients`.
        UsageError: Also: folds of a split that is given, or more than the patients allow.
    """
    if data.folds is None:
        return (split_patients(dataset, data),)
    if data.split is not None:
        raise UsageError(
            f"data.folds={data.folds} makes splits, data.split={data.split} names one",
            hint="Leave out --folds or --split.",
        )
    patients = _enough(dataset)
    ordered = _by_volume_third(patients, np.random.default_rng(data.split_seed))
    _refuse_folds(data.folds, len(ordered))
    train, validation = _fractions(dataset, data)
    share = validation / (train + validation)
    numbers = range(1, data.folds + 1)
    return tuple(_fold(patients, ordered, number, data, share) for number in numbers)


def refuse_empty_target(dataset: Dataset, asked: str, splits: Sequence[Split]) -> None:
    """Refuse splits with a part in whose patients nothing of a target of `data.target` is drawn.

    Nothing could be learned, chosen or tested there.

    Raises:
        DataError: One line with the target, the part and its patients.
    """
    for target in chosen(asked, dataset.targets):
        _refuse_empty(dataset, target, splits)


def _refuse_empty(dataset: Dataset, target: str, splits: Sequence[Split]) -> None:
    empty = _empty_parts(dataset, target, splits)
    if empty:
        ways = ["another split (--set data.split_seed=N)"]
        if len(splits) == 1:
            ways = ["another split (--set data.split_seed=N, or --split FILE)"]
        drawn = [
            name
            for name in dataset.targets
            if name != target and not _empty_parts(dataset, name, splits)
        ]
        if drawn:
            ways.append(f"a target that every part has (--set data.target={drawn[0]})")
        raise DataError(
            f"data.target: {target} is empty in all {' and in all '.join(empty)}",
            hint=f"Choose {' or '.join(ways)}.",
        )


def _empty_parts(dataset: Dataset, target: str, splits: Sequence[Split]) -> list[str]:
    """Return in words whose truth has no voxel of the target, part by part."""
    voxels = {facts.id: facts.target_voxels.get(target) for facts in dataset.patients}
    return [
        f"{part} patients{f' of fold {number}/{len(splits)}' if len(splits) > 1 else ''} ({_some(names)})"
        for number, split in enumerate(splits, 1)
        for part, names in asdict(split).items()
        if {voxels[name] for name in names} == {0}
    ]


def _some(names: Sequence[str]) -> str:
    """Return names for one line: all, or the first few and how many more."""
    shown = ", ".join(names[:NAMED])
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED} more"


def _fold(
    patients: Sequence[PatientFacts],
    ordered: Sequence[str],
    number: int,
    data: DataConfig,
    share: float,
) -> Split:
    test = ordered[number - 1 :: data.folds]
    others = [person for person in ordered if person not in test]
    count = min(max(1, round(share * len(others))), len(others) - 1)
    validation = _evenly(others, count, np.random.default_rng([data.split_seed, number]))
    return _parted(patients, test, validation)


def _parted(
    patients: Sequence[PatientFacts], test: Sequence[str], validation: Sequence[str]
) -> Split:
    """Return the split in which these persons test and validate and the others train."""
    parts: dict[str, list[str]] = {part: [] for part in PARTS}
    for facts in patients:
        held = "validation" if facts.person in validation else "train"
        parts["test" if facts.person in test else held].append(facts.id)
    return Split(*(tuple(sorted(parts[part])) for part in PARTS))


def _refuse_folds(folds: int, patients: int) -> None:
    """Every fold tests a patient and leaves two, to train and to validate."""
    possible = [k for k in range(2, patients + 1) if patients - math.ceil(patients / k) >= 2]
    if folds in possible:
        return
    lacking = "to test one each" if folds > patients else "to train and validate beside each"
    allowed = " to ".join(str(k) for k in dict.fromkeys((possible[0], possible[-1])))
    raise UsageError(
        f"data.folds={folds}: {patients} labelled patients are too few {lacking}",
        hint=f"Choose --folds {allowed}.",
    )


def part_sizes(patients: int, train: float, validation: float) -> tuple[int, int]:
    """Return how many patients validate and test; each part has at least one.

    >>> part_sizes(40, 0.50, 0.20), part_sizes(13, 0.70, 0.15), part_sizes(3, 0.70, 0.15)
    ((8, 12), (2, 2), (1, 1))
    """
    shares = [validation, 1.0 - train - validation]
    held = [max(1, round(share * patients)) for share in shares]
    while sum(held) >= patients:
        held[held.index(max(held))] -= 1
    return held[0], held[1]


def read_split(path: Path, patients: Sequence[PatientFacts]) -> Split:
    """Read the patients of train, validation and test from a JSON file.

    Of a person with several examinations it names each, all in the same part.

    Raises:
        DataError: The file cannot be read, names unknown, too few or repeated patients, or parts
            the examinations of a person.
    """
    try:
        parts = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: cannot be read as a split ({error})",
            hint="Write one with ablate data split --out FILE.",
        ) from error
    _refuse_no_split(path, parts)
    listed = Counter(name for part in PARTS for name in parts[part])
    known = [facts.id for facts in patients]
    faults = [
        *(f"{name}: not in the data set" for name in listed if name not in known),
        *(f"{name}: in no part" for name in known if name not in listed),
        *(f"{name}: {count} times" for name, count in listed.items() if count > 1),
        *(f"{part}: no patient" for part in PARTS if not parts[part]),
        *(
            f"unknown key {name}; a split has train, validation and test"
            for name in parts
            if name not in PARTS
        ),
        *_torn(parts, patients),
    ]
    if faults:
        hint = "Every labelled patient belongs in exactly one part."
        if len({facts.person for facts in patients}) < len(patients):
            hint += " Name every examination, and all of one person in the same part."
        raise DataError(f"{path}: does not fit the data set\n  " + "\n  ".join(faults), hint=hint)
    return Split(*(tuple(sorted(parts[part])) for part in PARTS))


def write_splits(splits: Sequence[Split], path: Path, format: Literal["json", "nnunet"]) -> None:  # noqa: A002
    """Write what `splits_of` returns as a file.

    Args:
        splits: One split, or those of the outer folds.
        path: The file.
        format: "json" is of one split what `read_split` takes, of folds a list of them. "nnunet" is
            nnU-Net's `splits_final.json`. Of folds, nnU-Net trains on all but the test patients
            and predicts these ("val"). Of one split, its only fold leaves the test patients out:
            their cases belong in imagesTs.
    """
    content: Any = [asdict(split) for split in splits]
    if format == "json" and len(splits) == 1:
        content = content[0]
    elif format == "nnunet" and len(splits) == 1:
        content = [{"train": splits[0].train, "val": splits[0].validation}]
    elif format == "nnunet":
        content = [{"train": sorted(s.train + s.validation), "val": s.test} for s in splits]
    text = json.dumps(content, indent=2) + "\n"
    write_whole(path, text)


def _torn(parts: Mapping[str, Sequence[str]], patients: Sequence[PatientFacts]) -> Iterator[str]:
    """Yield a fault for each person whose examinations are in several parts."""
    part_of = {name: part for part in PARTS for name in parts[part]}
    held: dict[str, dict[str, str]] = {}
    for facts in patients:
        if facts.id in part_of:
            held.setdefault(facts.person, {})[facts.id] = part_of[facts.id]
    for person, own in held.items():
        if len(set(own.values())) > 1:
            listed = ", ".join(f"{name} in {part}" for name, part in own.items())
            yield f"{person}: one person in several parts ({listed})"


def _enough(dataset: Dataset) -> list[PatientFacts]:
    """Return the labelled patients, of whom each part needs one."""
    patients = [facts for facts in dataset.patients if facts.labelled]
    persons = {facts.person for facts in patients}
    if len(persons) < len(PARTS):
        raise DataError(
            f"{len(persons)} labelled patients; training, validation and test need one each",
            hint="Add patients, or leave out --data to use the generated phantom.",
        )
    return patients


def _fractions(dataset: Dataset, data: DataConfig) -> tuple[float, float]:
    train, validation = dataset.reader.fractions
    train = train if data.train_fraction is None else data.train_fraction
    validation = validation if data.validation_fraction is None else data.validation_fraction
    if train <= 0 or validation <= 0 or train + validation >= 1:
        raise UsageError(
            f"data.train_fraction={train}, data.validation_fraction={validation}: "
            "training, validation and test need a share each",
            hint="Choose two fractions above 0 whose sum is below 1.",
        )
    return train, validation


def _by_volume_third(patients: Sequence[PatientFacts], rng: np.random.Generator) -> list[str]:
    """Return persons from the third of small tumours to that of large ones, in random order within.

    A person stands where the largest of their examinations does.
    """
    largest_first = sorted(patients, key=lambda facts: (_volume(facts), facts.id), reverse=True)
    persons = list(dict.fromkeys(facts.person for facts in largest_first))[::-1]
    thirds = np.array_split(np.array(persons), 3)
    return [str(person) for third in thirds for person in rng.permutation(third)]


def _volume(facts: PatientFacts) -> float:
    return facts.tumour_voxels * math.prod(facts.spacing_mm or (1.0, 1.0, 1.0))


def _evenly(names: Sequence[str], count: int, rng: np.random.Generator) -> list[str]:
    """Return `count` names at even distances from a random start (systematic sampling)."""
    start = rng.uniform()
    return [names[int((k + start) * len(names) / count)] for k in range(count)]


def _refuse_no_split(path: Path, parts: object) -> None:
    usable = isinstance(parts, dict) and all(
        isinstance(parts.get(part), list) and all(isinstance(name, str) for name in parts[part])
        for part in PARTS
    )
    if not usable:
        raise DataError(
            f"{path}: is no split",
            hint='Expected {"train": [ids], "validation": [ids], "test": [ids]}.',
        )
