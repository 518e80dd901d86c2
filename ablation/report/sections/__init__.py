"""The sections of the page, in the order a reader meets them; one module each."""

from __future__ import annotations

from collections.abc import Callable

from ablation.comparison import Comparison
from ablation.report.sections.blocks import Section
from ablation.report.sections.cases import cases
from ablation.report.sections.data import data
from ablation.report.sections.designs import designs
from ablation.report.sections.details import details
from ablation.report.sections.effects import effects
from ablation.report.sections.elsewhere import elsewhere
from ablation.report.sections.empties import empties
from ablation.report.sections.fairness import fairness
from ablation.report.sections.forest import forest
from ablation.report.sections.matrix import matrix
from ablation.report.sections.networks import networks
from ablation.report.sections.operating import operating
from ablation.report.sections.patients import patients
from ablation.report.sections.printed import printed
from ablation.report.sections.quote import quote
from ablation.report.sections.rainclouds import rainclouds
from ablation.report.sections.ranks import ranks
from ablation.report.sections.results import results
from ablation.report.sections.sensitivity import sensitivity
from ablation.report.sections.sizes import sizes
from ablation.report.sections.tuning import tuning
from ablation.report.source import Source

SECTIONS: tuple[Callable[[Comparison, Source], Section | None], ...] = (
    quote,
    designs,
    patients,
    data,
    results,
    printed,
    fairness,
    effects,
    forest,
    rainclouds,
    matrix,
    ranks,
    empties,
    elsewhere,
    sensitivity,
    sizes,
    cases,
    networks,
    operating,
    tuning,
    details,
)
"""None: the section has nothing to say about this comparison."""

__all__ = ["SECTIONS"]
