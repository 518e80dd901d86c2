"""The data of a comparison: patients, targets, sizes, what was left out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import median

from ablation.comparison import Comparison
from ablation.metrics.metric import number_text
from ablation.report.methods import data_sentences
from ablation.report.sections.blocks import Paragraph, Section
from ablation.report.source import Source


def data(comparison: Comparison, source: Source) -> Section:
    """Return a paragraph on the data."""
    return Section("data", "Data", blocks=(Paragraph(" ".join(_sentences(comparison, source))),))


def _sentences(comparison: Comparison, source: Source) -> Iterator[str]:
    yield from data_sentences(source.material.recipes)
    if source.kind != "experiment":
        yield f"Scores as given in {source.experiment}."
    targets = list(dict.fromkeys(one.target for one in comparison.analyses if one.target))
    n, unit = len(comparison.primary.patients), comparison.primary.unit_of_analysis
    of = f" Targets: {', '.join(targets)}." if targets else ""
    designs = len(comparison.designs)
    under = (
        "both designs"
        if designs == 2
        else f"all {designs} designs"
        if designs > 2
        else "the design"
    )
    yield f"{n:,} {unit}{'' if n == 1 else 's'} with a score of {under}.{of}"
    for sizes in comparison.sizes:
        known = [volume for volume in sizes.volumes if math.isfinite(volume)]
        if known:
            low, middle, high = (number_text(x, 1) for x in (min(known), median(known), max(known)))
            name = f" ({sizes.target})" if len(comparison.sizes) > 1 else ""
            yield f"Size by the truth{name}: median {middle} {sizes.unit} ({low} to {high})."
    absent = max((one.without_tumour for one in comparison.detection), default=0)
    if absent:
        yield f"Cases without truth: {absent:,}; see the rule for empty masks."
    for analysis in comparison.analyses:
        if analysis.unscored:
            place = f"{analysis.target} {analysis.label}".strip()
            yield f"{place}: {analysis.unscored:,} cases left out because a design has no value."
