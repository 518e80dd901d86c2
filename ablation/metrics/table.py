"""The per-case table as a file: written exactly, read with every fault named."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from ablation.errors import DataError
from ablation.errors.words import counted
from ablation.files.atomic import write_whole
from ablation.files.csv_rows import csv_text, read_cells
from ablation.metrics.cases import COUNTS, KEY, TEXTS, columns
from ablation.metrics.empty import penalty_of
from ablation.metrics.overlap import VoxelCounts
from ablation.metrics.pair import STATUSES
from ablation.metrics.registry import METRICS, distances

REQUIRED = (*KEY, "status")
UNITS = ("mm", "px")
SLACK = 1e-9  # other tools' last digits
FOREGROUND = ("dice", "iou", "precision", "recall")
"""Ratios of tp, fp and fn."""
BACKGROUND = ("specificity", "accuracy")
"""Ratios that need tn, too."""
RATIO_SLACK = 1e-5
"""Between a ratio and its counts: 32 bits, and terms such as 1e-5 that avoid a division by 0."""

Row = Mapping[str, object]


def write_cases(rows: Iterable[Row], path: Path) -> None:
    """Write the rows in the order given; nan becomes an empty cell. Old content is replaced at once."""
    names = columns()
    write_whole(path, csv_text(names, ([_cell(row[name]) for name in names] for row in rows)))


def read_cases(path: Path, shown: str | None = None) -> pd.DataFrame:
    """Read a per-case table: text as str, counts as Int64, everything else float64.

    A table of another version of ablate, or of another program, is read as well. A column that it
    lacks was not recorded: its cells are nan, missing counts or empty text. A column that we do not
    know is a score of its own: float64 where every cell is a number or empty, else text; these
    stand behind ours, in the order of the file. Scores that are ratios of the counts of their row
    must follow from them.

    Args:
        path: The file.
        shown: What messages call it, where the path is a temporary one; None: the path.

    Raises:
        DataError: Columns that name a row are missing, a column is there twice, or rows have
            faults; all of them are named.
    """
    header, lines = read_cells(path, shown)
    _check_columns(header, shown or str(path))
    faults: list[str] = []
    rows: list[dict[str, object]] = []
    seen: dict[tuple[str, ...], int] = {}
    for line, cells in lines:
        if len(cells) != len(header):
            faults.append(f"line {line}: {len(cells)} cells under {len(header)} columns")
            continue
        row, wrong = _read_row(dict(zip(header, cells, strict=True)))
        key = tuple(str(row[name]) for name in KEY)
        if key in seen:
            wrong.append(f"the same {', '.join(KEY)} as line {seen[key]}")
        seen.setdefault(key, line)
        rows.append(row)
        faults += [f"line {line} ({row['case']}): {fault}" for fault in wrong]
    if faults:
        raise DataError(
            f"{shown or path}: {counted(len(faults), 'fault')}\n  " + "\n  ".join(faults),
            hint="Correct the lines, or write the table again with the tool it came from.",
        )
    others = [name for name in header if name not in columns()]
    frame = pd.DataFrame(rows, columns=[*columns(), *others])
    types = dict.fromkeys(COUNTS, "Int64") | dict.fromkeys(METRICS, "float64")
    return frame.astype(types).assign(**{name: _numeric(frame[name]) for name in others})


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(float(value))
    return str(value)


def _check_columns(header: Sequence[str], shown: str) -> None:
    missing = [name for name in REQUIRED if name not in header]
    twice = sorted({name for name in header if header.count(name) > 1})
    faults = {"missing": missing, "twice": twice}
    if any(faults.values()):
        named = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in faults.items() if names)
        raise DataError(
            f"{shown}: not a per-case table; columns {named}",
            hint=f"A per-case table is a CSV with commas and at least the columns "
            f"{', '.join(REQUIRED)}; a table of another program: ablate compare, or ablate import.",
        )


def _read_row(cells: dict[str, str]) -> tuple[dict[str, object], list[str]]:
    """Return the row with every known column, and its faults."""
    faults = [f"{name} is empty" for name in REQUIRED if not cells[name].strip()]
    row: dict[str, object] = {**dict.fromkeys(TEXTS, ""), **cells}
    for name in METRICS:
        row[name] = _number(name, cells.get(name, ""), faults)
    for name in COUNTS:
        row[name] = _count(name, cells.get(name, ""), faults)
    unit = cells.get("distance_unit")
    if cells["status"] and cells["status"] not in STATUSES:
        faults.append(f"status {cells['status']!r} is none of {', '.join(STATUSES)}")
    if unit == "" and any(cells.get(name, "").strip() for name in distances()):
        faults.append("distance_unit is empty")
    if unit and unit not in UNITS:
        faults.append(f"distance_unit {unit!r} is none of {', '.join(UNITS)}")
    faults += _out_of_bounds(row)
    return row, faults + [text for text in _beside_counts(row) if not faults]


def _number(name: str, cell: str, faults: list[str]) -> float:
    if not cell.strip():
        return math.nan
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        faults.append(f"{name} {cell!r} is not a number (undefined is an empty cell)")
    return value


def _count(name: str, cell: str, faults: list[str]) -> int | None:
    if not cell.strip():
        return None
    if not cell.strip().isdecimal():
        faults.append(f"{name} {cell!r} is not a whole number")
        return None
    return int(cell)


def _beside_counts(row: Mapping[str, object]) -> Iterator[str]:
    """Yield what does not follow from the voxel counts of the row."""
    known = {name: int(str(row[name])) for name in COUNTS[:6] if row[name] is not None}
    if not {"tp", "fp", "fn"} <= known.keys():
        return
    counts = VoxelCounts(known["tp"], known["fp"], known["fn"], known.get("tn", 0))
    given = f"tp {counts.tp}, fp {counts.fp}, fn {counts.fn}"
    sums = {"truth_voxels": counts.tp + counts.fn, "pred_voxels": counts.tp + counts.fp}
    for name, total in sums.items():
        if known.get(name, total) != total:
            yield f"{name} {known[name]} contradicts {given}, whose sum is {total}"
    for name in (*FOREGROUND, *(BACKGROUND if "tn" in known else ())):
        value, right = float(str(row[name])), getattr(counts, name)
        if math.isfinite(right) and abs(value - right) > RATIO_SLACK:
            yield f"{name} {value!r} contradicts {given}, which give {right:.6g}"


def _numeric(cells: pd.Series[str]) -> pd.Series[float] | pd.Series[str]:
    """Return a column of an unknown score as numbers; as it stands where a cell is none."""
    try:
        return pd.to_numeric(cells.str.strip()).astype(float)
    except ValueError:
        return cells


def _out_of_bounds(row: dict[str, object]) -> list[str]:
    faults = []
    numbers = {name: value for name in METRICS if not math.isnan(value := float(str(row[name])))}
    try:
        longest = penalty_of(*(str(row[name]) for name in ("shape", "spacing", "distance_unit")))
    except ValueError:
        faults.append(f"shape {row['shape']!r} and spacing {row['spacing']!r} do not fit")
        longest = math.nan
    for name, value in numbers.items():
        low, high = METRICS[name].bounds
        limit = longest if METRICS[name].kind == "distance" else high
        if value < low or value > limit + SLACK:
            faults.append(f"{name} {value!r} is outside {low:g}..{limit:g}")
    if numbers.get("hd95", 0.0) > numbers.get("hd", math.inf) + SLACK:
        faults.append(f"hd95 {numbers['hd95']!r} exceeds hd {numbers['hd']!r}")
    return faults
