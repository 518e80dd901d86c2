"""The files of a report, written so that a reader never meets half of one."""

from __future__ import annotations

from pathlib import Path

from ablation.comparison import Comparison
from ablation.files.atomic import write_whole
from ablation.report.formats.markdown import to_markdown
from ablation.report.formats.tables import to_csv, to_json
from ablation.report.formats.tex import Style, to_tex
from ablation.report.methods import bibliography, methods, methods_file
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
    contents = (
        page(comparison, source),
        to_csv(comparison),
        to_json(comparison, source),
        to_markdown(comparison, source),
        to_tex(comparison, style),
        methods_file(comparison, source),
        bibliography(methods(comparison, source)),
    )
    written = tuple(folder / name for name in FILES)
    for path, text in zip(written, contents, strict=True):
        write_whole(path, text)
    return written
