"""Every patient: a line across the designs, and the differences within patients."""

from __future__ import annotations

from ablation.comparison import Comparison
from ablation.report.figures.pairs import titled
from ablation.report.figures.patients import paired_differences, patient_lines
from ablation.report.sections.blocks import Section
from ablation.report.source import Source


def patients(comparison: Comparison, source: Source) -> Section:  # noqa: ARG001
    """Return a line per patient of every metric, and the differences behind its tests."""
    drawn = []
    for number, analysis in enumerate(comparison.analyses):
        own = [patient_lines(analysis, comparison.designs, f"lines-{number}")]
        if analysis.contrasts:
            own.append(paired_differences(analysis, comparison.level, f"differences-{number}"))
        drawn += [titled(comparison, analysis, figure) for figure in own]
    return Section("figures", "Patients", figures=tuple(drawn))
