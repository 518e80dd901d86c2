"""What layouts that keep a folder per patient have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NoReturn

from ablation.data.findings import Finding
from ablation.errors import DataError


def folders_in(root: Path) -> list[Path]:
    """Return the folders in a folder, sorted, without hidden ones; none where there is no folder."""
    if not root.is_dir():
        return []
    return sorted(
        path for path in root.iterdir() if path.is_dir() and not path.name.startswith(".")
    )


def refuse_one_patient(folder: Path) -> NoReturn:
    """Refuse the folder of one patient where that of a data set is wanted."""
    raise DataError(
        f"{folder}: is the folder of one patient",
        hint=f"Name the folder above: {folder.resolve().parent}",
    )


def about_file(severity: Literal["error", "warning"], path: Path, fault: str) -> Finding:
    """Return a finding about a file that lies in its patient's folder."""
    return Finding(severity, f"{path.parent.name}/{path.name}", fault, path.parent.name)
