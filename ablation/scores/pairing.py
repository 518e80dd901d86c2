"""Which prediction belongs to which truth: by what the files are called, or by a table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from ablation.data.readers import person_of
from ablation.data.readers.brats_names import BRAIN, MODALITIES, role_of
from ablation.errors import DataError, UsageError
from ablation.files.csv_lines import read_lines
from ablation.scores.mask_files import NIFTI, TIFF, is_mask_file, stem_of
from ablation.scores.patient_ids import visible, without_zeros

TRUTHS = (
    *("label", "labels", "seg", "segm", "segmentation", "gt", "groundtruth", "truth", "ref"),
    *("reference", "mask", "manual", "annotation"),
)
PREDICTIONS = ("pred", "preds", "prediction", "predicted", "predictions", "output", "result")
"""Words at the end or the beginning of a name that say what a file is, not whose."""
HOW = "Name the pairs in a table with the columns case,prediction,truth: --ids map.csv"
COLUMNS = {
    "case": ("case", "case_id", "id"),
    "prediction": ("prediction", "pred", "prediction_file"),
    "truth": ("truth", "reference", "reference_file", "label", "gt"),
    "patient": ("patient",),
}
"""Columns of the table of pairs, and what else they may be called."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A prediction and what it is held against."""

    case: str
    patient: str
    prediction: Path
    truth: Path


def pairs_of(predictions: Path, truths: Path, ids: Path | None = None) -> tuple[Pair, ...]:
    """Return the pairs of two files or folders, by case.

    Names are compared as they are, then without words such as pred and label, then without regard to
    case and leading zeros, then without what all names of one side begin and end with, then by the folders the files lie in. Predictions and
    truths may lie in one folder. Several BraTS examinations of one person are cases of one patient.

    Args:
        predictions: A file, or a folder with a file for each case, in folders of its own or not.
        truths: The same for the truths; a folder of BraTS patients will do.
        ids: CSV with the columns case, prediction, truth and perhaps patient.

    Raises:
        DataError: Files without a partner, all of them named.
    """
    for place in (predictions, truths):
        if not place.exists():
            raise DataError(f"{place}: there is no such file or folder", hint="Check the path.")
    if ids is not None:
        return _by_table(predictions, truths, ids)
    ours, theirs = _sides(predictions, truths)
    if len(ours) == len(theirs) == 1 and predictions.is_file() and truths.is_file():
        names = {case_of(path) for path in (*ours, *theirs)}
        case = names.pop() if len(names) == 1 else case_of(theirs[0])
        return (Pair(case, case, ours[0], theirs[0]),)
    return _by_name(ours, theirs, predictions, truths)


def case_of(path: Path) -> str:
    """Return whose file it is: its name without the words for what it is.

    >>> case_of(Path("labelsTs/BRATS_001.nii.gz")), case_of(Path("pred-P7-seg.nii"))
    ('BRATS_001', 'P7')
    >>> case_of(Path("P7/seg_pred.nii.gz"))
    'P7'
    """
    name = stem_of(path)
    words = "|".join((*TRUTHS, *PREDICTIONS))
    before = ""
    while before != name:
        before = name
        name = re.sub(rf"^(?:{words})[._-]+(?=.)|(?<=.)[._-]+(?:{words})$", "", name, flags=re.I)
    return visible(path.parent.name if re.fullmatch(words, name, re.I) else name)


def _sides(predictions: Path, truths: Path) -> tuple[list[Path], list[Path]]:
    ours, theirs = _files(predictions), _files(truths)
    if predictions.is_dir() and truths.is_dir() and predictions.resolve() == truths.resolve():
        both = theirs
        theirs = [path for path in both if _says(path, TRUTHS) and not _says(path, PREDICTIONS)]
        ours = [path for path in both if _says(path, PREDICTIONS)]
        neither = [path.name for path in both if path not in (*ours, *theirs)]
        if neither or not ours or not theirs:
            raise DataError(
                f"{predictions}: cannot tell prediction from truth: "
                f"{', '.join(neither or [path.name for path in both])}",
                hint=HOW,
            )
    elif predictions.is_file() or truths.is_file():
        ours, theirs = _not_itself(ours, theirs, predictions, truths)
    return ours, theirs


def _not_itself(
    ours: list[Path], theirs: list[Path], predictions: Path, truths: Path
) -> tuple[list[Path], list[Path]]:
    """A truth that lies among the predictions, or the other way round, is no partner of itself."""
    both = {path.resolve() for path in ours} & {path.resolve() for path in theirs}
    if truths.is_file():
        ours = [path for path in ours if path.resolve() not in both]
    else:
        theirs = [path for path in theirs if path.resolve() not in both]
    if not ours or not theirs:
        raise DataError(
            f"{predictions} and {truths}: prediction and truth are one file",
            hint="Give the masks with --pred and their truths with --truth.",
        )
    return ours, theirs


def _files(place: Path) -> list[Path]:
    """Return the files of masks at a place; of BraTS patients the truths."""
    if place.is_file():
        return [place]
    files = sorted(path for path in place.iterdir() if path.is_file() and is_mask_file(path))
    files = files or sorted(path for path in place.glob("*/**/*") if is_mask_file(path))
    if not files:
        raise DataError(
            f"{place}: holds no masks", hint="Masks are .nii, .nii.gz, .tif or .tiff files."
        )
    images = [path for path in files if role_of(path.name) in (*MODALITIES, BRAIN)]
    masks = [path for path in files if path not in images] or files
    marked = {stem_of(path): case_of(path) for path in masks if _says(path, TRUTHS)}
    return [path for path in masks if stem_of(path) in marked or not _has_mask(path, marked)]


def _has_mask(path: Path, marked: Mapping[str, str]) -> bool:
    """Tell whether a file is the image beside its mask, as P1.tif is beside P1_mask.tif."""
    return stem_of(path) in marked.values()


def _says(path: Path, words: Sequence[str]) -> bool:
    parts = re.split(r"[._-]+", stem_of(path).lower())
    return parts[-1] in words or parts[0] in words


def _by_name(
    ours: Sequence[Path], theirs: Sequence[Path], predictions: Path, truths: Path
) -> tuple[Pair, ...]:
    best: list[tuple[Path, Path]] = []
    for name in (_as_they_are, _whose, _loosely, _without_common, _by_folder):
        left, right = (_unique(name(side)) for side in (ours, theirs))
        found = [(left[key], right[key]) for key in left.keys() & right.keys()]
        if len(found) > len(best):
            best = found
        # A single file needs its own partner only.
        if (predictions.is_file() or len(found) == len(theirs)) and (
            truths.is_file() or len(found) == len(ours)
        ):
            break
    else:
        _refuse_unpaired(best, ours, theirs, predictions, truths)
    cases = {case_of(truth): (prediction, truth) for prediction, truth in best}
    if len(cases) < len(best):  # the words told them apart
        cases = {visible(stem_of(truth)): (prediction, truth) for prediction, truth in best}
    times = Counter(person_of(case) for case in cases)
    patients = {case: person_of(case) if times[person_of(case)] > 1 else case for case in cases}
    return tuple(Pair(case, patients[case], *cases[case]) for case in sorted(cases))


def _refuse_unpaired(
    found: Sequence[tuple[Path, Path]],
    ours: Sequence[Path],
    theirs: Sequence[Path],
    predictions: Path,
    truths: Path,
) -> None:
    paired = {path for pair in found for path in pair}
    alone = [
        f"{what} in {place}: {', '.join(_shown(path, place) for path in files if path not in paired)}"
        for what, files, place in (
            ("predictions without a truth", ours, predictions),
            ("truths without a prediction", theirs, truths),
        )
        if set(files) - paired
    ]
    raise DataError("; ".join(alone), hint=HOW)


def _shown(path: Path, place: Path) -> str:
    return str(path.relative_to(place)) if place.is_dir() else path.name


def _as_they_are(files: Sequence[Path]) -> dict[Path, str]:
    return {path: visible(stem_of(path)) for path in files}


def _loosely(files: Sequence[Path]) -> dict[Path, str]:
    """Return names in lower case, without zeros before their numbers."""
    return {path: without_zeros(case_of(path).casefold()) for path in files}


def _whose(files: Sequence[Path]) -> dict[Path, str]:
    return {path: case_of(path) for path in files}


def _without_common(files: Sequence[Path]) -> dict[Path, str]:
    """Return names without the words all of them begin and end with."""
    words = {path: re.split(r"[._-]+", case_of(path)) for path in files}
    shortest = min(len(parts) for parts in words.values()) - 1 if len(files) > 1 else 0
    start = _in_common([parts[:shortest] for parts in words.values()])
    end = _in_common([parts[::-1][: shortest - start] for parts in words.values()])
    return {path: "-".join(parts[start : len(parts) - end]) for path, parts in words.items()}


def _by_folder(files: Sequence[Path]) -> dict[Path, str]:
    return {path: visible(path.parent.name) for path in files}


def _in_common(lists: Sequence[Sequence[str]]) -> int:
    """Return how many first words all lists share."""
    same = (len(set(words)) == 1 for words in zip(*lists, strict=True))
    return sum(1 for _ in takewhile(bool, same))


def _unique(names: Mapping[Path, str]) -> dict[str, Path]:
    """Return the files whose name no other file has."""
    times = Counter(names.values())
    return {key: path for path, key in names.items() if times[key] == 1}


def _by_table(predictions: Path, truths: Path, ids: Path) -> tuple[Pair, ...]:
    lines = read_lines(ids)
    header = [name.strip().lower() for name in lines.header]
    at = {
        column: next((header.index(name) for name in known if name in header), None)
        for column, known in COLUMNS.items()
    }
    lacking = [
        column
        for column, place in (("prediction", predictions), ("truth", truths))
        if at[column] is None and place.is_dir()
    ]
    if lacking:
        raise UsageError(
            f"{ids}: has no column {' and no column '.join(lacking)}, only {', '.join(header)}",
            hint="Its header is: case,prediction,truth and perhaps patient",
        )
    pairs, faults, lines_of = [], [], dict[str, int]()
    for line, cells in lines.rows:
        if len(cells) != len(header):
            faults.append(f"line {line}: {len(cells)} cells under {len(header)} columns")
            continue
        cell = {column: "" if i is None else cells[i].strip() for column, i in at.items()}
        ours, theirs = _find(predictions, cell["prediction"]), _find(truths, cell["truth"])
        if ours is None or theirs is None:
            faults += [
                f"line {line}: no file {cell[column] or '(empty)'} in {place}"
                for column, place, found in (
                    ("prediction", predictions, ours),
                    ("truth", truths, theirs),
                )
                if found is None
            ]
            continue
        if ours.resolve() == theirs.resolve():
            faults.append(f"line {line}: prediction and truth are one file, {ours.name}")
        case = cell["case"] or case_of(theirs)
        if lines_of.setdefault(case, line) != line:
            faults.append(f"line {line}: case {case} is in line {lines_of[case]} already")
        pairs.append(Pair(case, cell["patient"] or case, ours, theirs))
    if faults:
        raise DataError(f"{ids}:\n  " + "\n  ".join(faults), hint="Correct these lines.")
    return tuple(pairs)


def _find(place: Path, name: str) -> Path | None:
    """Return the file a cell names, in the folder or beside the file given on the command line."""
    if not name:
        return place if place.is_file() else None
    folder = place if place.is_dir() else place.parent
    paths = [folder / f"{name}{ending}" for ending in ("", *NIFTI, *TIFF)]
    found = next((path for path in paths if path.is_file()), None)
    return found or next((one for path in paths for one in _alike(path)), None)


def _alike(path: Path) -> Iterator[Path]:
    """Yield the file whose name differs only in invisible characters."""
    if path.parent.is_dir():
        yield from (one for one in path.parent.iterdir() if visible(one.name) == visible(path.name))
