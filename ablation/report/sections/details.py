"""Notes, every patient's value, what was done in words, and the runs behind it."""

from __future__ import annotations

from collections.abc import Iterator

from ablation.comparison import Analysis, Comparison
from ablation.report.methods import bibliography, methods, settings
from ablation.report.sections.blocks import (
    Block,
    Folded,
    Paragraph,
    Section,
    Verbatim,
    notes,
    table,
)
from ablation.report.source import Source


def details(comparison: Comparison, source: Source) -> Section:
    """Return what a careful reader looks up."""
    absent = source.material.sentences(comparison.designs) if source.runs else ()
    blocks: tuple[Block, ...] = (
        *notes([*comparison.notes, *absent]),
        *(_values(comparison, analysis) for analysis in comparison.analyses),
        *_methods(comparison, source),
        _runs(source),
    )
    return Section("details", "Details", blocks=blocks)


def _values(comparison: Comparison, analysis: Analysis) -> Folded:
    text = analysis.metric.text
    lines = [
        (patient, *(text(analysis.scores[name][i]) for name in comparison.designs))
        for i, patient in enumerate(analysis.patients)
    ]
    values = table(("patient", *comparison.designs), lines, {"patient"})
    return Folded(f"{analysis.label} of every patient", (values,))


def _methods(comparison: Comparison, source: Source) -> Iterator[Folded]:
    text = methods(comparison, source)
    yield Folded("Methods", (Paragraph(text),), is_open=True)
    if repeating := settings(source.material.recipes):
        yield Folded("Settings of every training (TOML)", (Verbatim(repeating),))
    yield Folded("References (BibTeX)", (Verbatim(bibliography(text)),))


def _runs(source: Source) -> Folded:
    if not source.runs:
        return Folded("Runs", (Paragraph("Tables given by hand."),))
    return Folded("Runs", (table(("design", "run"), source.runs, {"design", "run"}),))
