"""The files of a report, written so that a reader never meets half of one."""

from __future__ import annotations

import os
from pathlib import Path

from ablation.comparison import Comparison
from ablation.report.formats.markdown import to_markdown
from ablation.report.formats.tables import to_csv, to_json
from ablation.report.formats.tex import Style, to_tex
from ablation.report.methods import bibliography, methods
from ablation.report.page import page
from ablation.report.source import Source

FILES = (
    "index.html",
    "comparison.csv",
    "comparison.json",
    "comparison.md",
    "comparison.tex",
    "methods.txt",
    "methods.bib",
)


def write_report(
    comparison: Comparison, source: Source, folder: Path, style: Style = "full"
) -> tuple[Path, ...]:
    """Write page and tables into a folder, made when absent; return their paths, page first.

    The same comparison gives the same bytes: nothing holds a time or a path.
    """
    paragraph = methods(comparison)
    contents = (
        page(comparison, source),
        to_csv(comparison),
        to_json(comparison, source),
        to_markdown(comparison, source),
        to_tex(comparison, style),
        paragraph + "\n",
        bibliography(paragraph),
    )
    folder.mkdir(parents=True, exist_ok=True)
    return tuple(
        write_whole(folder / name, text.encode("utf-8"))
        for name, text in zip(FILES, contents, strict=True)
    )


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file beside its place and then put it there; return the path."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path
