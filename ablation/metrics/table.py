"""The per-case table as a file: written exactly, read with every fault named."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from ablation.errors import DataError
from ablation.metrics.cases import COLUMNS, COUNTS, KEY, RATIOS, STATUSES
from ablation.metrics.empty import DISTANCES, penalty_of

NUMBERS = (*RATIOS, *DISTANCES, "bce")
REQUIRED = (*KEY, "status")
UNITS = ("mm", "px")
SLACK = 1e-9  # other tools' last digits

Row = Mapping[str, object]


def write_cases(rows: Iterable[Row], path: Path) -> None:
    """Write the rows in the order given; nan becomes an empty cell. Old content is replaced at once."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([_cell(row[name]) for name in COLUMNS] for row in rows)
    part.replace(path)


def read_cases(path: Path) -> pd.DataFrame:
    """Read a per-case table: text as str, counts as Int64, everything else float64.

    Raises:
        DataError: Columns are missing or unknown, or rows have faults; all of them are named.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        header = next(reader, [])
        _check_columns(header, path)
        lines = [(reader.line_num, cells) for cells in reader if cells]
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
            f"{path}: {len(faults)} fault(s)\n  " + "\n  ".join(faults),
            hint="Correct the lines, or write the table again with the tool it came from.",
        )
    types = dict.fromkeys(COUNTS, "Int64") | dict.fromkeys(NUMBERS, "float64")
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(types)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(float(value))
    return str(value)


def _check_columns(header: list[str], path: Path) -> None:
    missing = [name for name in COLUMNS if name not in header]
    unknown = [name for name in header if name not in COLUMNS]
    twice = sorted({name for name in header if header.count(name) > 1})
    faults = {"missing": missing, "unknown": unknown, "twice": twice}
    if any(faults.values()):
        named = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in faults.items() if names)
        raise DataError(
            f"{path}: not a per-case table; columns {named}",
            hint="A per-case table is a CSV with commas whose columns are " + ", ".join(COLUMNS),
        )


def _read_row(cells: dict[str, str]) -> tuple[dict[str, object], list[str]]:
    faults = [f"{name} is empty" for name in REQUIRED if not cells[name].strip()]
    row: dict[str, object] = dict(cells)
    for name in NUMBERS:
        row[name] = _number(name, cells[name], faults)
    for name in COUNTS:
        row[name] = _count(name, cells[name], faults)
    if cells["status"] and cells["status"] not in STATUSES:
        faults.append(f"status {cells['status']!r} is none of {', '.join(STATUSES)}")
    if not cells["distance_unit"] and any(cells[name].strip() for name in DISTANCES):
        faults.append("distance_unit is empty")
    if cells["distance_unit"] and cells["distance_unit"] not in UNITS:
        faults.append(f"distance_unit {cells['distance_unit']!r} is none of {', '.join(UNITS)}")
    return row, faults + _out_of_bounds(row)


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


def _out_of_bounds(row: dict[str, object]) -> list[str]:
    faults = []
    numbers = {name: value for name in NUMBERS if not math.isnan(value := float(str(row[name])))}
    try:
        longest = penalty_of(*(str(row[name]) for name in ("shape", "spacing", "distance_unit")))
    except ValueError:
        faults.append(f"shape {row['shape']!r} and spacing {row['spacing']!r} do not fit")
        longest = math.nan
    for name, value in numbers.items():
        limit = 1.0 if name in RATIOS else longest if name in DISTANCES else math.inf
        if value < 0 or value > limit + SLACK:
            faults.append(f"{name} {value!r} is outside 0..{limit:g}")
    if numbers.get("hd95", 0.0) > numbers.get("hd", math.inf) + SLACK:
        faults.append(f"hd95 {numbers['hd95']!r} exceeds hd {numbers['hd']!r}")
    return faults
