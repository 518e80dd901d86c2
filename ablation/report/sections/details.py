"""Notes, every patient's value, what was done in words, and the runs behind it."""

from __future__ import annotations

from html import escape

from ablation.comparison import Analysis, Comparison
from ablation.report.methods import bibliography, methods
from ablation.report.page.html import bullets, prose, table
from ablation.report.sections.blocks import Section
from ablation.report.source import Source


def details(comparison: Comparison, source: Source) -> Section:
    """Return what a careful reader looks up."""
    absent = source.material.sentences(comparison.designs) if source.runs else ()
    body = bullets([*comparison.notes, *absent], "notes")
    body += "\n".join(_values(comparison, analysis) for analysis in comparison.analyses)
    body += _methods(comparison)
    body += f"<details><summary>Runs</summary>{_runs(source)}</details>"
    return Section("details", "Details", body=body)


def _values(comparison: Comparison, analysis: Analysis) -> str:
    text = analysis.metric.text
    lines = [
        (patient, *(text(analysis.scores[name][i]) for name in comparison.designs))
        for i, patient in enumerate(analysis.patients)
    ]
    values = table(("patient", *comparison.designs), lines, {"patient"})
    title = f"{analysis.label} of every patient"
    return (
        f'<details><summary>{escape(title)}</summary><div class="scroll">{values}</div></details>'
    )


def _methods(comparison: Comparison) -> str:
    text = methods(comparison)
    return (
        f"<details open><summary>Methods</summary><p>{prose(text)}</p></details>"
        f"<details><summary>References (BibTeX)</summary><pre>{escape(bibliography(text))}</pre></details>"
    )


def _runs(source: Source) -> str:
    if not source.runs:
        return "<p>Tables given by hand.</p>"
    return f'<div class="scroll">{table(("design", "run"), source.runs, {"design", "run"})}</div>'
