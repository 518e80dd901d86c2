"""What nnU-Net's evaluators write: summary.json of version 1 and 2, and tables made of version 1's.

Version 2 (Isensee et al. 2021, Nature Methods 18:203) leaves Dice empty where a label is in neither
mask. Version 1 measures HD95 with MedPy: both directions pooled.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ablation.errors import DataError, UsageError
from ablation.files.csv_lines import Lines, read_lines
from ablation.scores.bare import frames_of
from ablation.scores.header import Naming
from ablation.scores.nnunet_tree import ALL, Evaluation, Fold, label_names, tell_of
from ablation.scores.pairing import case_of
from ablation.scores.remarks import Tell, note, untold

LABEL, NAME = "segment_id", "segment_name"
"""Columns of a version 1 table."""
POOLED = "pooled"

BACKGROUND = ("background", "bg", "hintergrund")

Labels = tuple[int, ...]
Region = Labels | str
"""The labels of a region, or the name that the evaluation was given for it."""
Scored = tuple[int, str, Region, Mapping[str, object]]
"""Number of the case in the file, case, region, and its scores."""


@dataclass(frozen=True, slots=True)
class NnunetTable:
    """The scores of an nnU-Net evaluation."""

    frame: pd.DataFrame
    """As `read_bare` returns it."""
    version: int
    hd95_method: str | None
    """How HD95 was made, where that is known."""


def read_nnunet(
    path: Path,
    *,
    labels: Mapping[str, Labels] | None = None,
    case_column: str | None = None,
    patient_regex: str | None = None,
    patient_map: Path | None = None,
    say: Tell = untold,
) -> NnunetTable:
    """Read a summary.json, or a CSV with the columns reference, segment_id, segment_name, Dice, ...

    Cases that no pair of masks can have are refused; of version 1, whose tables are archives that can
    no longer be computed anew, they are kept and named in a warning.

    Args:
        path: The file.
        labels: Targets and the label, or the labels of a region, that each is. None: a target for
            each label but the background, named as in the file.
        case_column: Of a CSV: names the case; None: `reference`, else the first column.
        patient_regex: As of `read_bare`.
        patient_map: As of `read_bare`.
        say: Told what was assumed or left out.

    Raises:
        DataError: The file is none of these, or values are at fault.
        UsageError: A target of labels that the file does not score.
    """
    naming = Naming(patient_regex=patient_regex, patient_map=patient_map)
    if path.suffix.lower() == ".json":
        alone = Evaluation("", "", (Fold(path, None),))
        return read_evaluation(alone, naming, labels=labels, say=say)
    lines = _table(read_lines(path), labels, case_column, path, say)
    frames = frames_of(lines, path, naming, say=say, keep_implausible=True)
    return NnunetTable(frames[""], 1, POOLED)


def read_evaluation(
    evaluation: Evaluation,
    naming: Naming,
    *,
    labels: Mapping[str, Labels] | None = None,
    say: Tell = untold,
) -> NnunetTable:
    """Read all folds of a design; its table then has a column `fold`.

    Args:
        evaluation: Where they lie.
        naming: Only how cases tell patients is read.
        labels: As of `read_nnunet`; None: each label is named as the dataset.json beside says.
        say: Told what was assumed or left out.

    Raises:
        DataError: A file cannot be used, or a case is in two folds.
        UsageError: A target of labels that the files do not score.
    """
    tell_of(evaluation, say)
    paths = [one.path for one in evaluation.folds]
    read = [_summary(path) for path in paths]
    version = read[0][0]
    for path, (_, scored) in zip(paths, read, strict=True):
        if not scored:
            raise DataError(f"{path}: scores no case", hint="Was the evaluation run on any?")
    _refuse_twice(evaluation, [scored for _, scored in read])
    whose = paths[0] if len(paths) == 1 else evaluation.folder
    lines = _lines(
        [
            (fold.number if fold.number not in (None, ALL) else "", one)
            for fold, (_, own) in zip(evaluation.folds, read, strict=True)
            for one in own
        ],
        labels, label_names(paths[0], say), whose, say,
    )  # fmt: skip
    known = Naming(
        patient_regex=naming.patient_regex,
        patient_map=naming.patient_map,
        fold_column="fold" if "fold" in lines.header else None,
    )
    frames = frames_of(lines, whose, known, say=say, keep_implausible=version == 1)
    return NnunetTable(frames[""], version, POOLED if version == 1 else None)


def _refuse_twice(evaluation: Evaluation, folds: Sequence[Sequence[Scored]]) -> None:
    """Refuse a case that several folds test: its scores would count twice."""
    tested: dict[str, list[str]] = {}
    for fold, scored in zip(evaluation.folds, folds, strict=True):
        for case in dict.fromkeys(case for _, case, _, _ in scored):
            tested.setdefault(case, []).append(f"fold_{fold.number}")
    twice = {case: own for case, own in tested.items() if len(own) > 1}
    if twice:
        first, own = next(iter(twice.items()))
        more = f", and {len(twice) - 1} more cases" if len(twice) > 1 else ""
        raise DataError(
            f"{evaluation.folder}: case {first} is in {' and '.join(own)}{more}; "
            "folds of cross-validation share no case",
            hint="Keep one of these folds, or compare the folds as designs of their own: "
            "ablate compare a=FILE b=FILE",
        )


def _summary(path: Path) -> tuple[int, list[Scored]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: cannot be read ({error})", hint="Give nnU-Net's summary.json."
        ) from None
    try:
        if "metric_per_case" in content:
            return 2, list(_of_version_2(content))
        return 1, list(_of_version_1(content))
    except (KeyError, TypeError, AttributeError):
        raise DataError(
            f"{path}: is no summary of nnU-Net",
            hint="It has metric_per_case (version 2) or results/all (version 1).",
        ) from None


def _of_version_2(content: Mapping[str, Any]) -> Iterator[Scored]:
    for number, case in enumerate(content["metric_per_case"], start=1):
        name = _case(case.get("reference_file") or case["prediction_file"])
        for key, scores in case["metrics"].items():
            yield number, name, _region(key), dict(scores)


def _of_version_1(content: Mapping[str, Any]) -> Iterator[Scored]:
    for number, case in enumerate(content["results"]["all"], start=1):
        name = _case(case.get("reference") or case["test"])
        for key, scores in case.items():
            if isinstance(scores, Mapping):
                yield number, name, _region(key), scores


def _lines(
    scored: Sequence[tuple[str, Scored]],
    labels: Mapping[str, Labels] | None,
    named: Mapping[Labels, str],
    path: Path,
    say: Tell,
) -> Lines:
    """Return a row for each fold, case and target; without folds there is no such column."""
    targets = _targets([region for _, (_, _, region, _) in scored], labels, path, say, named)
    names = list(dict.fromkeys(name for _, (*_, scores) in scored for name in scores))
    folded = any(fold for fold, _ in scored)
    rows = [
        (
            number,
            [
                *([fold] if folded else []), case, targets[region],
                *(_cell(scores.get(name)) for name in names),
            ],
        )
        for fold, (number, case, region, scores) in scored
        if region in targets
    ]  # fmt: skip
    if not rows:
        raise DataError(f"{path}: scores no case", hint="Was the evaluation run on any?")
    header = [*(["fold"] if folded else []), "case", "target", *names]
    return Lines(header, rows, False, "case")


def _table(
    lines: Lines,
    labels: Mapping[str, Labels] | None,
    case_column: str | None,
    path: Path,
    say: Tell,
) -> Lines:
    """Give a version 1 table the columns case and target."""
    header = lines.header
    if LABEL not in header:
        raise DataError(
            f"{path}: no column {LABEL}; columns: {', '.join(header)}",
            hint="Any other table: ablate import per-case",
        )
    column = case_column or ("reference" if "reference" in header else header[0])
    if column not in header:
        raise UsageError(f"{path}: no column {column!r}", hint=f"Columns: {', '.join(header)}")
    if column == header[0] != "reference" and case_column is None:
        say(note(f"column {column} is taken as the case"))
    case, label = header.index(column), header.index(LABEL)
    name = header.index(NAME) if NAME in header else label
    whole = [row for row in lines.rows if len(row[1]) == len(header)]
    targets = _targets([_region(cells[label]) for _, cells in whole], labels, path, say)
    rest = [at for at in range(len(header)) if at not in (case, label, name)]
    rows = []
    for number, cells in lines.rows:
        if len(cells) != len(header):
            rows.append((number, cells))  # its reader names it
        elif (region := _region(cells[label])) in targets:
            target = cells[name] if labels is None and name != label else targets[region]
            rows.append((number, [_case(cells[case]), target, *(cells[at] for at in rest)]))
    return Lines(["case", "target", *(header[at] for at in rest)], rows, lines.decimal_comma)


def _targets(
    found: Sequence[Region],
    asked: Mapping[str, Labels] | None,
    path: Path,
    say: Tell,
    named: Mapping[Labels, str] | None = None,
) -> dict[Region, str]:
    """Return the name of each region that is wanted; the background never is."""
    known = [region for region in dict.fromkeys(found) if not _is_background(region)]
    if len(known) < len(set(found)):
        left_out = next(region for region in found if _is_background(region))
        say(note(f"the background is left out ({_named(left_out) or 'a label without a name'})"))
    if asked is None:
        words = named or {}
        return {
            region: words.get(region, _named(region)) if isinstance(region, tuple) else region
            for region in known
        }
    wanted: dict[Region, str] = {
        tuple(sorted(numbers)): target for target, numbers in asked.items()
    }
    absent = [target for numbers, target in wanted.items() if numbers not in known]
    if absent:
        scored = "; ".join(
            region if isinstance(region, str) else ",".join(map(str, region)) for region in known
        )
        raise UsageError(
            f"{path}: {', '.join(absent)} of --labels is not scored there; scored are: {scored}",
            hint="A table has scores of its own labels only; join labels by scoring the masks: "
            "ablate evaluate --pred --truth",
        )
    if others := [_named(region) for region in known if region not in wanted]:
        say(note(f"regions left out, not in --labels: {', '.join(others)}"))
    return wanted


def _is_background(region: Region) -> bool:
    return region in ((0,), ()) or (isinstance(region, str) and region.casefold() in BACKGROUND)


def _named(region: Region) -> str:
    return region if isinstance(region, str) else "+".join(map(str, region))


def _case(path: object) -> str:
    return case_of(Path(re.split(r"[\\/]", str(path))[-1]))


def _region(key: object) -> Region:
    """Return the labels that a key lists; a key with any word is a name, whatever its digits.

    >>> _region("2"), _region("(3, 1)"), _region("T2 lesion"), _region("tumor core (1, 3)")
    ((2,), (1, 3), 'T2 lesion', 'tumor core (1, 3)')
    """
    text = str(key).strip()
    if re.fullmatch(r"[(\[]?[\d\s,.]*[)\]]?", text):
        return tuple(sorted(int(number) for number in re.findall(r"\d+", text.replace(".0", ""))))
    return text


def _cell(value: object) -> str:
    return "" if value is None else str(value)
