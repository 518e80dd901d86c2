"""A small CSV of any tool as text cells with their line numbers, for messages that name lines."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from ablation.errors import DataError


@dataclass(frozen=True, slots=True)
class Lines:
    """The cells of a table as they stand in the file."""

    header: list[str]
    rows: list[tuple[int, list[str]]]
    """Number of the line, and its cells."""
    decimal_comma: bool
    """Semicolons part the columns, as where numbers are written 0,5."""
    unit: str = "line"
    """What the numbers of the rows count."""


def read_lines(path: Path) -> Lines:
    """Read a CSV with commas, semicolons or tabs, UTF-8; blank lines are passed over.

    Raises:
        DataError: The file cannot be read, or has no row below its header.
    """
    try:
        lines = _lines(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else "not CSV in UTF-8"
        raise DataError(f"{path}: cannot be read: {reason}", hint=_instead(path)) from None
    if not lines.rows:
        raise DataError(f"{path}: has no rows", hint="Give a CSV with a header and a row per case.")
    return lines


def _instead(path: Path) -> str:
    if path.is_dir():
        return f"Give the CSV files in it, such as {path / '*.csv'}"
    return "Give a CSV file saved as UTF-8." if path.exists() else "Check the path."


def _lines(text: str) -> Lines:
    first = text.partition("\n")[0]
    separator = max(",;\t", key=lambda mark: len(next(csv.reader([first], delimiter=mark), [])))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    header = [name.strip() for name in next(reader, [])]
    rows = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    return Lines(header, rows, separator == ";")
