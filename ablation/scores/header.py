"""Which column of a bare table holds what, by its name or as its user says."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ablation.errors import DataError, UsageError, nearest
from ablation.files.csv_lines import Lines
from ablation.metrics.cases import COUNTS
from ablation.metrics.registry import METRICS, metric_by_other_name
from ablation.scores.patient_ids import visible
from ablation.scores.remarks import Tell, note

TEXTS = ("split", "status", "shape", "spacing", "distance_unit", "truth_hash")
COUNTS_ELSEWHERE = {
    **dict.fromkeys(("n_ref", "total_positives_reference"), "truth_voxels"),
    **dict.fromkeys(("n_pred", "total_positives_test"), "pred_voxels"),
}
"""What other tools call our counts, as `plain` returns them."""
CASES = ("case", "case_id", "caseid", "case_name")
PATIENTS = (
    *("patient", "patient_id", "patientid", "pid", "subject", "subject_id", "subjectid", "subj"),
    *("participant", "participant_id", "person"),
)
IMAGES = (
    *("image", "image_id", "image_name", "scan", "scan_id", "filename", "file_name", "file"),
    *("volume_id", "exam", "examination", "study_id", "sample", "sample_id"),
)
IDS = ("id", "ids", "uid")
SEEDS = ("seed", "random_seed", "training_seed")
FOLDS = ("fold", "cv_fold", "split")
"""What other tools call the columns of cases, patients, trainings and folds."""
PARTS = ("train", "training", "val", "valid", "validation", "test", "testing")
"""Cells of a column `split` that tells training from test patients, in lower case."""
UNITS = ("mm", "px", "vox", "voxel", "voxels", "pixel", "pixels", "pct", "percent")
"""Words behind a score's name that say its unit."""


@dataclass(frozen=True, slots=True)
class Naming:
    """How tables name designs, cases, patients, trainings and folds; None: by the usual names."""

    model_column: str | None = None
    case_column: tuple[str, ...] = ()
    """COLUMN for all tables, or FILE=COLUMN for one."""
    target_column: str | None = None
    patient_column: str | None = None
    patient_regex: str | None = None
    """Finds the patient in a case id: its first group, or all it matches."""
    patient_map: Path | None = None
    """CSV with the columns case and patient."""
    seed_column: str | None = None
    fold_column: str | None = None
    wide: Literal["targets", "designs"] | None = None
    """What the rest of a column's name is in dice_WT or dice_unet."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where in a row things are; None where the table does not have them."""

    case: int
    model: int | None
    patient: int | None
    target: int | None
    seed: int | None
    fold: int | None
    values: dict[str, int]
    """Our name of a metric, count or text: its place."""
    free: frozenset[str]
    """Scores with a scale of their own."""
    written: dict[str, str]
    """Our name of a metric: the name in the header."""
    case_is_patient: bool


def checked_wide(kind: str | None) -> Literal["targets", "designs"] | None:
    """Return what columns such as dice_WT are of; refuse what is neither.

    Raises:
        UsageError: Another word.
    """
    if kind is None or kind == "targets" or kind == "designs":
        return kind  # type: ignore[return-value]
    raise UsageError(f"--wide {kind!r} is neither targets nor designs", hint="Write one of them.")


def plain(name: str) -> str:
    """Return a column's name in lower case, its words joined by underscores.

    >>> plain("Hausdorff Distance 95"), plain("HD-95 (mm)"), plain("% Dice")
    ('hausdorff_distance_95', 'hd_95_mm', 'dice')
    """
    return re.sub(r"[\W_]+", "_", name.casefold()).strip("_")


def score_of(name: str) -> str | None:
    """Return our name of a metric, count or text by what a column is called; None: unknown.

    >>> score_of("DSC"), score_of("HD95 (mm)"), score_of("n_ref"), score_of("age")
    ('dice', 'hd95', 'truth_voxels', None)
    """
    whole = plain(name)
    words = whole.split("_")
    shorter = "_".join(words[:-1]) if words[-1] in UNITS else whole
    elsewhere = COUNTS_ELSEWHERE | metric_by_other_name()
    for one in (whole, shorter):
        if one in METRICS or one in COUNTS or one in TEXTS:
            return one
        if one in elsewhere:
            return elsewhere[one]
    return None


def case_column_of(path: Path, texts: Sequence[str]) -> str | None:
    """Return which of the texts, COLUMN or FILE=COLUMN, concerns a file.

    >>> case_column_of(Path("x/a.csv"), ["a.csv=Fall", "ID"]), case_column_of(Path("b.csv"), [])
    ('Fall', None)
    """
    for text in texts:
        file, mark, column = text.partition("=")
        if mark and file in (path.name, str(path), path.stem):
            return column
    return next((text for text in texts if "=" not in text), None)


def columns_of(
    lines: Lines, path: Path, naming: Naming, also: Collection[str], say: Tell
) -> Columns:
    """Return where things are in the rows of a table.

    Raises:
        DataError: No column of cases, none of scores, or two of one score.
        UsageError: A column that is not there.
    """
    header = lines.header
    names = [plain(name) for name in header]
    find = _Finder(header, names, path)
    model = find(naming.model_column, ("model",))
    case = find(case_column_of(path, naming.case_column), ())
    patient = find(naming.patient_column, ())
    case = _case(names) if case is None else case
    if case is None:
        case, patient = patient, None
    if case is None:
        raise DataError(
            f"{path}: no column named case, patient, subject or id; columns: {', '.join(header)}",
            hint="Say which column names the cases: --case-column NAME, or of one file "
            f"--case-column {path.name}=NAME",
        )
    target = find(naming.target_column, ("target",))
    if patient is None:
        patient = next((at for at in find.all(PATIENTS) if at not in (case, model, target)), None)
    seed = find(naming.seed_column, SEEDS)
    fold = find(naming.fold_column, ())
    if fold is None:
        fold = next((at for at in find.all(FOLDS) if _tells_folds(lines, at)), None)
    taken = {case, model, patient, target, seed, fold}
    if naming.fold_column is None and fold is not None:
        say(note(f"column {header[fold]} is taken as the fold of cross-validation"))
    if naming.seed_column is None and seed is not None:
        say(note(f"column {header[seed]} is taken as the seed of a training"))
    values, unknown = _values(header, names, taken, also, path)
    if unknown:
        say(note(f"columns left out: {', '.join(unknown)}"))
    return Columns(
        case, model, patient, target, seed, fold, values,
        free=frozenset(name for name, at in values.items() if {name, header[at]} & {*also}),
        written={name: header[at] for name, at in values.items()},
        case_is_patient=names[case] in PATIENTS,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Finder:
    header: Sequence[str]
    names: Sequence[str]
    path: Path

    def __call__(self, asked: str | None, usual: Sequence[str]) -> int | None:
        """Return the place of the column that was asked for, else of the first usual one."""
        if asked is None:
            return next(self.all(usual), None)
        if visible(asked) not in self.header:
            raise UsageError(f"{self.path}: no column {asked!r}", hint=nearest(asked, self.header))
        return self.header.index(visible(asked))

    def all(self, usual: Sequence[str]) -> Iterator[int]:
        return (self.names.index(name) for name in usual if name in self.names)


def _case(names: Sequence[str]) -> int | None:
    """Return the column of the cases; an image of a patient goes before its patient."""
    known = [name for name in (*CASES, *IMAGES, *PATIENTS, *IDS) if name in names]
    return names.index(known[0]) if known else None


def _tells_folds(lines: Lines, at: int) -> bool:
    """Tell a fold from the parts of one split, which are called train, validation and test."""
    cells = {visible(cells[at]).casefold() for _, cells in lines.rows if len(cells) > at}
    return bool(cells - {""}) and cells.isdisjoint(PARTS)


def _values(
    header: Sequence[str],
    names: Sequence[str],
    taken: Collection[int | None],
    also: Collection[str],
    path: Path,
) -> tuple[dict[str, int], list[str]]:
    """Return the places of the scores, counts and texts, and the columns of nothing known."""
    values: dict[str, int] = {}
    unknown, twice = [], []
    for at, name in enumerate(header):
        if at in taken:
            continue
        known = name if name in also else score_of(name)
        if known is None or (known == "split" and known in values):
            unknown.append(name or f"column {at + 1} without a name")
        elif known not in values:
            values[known] = at
        elif {names[at], names[values[known]]} & {"f1", "f1_score"}:
            unknown.append(f"{name} (F1 is Dice)")
        else:
            twice.append(f"{header[values[known]]} and {name} are both {known}")
    if twice:
        raise DataError(f"{path}: {'; '.join(twice)}", hint="Keep one column of each metric.")
    if not any(name in METRICS or name in also for name in values) and not (
        {"tp", "fp", "fn"} <= values.keys()
    ):
        raise DataError(
            f"{path}: no column holds a metric; columns: {', '.join(header)}",
            hint=f"Name the scores {', '.join(METRICS)}; ablate compare takes others too, by "
            "--higher-is-better NAME or --lower-is-better NAME, and a table with a column for each "
            "design by --metric NAME.",
        )
    return values, unknown


def names_rows(name: str) -> bool:
    """Tell a column that names a case, a design, a training or a part of the data, not a score."""
    known = (*CASES, *PATIENTS, *IMAGES, *IDS, *SEEDS, *FOLDS, "model", "target")
    return plain(name) in known
