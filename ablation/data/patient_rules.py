"""Whose case it is, as the user says: by a pattern of names, or by a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ablation.errors import DataError, UsageError
from ablation.files.csv_lines import read_lines


def patients_by_regex(cases: Sequence[str], pattern: str) -> dict[str, str]:
    r"""Return the patient of each case: the pattern's first group, or all it matches.

    >>> patients_by_regex(["TCGA_CS_4941_7", "TCGA_CS_4941_8"], r"(.+)_\d+$")
    {'TCGA_CS_4941_7': 'TCGA_CS_4941', 'TCGA_CS_4941_8': 'TCGA_CS_4941'}

    Raises:
        UsageError: This is no regular expression.
        DataError: It finds nothing in some ids, which are named.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UsageError(
            f"--patient-regex {pattern!r}: {error}", hint=r"For example: '(.+)_\d+$'"
        ) from None
    group = 1 if compiled.groups else 0
    found = {case: match[group] for case in cases if (match := compiled.search(case))}
    without = [case for case in cases if not found.get(case)]
    if without:
        raise DataError(
            f"--patient-regex {pattern!r} finds no patient in {', '.join(without)}",
            hint="The pattern must find a patient in every case's id.",
        )
    return found


def patients_by_map(cases: Sequence[str], table: Path) -> dict[str, str]:
    """Return the patient of each case as a CSV with the columns case and patient says.

    Raises:
        DataError: The file is not such a table, or lacks cases, which are named.
    """
    lines = read_lines(table)
    if not {"case", "patient"} <= set(lines.header):
        raise DataError(
            f"{table}: columns {', '.join(lines.header)}", hint="Its header must be: case,patient"
        )
    case, patient = lines.header.index("case"), lines.header.index("patient")
    found: dict[str, str] = {}
    faults = []
    for line, cells in lines.rows:
        if len(cells) != len(lines.header) or not cells[patient].strip():
            faults.append(f"line {line} names no case and patient")
        elif (
            found.setdefault(cells[case].strip(), cells[patient].strip()) != cells[patient].strip()
        ):
            faults.append(f"line {line} gives {cells[case].strip()} a second patient")
    without = [name for name in cases if name not in found]
    if without:
        faults.append(f"no patient for {', '.join(without)}")
    if faults:
        raise DataError(
            f"{table}: " + "; ".join(faults), hint="Every case needs one line: case,patient"
        )
    return found
