"""Where nnU-Net keeps its evaluations: data sets, designs and folds, read from the folders' names.

Version 2 writes `DATASET/TRAINER__PLANS__CONFIG/fold_K/validation/summary.json`, version 1
`CONFIG/TASK/TRAINER__PLANS/fold_K/validation_raw/summary.json`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablation.errors import DataError
from ablation.scores.remarks import Level, Remark, Tell, note

SUMMARY = "summary.json"
ALL = "all"
"""The fold whose network was trained on every case."""
DATASET = re.compile(r"(?:Dataset|Task)\d{2,4}_.+")
CONFIGURATIONS = ("2d", "3d_fullres", "3d_lowres", "3d_cascade_fullres")
WHOLE = ("crossval_results", "cv_niftis", "ensemble___")
"""How the folders begin that hold an evaluation of all folds together."""
FIRST = ("validation", "validation_raw")
"""The evaluations of a fold that are taken before others, such as post-processed ones."""
FOLDS = 5
"""Folds that nnU-Net makes, whatever the data."""


@dataclass(frozen=True, slots=True)
class Fold:
    """The evaluation of one fold, or of cases that no fold is known of."""

    path: Path
    number: str | None
    """As in fold_3; None: not one fold of cross-validation."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What nnU-Net wrote of one design on one data set."""

    dataset: str
    """As in Dataset005_Prostate; "" where the folders do not say."""
    design: str
    """As in nnUNetTrainer__nnUNetPlans__3d_fullres."""
    folds: tuple[Fold, ...]
    left_out: tuple[Path, ...] = ()
    """Other evaluations of the same cases: post-processed ones, all folds together."""

    @property
    def is_cross_validated(self) -> bool:
        """Whether each case was predicted by a network that was not trained on it."""
        return all(one.number != ALL and _is_held_out(one) for one in self.folds)

    @property
    def folder(self) -> Path:
        """Where all of it lies."""
        first = self.folds[0]
        return first.path.parents[1 if first.number is None else 2]


def _is_held_out(fold: Fold) -> bool:
    return fold.number is not None or any(part.startswith(WHOLE) for part in fold.path.parts)


def evaluations_of(folder: Path) -> list[Evaluation]:
    """Return the evaluations below a folder, at any depth, in the order of their names.

    Raises:
        DataError: The folder holds no summary.json.
    """
    paths = sorted(folder.rglob(SUMMARY))
    if not paths:
        raise DataError(
            f"{folder}: no {SUMMARY} of nnU-Net in this folder or below it",
            hint=f"Tables are named one by one: {folder}/*.csv",
        )
    return in_evaluations(paths)


def in_evaluations(paths: Sequence[Path]) -> list[Evaluation]:
    """Put the folds of each design together."""
    found: dict[tuple[str, str], list[Fold]] = {}
    for path in paths:
        dataset, design, number = _place(path)
        found.setdefault((dataset, design), []).append(Fold(path, number))
    return [Evaluation(*key, *_once(folds)) for key, folds in found.items()]


def _once(folds: Sequence[Fold]) -> tuple[tuple[Fold, ...], tuple[Path, ...]]:
    """Return one evaluation of each fold, and the others."""
    order = sorted(folds, key=lambda one: _rank(one.path))
    chosen: dict[str | None, Fold] = {}
    for one in order:
        chosen.setdefault(one.number, one)
    if any(number not in (None, ALL) for number in chosen):
        chosen = {number: one for number, one in chosen.items() if number not in (None, ALL)}
    kept = tuple(sorted(chosen.values(), key=lambda one: (len(one.number or ""), one.number or "")))
    return kept, tuple(one.path for one in folds if one not in kept)


def _rank(path: Path) -> tuple[int, int, str]:
    name = path.parent.name
    return (FIRST.index(name) if name in FIRST else len(FIRST), len(path.parts), str(path))


def _place(path: Path) -> tuple[str, str, str | None]:
    """Return data set, design and fold of a summary.

    >>> _place(Path("/r/Dataset005_P/nnUNetTrainer__nnUNetPlans__2d/fold_3/validation/summary.json"))
    ('Dataset005_P', 'nnUNetTrainer__nnUNetPlans__2d', '3')
    >>> _place(Path("/r/2d/Task005_P/V2__Plans/fold_0/validation_raw/summary.json"))
    ('Task005_P', 'V2__Plans__2d', '0')
    """
    parts = path.absolute().parent.parts
    datasets = [at for at, part in enumerate(parts) if DATASET.fullmatch(part)]
    folds = [at for at, part in enumerate(parts) if re.fullmatch(rf"fold_(\d+|{ALL})", part)]
    at = datasets[-1] if datasets else None
    dataset = "" if at is None else parts[at]
    if folds:
        design, number = parts[folds[-1] - 1], parts[folds[-1]].removeprefix("fold_")
    else:
        below = parts[(len(parts) - 2 if at is None else at) + 1 :]
        if below[:1] == ("ensembles",):
            below = below[1:]
        design, number = (below or parts[-1:])[0], None
    if at and parts[at - 1] in CONFIGURATIONS:
        design = f"{design}__{parts[at - 1]}"
    return dataset, design, number


def short_names(designs: Sequence[str]) -> dict[str, str]:
    """Return each design's name without the parts that all share.

    >>> short_names(["T__PlansA__3d", "T__PlansB__3d"])
    {'T__PlansA__3d': 'PlansA', 'T__PlansB__3d': 'PlansB'}
    >>> short_names(["T__Plans__3d"])
    {'T__Plans__3d': 'T__Plans__3d'}
    """
    parts = {name: name.split("__") for name in designs}
    if len(parts) < 2 or len({len(own) for own in parts.values()}) > 1:
        return {name: name for name in designs}
    columns = [set(column) for column in zip(*parts.values(), strict=True)]
    differ = [at for at, column in enumerate(columns) if len(column) > 1]
    return {name: "__".join(own[at] for at in differ) for name, own in parts.items()}


def label_names(summary: Path, say: Tell) -> Mapping[tuple[int, ...], str]:
    """Return what the dataset.json above a summary calls its labels; nothing without one.

    Both ways are read: {"PZ": 1, "whole": [1, 2]} of version 2 and {"1": "PZ"} of version 1.
    """
    above = summary.absolute().parents[:3]
    path = next((one / "dataset.json" for one in above if (one / "dataset.json").is_file()), None)
    if path is None:
        return {}
    try:
        labels = json.loads(path.read_text(encoding="utf-8"))["labels"]
        return {_numbers(key, value): _word(key, value) for key, value in labels.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        fault = f"names of labels cannot be read from {path.parent.name}/{path.name} ({error!r})"
        say(Remark(Level.CAUTION, f"{fault}; labels are named by their numbers"))
        return {}


def _numbers(key: str, value: Any) -> tuple[int, ...]:
    if isinstance(value, str):
        return (int(key),)
    return tuple(sorted(int(one) for one in (value if isinstance(value, list) else [value])))


def _word(key: str, value: Any) -> str:
    return value if isinstance(value, str) else key


def tell_of(evaluation: Evaluation, say: Tell) -> None:
    """Say which folds are missing, which evaluations were left out, and what was trained on."""
    numbers = [one.number for one in evaluation.folds]
    if ALL in numbers:
        text = (
            "fold_all was trained on every case, so that it was scored on cases it was trained on"
        )
        say(Remark(Level.WARNING, text))
    known = [int(number) for number in numbers if number is not None and number.isdigit()]
    lacking = [str(n) for n in range(max(FOLDS, max(known) + 1)) if n not in known] if known else []
    if lacking:
        count = max(FOLDS, max(known) + 1)
        folds = f"fold{'s' * (len(lacking) > 1)} {', '.join(lacking)} of {count}"
        say(Remark(Level.CAUTION, f"no {folds}: the cases of the missing are not compared"))
    if evaluation.left_out:
        places = dict.fromkeys("/".join(path.parts[-3:-1]) for path in evaluation.left_out)
        say(note(f"other evaluations of the same cases left out: {', '.join(places)}"))
