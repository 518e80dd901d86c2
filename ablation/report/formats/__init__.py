"""A comparison as it is printed: in words, or in one of the formats of its files."""

from __future__ import annotations

from typing import Literal

from ablation.comparison import Comparison
from ablation.report.formats.markdown import to_markdown
from ablation.report.formats.summary import summary
from ablation.report.formats.tables import to_csv, to_json
from ablation.report.formats.tex import Style, to_tex
from ablation.report.source import Source

Format = Literal["text", "csv", "json", "md", "tex"]


def printed(
    comparison: Comparison, source: Source, as_format: Format = "text", style: Style = "full"
) -> str:
    """Return what a command prints of a comparison."""
    if as_format == "csv":
        return to_csv(comparison)
    if as_format == "json":
        return to_json(comparison, source)
    if as_format == "md":
        return to_markdown(comparison, source)
    if as_format == "tex":
        return to_tex(comparison, style)
    return summary(comparison, source)
