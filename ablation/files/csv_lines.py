"""A small CSV of any tool as text cells with their line numbers, for messages that name lines."""

from __future__ import annotations

import csv
import io
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass
from pathlib import Path

from ablation.errors import DataError

SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.I)
"""What Excel reads in the first line: the character that parts the columns."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The cells of a table as they stand in the file."""

    header: list[str]
    rows: list[tuple[int, list[str]]]
    """Number of the line, and its cells."""
    decimal_comma: bool
    """Semicolons or tabs part the columns, as where numbers are written 0,5."""
    unit: str = "line"
    """What the numbers of the rows count."""


def read_lines(path: Path) -> Lines:
    """Read a CSV with commas, semicolons or tabs, UTF-8 or UTF-16; blank lines are passed over.

    A first line such as `sep=;` names the character that parts the columns.

    Raises:
        DataError: The file cannot be read, or has no row below its header.
    """
    try:
        lines = _lines(_text(path.read_bytes()))
    except (OSError, UnicodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else "not CSV in UTF-8 or UTF-16"
        raise DataError(f"{path}: cannot be read: {reason}", hint=_instead(path)) from None
    if not lines.rows:
        raise DataError(f"{path}: has no rows", hint="Give a CSV with a header and a row per case.")
    return lines


def _text(content: bytes) -> str:
    """Return the text; UTF-16 is known by its byte-order mark, or by its zero bytes."""
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return content.decode("utf-16")
    if b"\0" in content[:2]:
        return content.decode("utf-16-le" if content[1:2] == b"\0" else "utf-16-be")
    return content.decode("utf-8-sig")


def _instead(path: Path) -> str:
    if path.is_dir():
        return f"Give the CSV files in it, such as {path / '*.csv'}"
    return "Give a CSV file saved as UTF-8." if path.exists() else "Check the path."


def _lines(text: str) -> Lines:
    first, _, rest = text.partition("\n")
    named = SEPARATOR_LINE.fullmatch(first)
    above = 1 if named else 0
    text = rest if named else text
    separator = named[1] if named else _separator(text.partition("\n")[0])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    header = [name.strip() for name in next(reader, [])]
    rows = [
        (reader.line_num + above, cells) for cells in reader if any(cell.strip() for cell in cells)
    ]
    return Lines(header, rows, separator in ";\t")


def _separator(header: str) -> str:
    return max(",;\t", key=lambda mark: len(next(csv.reader([header], delimiter=mark), [])))
