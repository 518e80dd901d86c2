"""CSV files that ablate writes itself: commas, UTF-8 and a header."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from ablation.errors import DataError

Cells = tuple[list[str], list[tuple[int, list[str]]]]
"""The header; of each row the number of its line and its cells."""


def read_cells(path: Path, shown: str | None = None) -> Cells:
    """Return header and rows of a CSV, with or without a byte-order mark; blank lines are left out.

    Args:
        path: The file.
        shown: What messages call it, where the path is a temporary one; None: the path.

    Raises:
        DataError: The file is not text in UTF-8, or no CSV.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            rows = [(reader.line_num, [*map(_unquoted, cells)]) for cells in reader if cells]
            return [*map(_unquoted, header)], rows
    except (UnicodeDecodeError, csv.Error):
        raise DataError(
            f"{shown or path}: cannot be read: not CSV in UTF-8", hint="Save it as CSV in UTF-8."
        ) from None


def read_rows(path: Path, shown: str | None = None) -> list[dict[str, str]]:
    """Return the rows of a CSV, each as column name: cell.

    Args:
        path: The file.
        shown: What messages call it, where the path is a temporary one; None: the path.

    Raises:
        DataError: The file is no CSV in UTF-8, or a row has more or fewer cells than the header.
    """
    header, rows = read_cells(path, shown)
    uneven = [(line, cells) for line, cells in rows if len(cells) != len(header)]
    if uneven:
        line, cells = uneven[0]
        raise DataError(
            f"{shown or path}: line {line}: {len(cells)} cells under {len(header)} columns",
            hint="The file was changed or cut off; copy or write it again.",
        )
    return [dict(zip(header, cells, strict=True)) for _, cells in rows]


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    r"""Return a table as the text of a CSV file.

    A text that a spreadsheet would run as a formula gets an apostrophe before it, which `read_cells`
    takes away again.

    >>> csv_text(["case", "note"], [("P1", "left, upper"), ("P2", -0.5), ("=1+1", "-0.5")])
    'case,note\nP1,"left, upper"\nP2,-0.5\n\'=1+1,-0.5\n'
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*map(_quoted, header)])
    writer.writerows([*map(_quoted, row)] for row in rows)
    return text.getvalue()


_FORMULA = re.compile(r"'*[=+\-@\t\r]")
"""How a cell begins that spreadsheets take for a formula, also behind apostrophes of its own."""


def _quoted(cell: object) -> object:
    if not isinstance(cell, str) or not _FORMULA.match(cell) or _is_number(cell):
        return cell
    return f"'{cell}"


def _unquoted(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
