"""The sections of the page, in the order a reader meets them; one module each."""

from __future__ import annotations

from collections.abc import Callable

from ablation.comparison import Comparison
from ablation.report.section import Section
from ablation.report.sections.designs import designs
from ablation.report.sections.details import details
from ablation.report.sections.elsewhere import elsewhere
from ablation.report.sections.empties import empties
from ablation.report.sections.fairness import fairness
from ablation.report.sections.patients import patients
from ablation.report.sections.quote import quote
from ablation.report.sections.results import results
from ablation.report.source import Source

SECTIONS: tuple[Callable[[Comparison, Source], Section | None], ...] = (
    quote,
    designs,
    patients,
    results,
    fairness,
    empties,
    elsewhere,
    details,
)
"""None: the section has nothing to say about this comparison."""

__all__ = ["SECTIONS"]
