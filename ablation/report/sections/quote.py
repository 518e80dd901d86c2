"""What a reader has to know before quoting the verdict, the most severe first."""

from __future__ import annotations

from ablation.comparison import Caution, Comparison
from ablation.report.page.html import prose
from ablation.report.sections.blocks import Section
from ablation.report.source import Source


def quote(comparison: Comparison, source: Source) -> Section | None:
    """Return what weakens the verdict, a line each; nothing where nothing does."""
    found = source.weakening(comparison)
    if not found:
        return None
    lines = "".join(map(_line, found))
    return Section("quote", "Before you quote this", body=f'<ul class="quote">{lines}</ul>')


def _line(caution: Caution) -> str:
    mark = f'<span class="mark {caution.colour}">{caution.colour}</span>'
    return f"<li><span>{mark}</span> <span>{prose(caution.text)}</span></li>"
