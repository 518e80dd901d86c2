"""What a reader has to know before quoting the verdict, the most severe first."""

from __future__ import annotations

from ablation.comparison import Comparison
from ablation.report.sections.blocks import Cautions, Section
from ablation.report.source import Source


def quote(comparison: Comparison, source: Source) -> Section | None:
    """Return what weakens the verdict, a line each; nothing where nothing does."""
    found = source.weakening(comparison)
    return (
        Section("quote", "Before you quote this", short="Caveats", blocks=(Cautions(found),))
        if found
        else None
    )
