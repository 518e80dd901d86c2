"""Bare per-case tables as any tool writes them: read whole, or refused with every fault named.

A bare table is a CSV with a row per case and columns `case[, patient][, target], <metric>...`;
one with a `model` column, or with a column per design, holds several designs. Commas, semicolons or
tabs part the columns.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import pandas as pd

from ablation.comparison.tables.volumes import COUNTED, look_like_slices
from ablation.data.patient_rules import patients_by_map, patients_by_regex
from ablation.errors import DataError, UsageError
from ablation.errors.words import counted
from ablation.files.csv_lines import Lines, read_lines
from ablation.metrics.cases import COUNTS
from ablation.metrics.empty import penalty_of
from ablation.metrics.pair import STATUSES
from ablation.metrics.registry import METRICS, distances
from ablation.metrics.table import SLACK, UNITS
from ablation.scores.counted import with_ratios
from ablation.scores.empty_masks import EmptyMasks
from ablation.scores.header import TEXTS, Columns, Naming, columns_of
from ablation.scores.patient_ids import (
    visible,
)
from ablation.scores.plausible import refuse_implausible, tell_doubts
from ablation.scores.remarks import Level, Remark, Tell, note, untold
from ablation.scores.summary_rows import is_named_summary
from ablation.scores.wide import in_rows

UNDEFINED = (
    *("", "nan", "-nan", "na", "n/a", "n.a.", "#n/a", "none", "null", "nil", "undefined"),
    *("-", "--", "\N{EN DASH}", "\N{EM DASH}", "?"),
)
TWICE = "the same case as"
APART = (
    "Keep one row for each design, case and region. Where another column tells the rows apart, name "
    "it: --target-column for a region, --seed-column for a training."
)
PER_CENT_FROM = 2.0
"""A median of a ratio above it is in per cent; below, single values are wrong."""
MOST_LISTED = 50  # faults of a file; more are counted
TEST = ("", "test", "testing")
"""Cells of a column `split` of test patients, in lower case; without one all are."""
KEY = ("model", "seed", "patient", "case", "target")
DERIVED = ("status", "truth_voxels", "pred_voxels", "shape", "spacing", "distance_unit")
"""Columns that a table may lack and a row may still tell."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a user says of the scores of a table."""

    also: Collection[str] = ()
    """Columns of scores that only their user knows, as the header names them; any number."""
    undefined_distances: Sequence[float] = ()
    """Values that stand for a distance to an empty mask; nan: an empty cell."""
    metric: str | None = None
    """The score of a table with a column for each design."""
    alone: bool = False
    """Whether this is the only table, so that a column of it may be a design."""


def read_bare(
    path: Path,
    naming: Naming | None = None,
    known: Known | None = None,
    say: Tell = untold,
) -> dict[str, pd.DataFrame]:
    """Return the table of each model; "" is its name where there is no model column.

    The frames have the columns patient, case, target ("" without one) and status, each metric and
    count that the file has as float (nan: undefined), those of TEXTS that it has, and seed and fold
    where it tells them. A distance to an empty mask is undefined, and the status says which mask
    was empty. Ratios follow from the voxel counts where there are any. Rows keep the file's order;
    of a table that tells training from test patients only the test rows are kept.

    Args:
        path: The CSV; UTF-8 or UTF-16. Decimal commas are understood where semicolons or tabs part
            the columns.
        naming: How the table names designs, cases and patients.
        known: What its user says of its scores.
        say: Told what was assumed or left out.

    Raises:
        DataError: The file or a row of it is at fault; all faults are named by line and case.
        UsageError: A column that is not there, or a pattern that is none.
    """
    return frames_of(read_lines(path), path, naming, known, say)


def frames_of(
    lines: Lines,
    path: Path,
    naming: Naming | None = None,
    known: Known | None = None,
    say: Tell = untold,
    *,
    keep_implausible: bool = False,
) -> dict[str, pd.DataFrame]:
    """Return what `read_bare` does, of lines that another reader has made; `path` names the file.

    Rows that no pair of masks can have are refused, or kept and told.
    """
    naming, known = naming or Naming(), known or Known()
    lines = replace(lines, header=[visible(name) for name in lines.header])
    lines = in_rows(lines, path, naming, known.also, known.metric, known.alone, say)
    columns = columns_of(lines, path, naming, known.also, say)
    rows = _rows(lines, columns, known, path, say)
    frame = pd.DataFrame(rows)
    numbers = [name for name in columns.values if name not in TEXTS]
    frame[numbers] = frame[numbers].astype(float)  # a column without any value is text until now
    refuse_implausible(frame, path, lines.unit, say if keep_implausible else None)
    tell_doubts(frame, lines.unit, say)
    patients = _patients(rows, columns, naming, path, say)
    frame["patient"] = [patients[case] for case in frame["case"]] if patients else frame["patient"]
    return {
        str(name): own.drop(columns="model").reset_index(drop=True)
        for name, own in _whole(frame, columns, say).groupby("model", sort=False)
    }


def _whole(frame: pd.DataFrame, columns: Columns, say: Tell) -> pd.DataFrame:
    """Return the table with what follows from its cells, its columns in their order."""
    texts = [name for name in TEXTS if name in frame]
    whole = with_ratios(frame.assign(**frame[texts].fillna("")), columns.free, say)
    if "distance_unit" in whole and (whole["distance_unit"] == "mm").any():
        whole["distance_unit"] = whole["distance_unit"].replace("", "mm")
    trainings = [name for name in ("seed", "fold") if getattr(columns, name) is not None]
    order = ["model", "patient", "case", "target", "status", *trainings, *columns.values]
    order += [name for name in (*METRICS, *DERIVED) if name in whole]
    return whole[list(dict.fromkeys(order))]


def _rows(
    lines: Lines, columns: Columns, known: Known, path: Path, say: Tell
) -> list[dict[str, object]]:
    """Read all rows; of several splits those of the test patients."""
    rows: list[dict[str, object]] = []
    faults: list[str] = []
    seen: dict[tuple[object, ...], int] = {}
    elsewhere = 0
    empty_masks = EmptyMasks(known.undefined_distances, lines.unit)
    for line, cells in lines.rows:
        if len(cells) != len(lines.header):
            faults.append(
                f"{lines.unit} {line}: {len(cells)} cells under {len(lines.header)} columns"
            )
            continue
        row, wrong = _row([visible(cell) for cell in cells], columns, lines.decimal_comma)
        if str(row.get("split", "test")).casefold() not in TEST:
            elsewhere += 1
            continue
        key = tuple(row[name] for name in KEY)
        if key in seen:
            wrong.append(f"{TWICE} {lines.unit} {seen[key]}")
        seen.setdefault(key, line)
        if is_named_summary(str(row["case"])):
            rows.append({**row, "line": line, "undefined": set()})
            continue  # refused below, whatever its cells hold
        undefined = {name for name in columns.values if row[name] is None}
        wrong += [*empty_masks.settle(row, line), *_contradictions(row)]
        where = ", ".join(str(row[name]) for name in ("model", "case", "target") if row[name])
        faults += [f"{lines.unit} {line} ({where}): {fault}" for fault in wrong]
        rows.append({**row, "line": line, "undefined": undefined})
    _refuse_percentages(rows, columns, path)
    if faults:
        raise DataError(
            f"{path}: {counted(len(faults), 'fault')}\n  " + "\n  ".join(_first(faults)),
            hint=APART
            if all(TWICE in fault for fault in faults)
            else f"Correct each {lines.unit}; leave a cell empty where a score is not defined.",
        )
    if elsewhere:
        say(note(f"{counted(elsewhere, 'row')} of other splits than test left out"))
    if not rows:
        raise DataError(f"{path}: no row has split = test", hint="Give scores of test cases.")
    _tell_undefined(rows, say)
    for remark in empty_masks.remarks():
        say(remark)
    return rows


def _refuse_percentages(rows: Sequence[Mapping[str, object]], columns: Columns, path: Path) -> None:
    """Refuse a ratio whose column is in per cent: that is one fault, not one for each row."""
    for name in columns.values:
        if name in columns.free or name not in METRICS or METRICS[name].bounds[1] != 1:
            continue
        values = [v for row in rows if isinstance(v := row[name], float) and v > 0]
        above = [value for value in values if 1 + SLACK < value <= 100]
        if above and median(values) > PER_CENT_FROM:
            raise DataError(
                f"{path}: {columns.written[name]} is in per cent: {len(above)} of {len(values)} "
                f"values lie between 1 and 100, such as {above[0]:g}",
                hint="Divide the column by 100 in each table; or, for ablate compare, read all "
                f"tables in per cent: --higher-is-better {columns.written[name]}",
            )


def _tell_undefined(rows: Sequence[Mapping[str, object]], say: Tell) -> None:
    """Say in how many rows scores are not defined, columns with the same number together."""
    missing: Counter[str] = Counter()
    for row in rows:
        undefined = row["undefined"]
        assert isinstance(undefined, set)
        missing.update(undefined)
    columns: dict[int, list[str]] = {}
    for name in rows[0]:
        if missing[name]:
            columns.setdefault(missing[name], []).append(name)
    for count, names in columns.items():
        if count == len(rows):
            say(note(f"columns without any value: {', '.join(names)}"))
        else:
            verb = "is" if len(names) == 1 else "are"
            say(note(f"{', '.join(names)} {verb} not defined in {count} of {len(rows)} rows"))


def _first(faults: Sequence[str]) -> list[str]:
    """A wrong column is at fault in every row: the first rows show it."""
    more = len(faults) - MOST_LISTED
    return [*faults[:MOST_LISTED], *([f"and {more} more"] if more > 0 else [])]


def _row(
    cells: Sequence[str], columns: Columns, decimal_comma: bool
) -> tuple[dict[str, object], list[str]]:
    row: dict[str, object] = {}
    faults = []
    for name in (*KEY, "fold"):
        place = getattr(columns, name)
        row[name] = "" if place is None else cells[place]
        if place is not None and not row[name]:
            faults.append(f"{name} is empty")
    for name, place in columns.values.items():
        if name in TEXTS:
            row[name] = cells[place]
        else:
            free = name in columns.free
            row[name] = _number(name, cells[place], decimal_comma, free, faults)
    return row, faults


def _number(
    name: str, cell: str, decimal_comma: bool, free: bool, faults: list[str]
) -> float | None:
    """Return the number in a cell; of a distance also one that stands for an empty mask."""
    if cell.casefold() in UNDEFINED:
        return None
    text = cell.replace("\N{MINUS SIGN}", "-").replace("\N{INFINITY}", "inf")
    text = text.replace(",", ".") if decimal_comma else text
    percent = text.endswith("%")
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        faults.append(f"{name} {cell!r} is not a number")
        return None
    if math.isnan(value):
        return None
    if percent and not free:
        faults.append(f"{name} {cell!r} is a percentage")
        return value
    if name in distances() and (math.isinf(value) or value < 0):
        return value  # how several tools write the distance to an empty mask
    if free and math.isfinite(value):
        return value
    low, high = METRICS[name].bounds if name in METRICS else (0.0, math.inf)
    if not low <= value <= high + SLACK or math.isinf(value):
        percents = " (a percentage?)" if high == 1 < value <= 100 else ""
        limits = f"{low:g} and above" if math.isinf(high) else f"{low:g}..{high:g}"
        faults.append(f"{name} {cell!r} is outside {limits}{percents}")
    elif name in COUNTS and value != int(value):
        faults.append(f"{name} {cell!r} is not a whole number")
    return value


def _contradictions(row: Mapping[str, object]) -> Iterator[str]:
    try:
        longest = penalty_of(*(str(row.get(k, "")) for k in ("shape", "spacing", "distance_unit")))
    except ValueError:
        yield f"shape {row['shape']!r} and spacing {row.get('spacing', '')!r} do not fit"
        longest = math.nan
    for name in distances():
        if isinstance(value := row.get(name), float) and value > longest + SLACK:
            yield f"{name} {value!r} exceeds the diagonal of the scan, {longest:g}"
    for name, allowed in {"status": STATUSES, "distance_unit": UNITS}.items():
        if row.get(name) and row[name] not in allowed:
            yield f"{name} {row[name]!r} is none of {', '.join(allowed)}"


def _patients(
    rows: Sequence[Mapping[str, object]],
    columns: Columns,
    naming: Naming,
    path: Path,
    say: Tell,
) -> Mapping[str, str]:
    """Return whose case each is; nothing where the table says so itself."""
    ways = {
        "--patient-column": naming.patient_column,
        "--patient-regex": naming.patient_regex,
        "--patient-map": naming.patient_map,
    }
    given = [flag for flag, value in ways.items() if value is not None]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} both name the patients", hint="Give one of them.")
    cases = list(dict.fromkeys(str(row["case"]) for row in rows))
    slices = look_like_slices(cases)
    whose: Mapping[str, str] = {}
    if naming.patient_regex is not None:
        whose = patients_by_regex(cases, naming.patient_regex)
    elif naming.patient_map is not None:
        whose = patients_by_map(cases, naming.patient_map)
    if given or columns.patient is not None:
        patients = {whose.get(str(row["case"]), str(row["patient"])) for row in rows}
        counted_out = all(row.get(name) is not None for row in rows for name in COUNTED)
        if slices and len(patients) < len(cases) and not counted_out:
            text = "a patient's score is the mean over slices or scans, not that of the volume"
            say(Remark(Level.CAUTION, text))
        return whose
    if slices:
        raise DataError(
            f"{path}: ids such as {cases[0]} and {cases[1]} look like slices or scans of one "
            "patient, which are not independent",
            hint="Name the patients: --patient-column NAME, --patient-regex '(.+)_\\d+$' or "
            "--patient-map FILE. If each case is a patient of its own: --patient-regex '.+'",
        )
    if not columns.case_is_patient:
        each = "its case" if len(cases) == 1 else f"each of the {len(cases)} cases"
        say(note(f"no patient column; {each} is taken as one patient"))
    return {case: case for case in cases}
