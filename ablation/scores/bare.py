"""Bare per-case tables as any tool writes them: read whole, or refused with every fault named.

A bare table is a CSV with a row per case and columns `case[, patient][, target], <metric>...`;
one with a `model` column holds several designs. Commas, semicolons or tabs part the columns.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ablation.errors import DataError, UsageError, nearest
from ablation.files.csv_lines import Lines, read_lines
from ablation.metrics.cases import COUNTS
from ablation.metrics.empty import penalty_of
from ablation.metrics.pair import STATUSES
from ablation.metrics.registry import METRICS, distances, metric_by_other_name
from ablation.metrics.table import SLACK, UNITS
from ablation.scores.patient_ids import look_like_slices, patients_by_map, patients_by_regex
from ablation.scores.remarks import Level, Remark, Tell, note, untold

TEXTS = ("split", "status", "shape", "spacing", "distance_unit", "truth_hash")
COUNTS_ELSEWHERE = {
    **dict.fromkeys(("n_ref", "total_positives_reference"), "truth_voxels"),
    **dict.fromkeys(("n_pred", "total_positives_test"), "pred_voxels"),
}
"""What other tools call our counts, in lower case, words joined by underscores."""

Asked = tuple[str | None, str | None, str | None]
"""Columns of model, case and target, where they are named."""

UNDEFINED = ("", "nan", "na", "n/a", "none", "null")
TWICE = "the same case as"
APART = (
    "Keep one row for each design, case and region; where another column tells them apart, it may "
    "be the region's (--target-column of ablate compare)."
)
MOST_LISTED = 50  # faults of a file; more are counted
SUMMARY_ROW = re.compile(
    r"mean|average|avg|median|std|std_?dev|sd|min|max|total|\d+ ?quantile", re.I
)


def read_bare(
    path: Path,
    *,
    model_column: str | None = None,
    case_column: str | None = None,
    target_column: str | None = None,
    patient_regex: str | None = None,
    patient_map: Path | None = None,
    also: Collection[str] = (),
    say: Tell = untold,
) -> dict[str, pd.DataFrame]:
    """Return the table of each model; "" is its name where there is no model column.

    The frames have the columns patient, case and target ("" without one), each metric and count
    that the file has as float (nan: undefined), and those of TEXTS that it has. Rows keep the
    file's order; of a table with a `split` column only the test rows are kept.

    Args:
        path: The CSV; UTF-8 with or without byte-order mark. Decimal commas are understood where
            semicolons part the columns.
        model_column: Names the design of a row; none: `model`, if there is one.
        case_column: Names the case; none: `case`, else `patient`.
        target_column: Names the region, or what else is analysed apart; none: `target`, if any.
        patient_regex: Finds the patient in a case's id: its first group, or all it matches.
        patient_map: CSV with the columns case and patient.
        also: Columns of scores that only their user knows, as the header names them; any number.
        say: Told what was assumed or left out.

    Raises:
        DataError: The file or a row of it is at fault; all faults are named by line and case.
        UsageError: A column that is not there, or a pattern that is none.
    """
    lines = read_lines(path)
    asked = (model_column, case_column, target_column)
    return frames_of(lines, path, asked, also, patient_regex, patient_map, say)


def frames_of(
    lines: Lines,
    path: Path,
    asked: Asked = (None, None, None),
    also: Collection[str] = (),
    patient_regex: str | None = None,
    patient_map: Path | None = None,
    say: Tell = untold,
) -> dict[str, pd.DataFrame]:
    """Return what `read_bare` does, of lines that another reader has made; `path` names the file."""
    columns = _columns(lines.header, path, asked, also, say)
    rows = _rows(lines, columns, path, say)
    patients = _patients(rows, columns, patient_regex, patient_map, say)
    frame = pd.DataFrame(rows)
    frame["patient"] = [patients[case] for case in frame["case"]] if patients else frame["patient"]
    first = ["patient", "case", "target"]
    frame = frame[["model", *first, *(name for name in columns.values if name in frame)]]
    numbers = [name for name in columns.values if name not in TEXTS]
    frame[numbers] = frame[numbers].astype(float)  # a column without any value is text until now
    return {
        str(name): own.drop(columns="model").reset_index(drop=True)
        for name, own in frame.groupby("model", sort=False)
    }


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where in a row things are; None where the table does not have them."""

    case: int
    model: int | None
    patient: int | None
    target: int | None
    values: dict[str, int]
    """Our name of a metric, count or text: its place."""
    free: frozenset[str]
    """Scores with a scale of their own."""
    case_is_patient: bool


def _columns(
    header: Sequence[str],
    path: Path,
    asked: Asked,
    also: Collection[str],
    say: Tell,
) -> _Columns:
    plain = [re.sub(r"[\s_.\-]+", "_", name.casefold()).strip("_") for name in header]
    model = _place(header, plain, asked[0], ("model",), path)
    case = _place(header, plain, asked[1], ("case", "patient"), path)
    target = _place(header, plain, asked[2], ("target",), path)
    if case is None:
        raise DataError(
            f"{path}: no column named case or patient; columns: {', '.join(header)}",
            hint="Say which column names the cases: --case-column NAME",
        )
    taken = {case, model, target}
    patient = next(
        (at for at, name in enumerate(plain) if name == "patient" and at not in taken), None
    )
    taken |= {patient}
    elsewhere = COUNTS_ELSEWHERE | metric_by_other_name()
    values: dict[str, int] = {}
    unknown, twice = [], []
    for at, name in enumerate(plain):
        known = name if name in (*METRICS, *COUNTS, *TEXTS) else elsewhere.get(name)
        known = header[at] if header[at] in also else known
        if at in taken:
            continue
        if known is None:
            unknown.append(header[at] or f"column {at + 1} without a name")
        elif known not in values:
            values[known] = at
        elif {name, plain[values[known]]} & {"f1", "f1_score"}:
            unknown.append(f"{header[at]} (F1 is Dice)")
        else:
            twice.append(f"{header[values[known]]} and {header[at]} are both {known}")
    if twice:
        raise DataError(f"{path}: {'; '.join(twice)}", hint="Keep one column of each metric.")
    if not any(name in METRICS or name in also for name in values):
        raise DataError(
            f"{path}: no column holds a metric; columns: {', '.join(header)}",
            hint=f"Name the scores {', '.join(METRICS)}; ablate compare takes others too, by "
            "--higher-is-better NAME or --lower-is-better NAME.",
        )
    if unknown:
        say(note(f"columns left out: {', '.join(unknown)}"))
    free = frozenset(name for name in values if name in also)
    return _Columns(case, model, patient, target, values, free, _means_patient(plain[case]))


def _place(
    header: Sequence[str],
    plain: Sequence[str],
    asked: str | None,
    usual: Sequence[str],
    path: Path,
) -> int | None:
    if asked is not None:
        if asked not in header:
            raise UsageError(f"{path}: no column {asked!r}", hint=nearest(asked, header))
        return header.index(asked)
    return next((plain.index(name) for name in usual if name in plain), None)


def _means_patient(name: str) -> bool:
    return any(word in name for word in ("patient", "subject"))


def _rows(lines: Lines, columns: _Columns, path: Path, say: Tell) -> list[dict[str, object]]:
    """Read all rows; of several splits those of the test patients."""
    rows: list[dict[str, object]] = []
    faults: list[str] = []
    missing: Counter[str] = Counter()
    seen: dict[tuple[object, ...], int] = {}
    elsewhere = 0
    for line, cells in lines.rows:
        if len(cells) != len(lines.header):
            faults.append(
                f"{lines.unit} {line}: {len(cells)} cells under {len(lines.header)} columns"
            )
            continue
        row, wrong = _row([cell.strip() for cell in cells], columns, lines.decimal_comma)
        if str(row.get("split", "test")).casefold() != "test":
            elsewhere += 1
            continue
        key = tuple(row[name] for name in ("model", "patient", "case", "target"))
        if key in seen:
            wrong.append(f"{TWICE} {lines.unit} {seen[key]}")
        seen.setdefault(key, line)
        where = ", ".join(str(row[name]) for name in ("model", "case", "target") if row[name])
        faults += [f"{lines.unit} {line} ({where}): {fault}" for fault in wrong]
        missing.update(name for name in columns.values if row[name] is None)
        rows.append(row)
    if faults:
        raise DataError(
            f"{path}: {len(faults)} fault(s)\n  " + "\n  ".join(_first(faults)),
            hint=APART
            if all(TWICE in fault for fault in faults)
            else f"Correct each {lines.unit}; leave a cell empty where a score is not defined.",
        )
    if elsewhere:
        say(note(f"{elsewhere} row(s) of other splits than test left out"))
    if not rows:
        raise DataError(f"{path}: no row has split = test", hint="Give scores of test cases.")
    for name, count in missing.items():
        say(note(f"{name} is not defined in {count} of {len(rows)} rows"))
    return rows


def _first(faults: Sequence[str]) -> list[str]:
    """A wrong column is at fault in every row: the first rows show it."""
    more = len(faults) - MOST_LISTED
    return [*faults[:MOST_LISTED], *([f"and {more} more"] if more > 0 else [])]


def _row(
    cells: Sequence[str], columns: _Columns, decimal_comma: bool
) -> tuple[dict[str, object], list[str]]:
    def text(place: int | None) -> str:
        return "" if place is None else cells[place]

    case = text(columns.case)
    row: dict[str, object] = {
        "model": text(columns.model),
        "case": case,
        "patient": text(columns.patient),
        "target": text(columns.target),
    }
    faults = [
        f"{name} is empty"
        for name in ("model", "case", "patient", "target")
        if getattr(columns, name) is not None and not row[name]
    ]
    if SUMMARY_ROW.fullmatch(case):
        faults.append("sums other rows up; a case is wanted")
    for name, place in columns.values.items():
        if name in TEXTS:
            row[name] = cells[place]
        else:
            free = name in columns.free
            row[name] = _number(name, cells[place], decimal_comma, free, faults)
    return row, faults + list(_contradictions(row))


def _number(
    name: str, cell: str, decimal_comma: bool, free: bool, faults: list[str]
) -> float | None:
    if cell.casefold() in UNDEFINED:
        return None
    try:
        value = float(cell.replace(",", ".") if decimal_comma else cell)
    except ValueError:
        faults.append(f"{name} {cell!r} is not a number")
        return None
    if math.isinf(value) and value > 0 and name in distances():
        return None  # how several tools write the distance to an empty mask
    if free and math.isfinite(value):
        return value
    low, high = METRICS[name].bounds if name in METRICS else (0.0, math.inf)
    if not low <= value <= high + SLACK or math.isinf(value):
        percent = " (a percentage?)" if high == 1 < value <= 100 else ""
        limits = f"{low:g} and above" if math.isinf(high) else f"{low:g}..{high:g}"
        faults.append(f"{name} {cell!r} is outside {limits}{percent}")
    elif name in COUNTS and value != int(value):
        faults.append(f"{name} {cell!r} is not a whole number")
    return value


def _contradictions(row: Mapping[str, object]) -> Iterator[str]:
    hd95, hd = row.get("hd95"), row.get("hd")
    try:
        longest = penalty_of(*(str(row.get(k, "")) for k in ("shape", "spacing", "distance_unit")))
    except ValueError:
        yield f"shape {row['shape']!r} and spacing {row.get('spacing', '')!r} do not fit"
        longest = math.nan
    for name in distances():
        if isinstance(value := row.get(name), float) and value > longest + SLACK:
            yield f"{name} {value!r} exceeds the diagonal of the scan, {longest:g}"
    if isinstance(hd95, float) and isinstance(hd, float) and hd95 > hd + SLACK:
        yield f"hd95 {hd95!r} exceeds hd {hd!r}"
    for name, allowed in {"status": STATUSES, "distance_unit": UNITS}.items():
        if row.get(name) and row[name] not in allowed:
            yield f"{name} {row[name]!r} is none of {', '.join(allowed)}"


def _patients(
    rows: Sequence[Mapping[str, object]],
    columns: _Columns,
    pattern: str | None,
    table: Path | None,
    say: Tell,
) -> Mapping[str, str]:
    """Return whose case each is; nothing where the table says so itself."""
    if pattern is not None and table is not None:
        raise UsageError(
            "--patient-regex and --patient-map both name the patients", hint="Give one of them."
        )
    cases = list(dict.fromkeys(str(row["case"]) for row in rows))
    if pattern is not None:
        return patients_by_regex(cases, pattern)
    if table is not None:
        return patients_by_map(cases, table)
    if columns.patient is not None:
        return {}
    if not columns.case_is_patient:
        each = "its case" if len(cases) == 1 else f"each of the {len(cases)} cases"
        say(note(f"no patient column; {each} is taken as one patient"))
    if look_like_slices(cases):
        text = (
            f"ids such as {cases[0]} look like slices of one patient, which are not independent; "
            "name the patients by --patient-regex or --patient-map"
        )
        say(Remark(Level.WARNING, text))
    return {case: case for case in cases}
