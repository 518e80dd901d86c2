"""Does the difference depend on how large the tumour is, and how many lesions were found."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ablation.comparison import Analysis, Comparison, Sizes, p_text
from ablation.comparison.analysis.sizes import STRATA
from ablation.report.figures.drawing import Figure
from ablation.report.figures.pairs import shown, titled
from ablation.report.figures.sizes import size_plot, span
from ablation.report.sections.blocks import (
    Abreast,
    Block,
    Heading,
    Paragraph,
    Section,
    folded_when_long,
    table,
)
from ablation.report.source import Source

MOST = 3  # comparisons with a figure each
TREND_COLUMNS = ("comparison", "n", "per tenfold volume", "CI low", "CI high", "p")
STRATUM_COLUMNS = ("comparison", "tumour", "n", "mean difference", "CI low", "CI high")
LESION_COLUMNS = ("design", "lesions", "found", "missed", "false")
LESION_HINT = (
    "Lesions: connected parts of the truth, over all patients and trainings; false: predicted "
    "parts that touch none."
)
HINT = (
    "Size by the truth alone. A slope other than 0 says that the difference changes with the "
    "tumour; p is exploratory and not adjusted. Thirds of the patients carry an interval from 10 patients on."
)


def sizes(comparison: Comparison, source: Source) -> Section | None:  # noqa: ARG001
    """Return trends, thirds and lesion counts; nothing where the tables state none of them."""
    figures: list[Figure] = []
    blocks: list[Block] = []
    left_out = ""
    for found in comparison.sizes:
        analysis = _primary(comparison, found)
        contrasts, left_out = shown(analysis, MOST) if _several(found) else ((), "")
        effects = {(e.candidate, e.reference): e for e in found.effects}
        for c in contrasts:
            effect = effects[c.candidate, c.reference]
            figure = size_plot(analysis, c, found, effect, f"size-{len(figures)}")
            figures.append(titled(comparison, analysis, figure))
        tables = list(_tables(analysis, found))
        if tables and len(comparison.sizes) > 1:
            blocks.append(Heading(found.target))
        blocks += tables
    blocks += _lesions(comparison)
    if not blocks:
        return None
    hint = f"{HINT} Drawn: {left_out}" if left_out else HINT
    return Section(
        "sizes",
        "Size and number of lesions",
        hint if figures else "",
        tuple(blocks),
        tuple(figures),
        short="Size",
    )


def _several(found: Sizes) -> bool:
    """Whether a line could be seen at all."""
    return sum(map(math.isfinite, found.volumes)) >= STRATA


def _primary(comparison: Comparison, sizes: Sizes) -> Analysis:
    return next(a for a in comparison.analyses if a.role == "primary" and a.target == sizes.target)


def _tables(analysis: Analysis, found: Sizes) -> Iterator[Abreast]:
    """Slopes and thirds of all comparisons."""
    text = analysis.metric.text

    def signed(*values: float | None) -> tuple[str, ...]:
        return tuple(text(value, signed=True) for value in values)

    slopes: list[tuple[str, ...]] = []
    thirds: list[tuple[str, ...]] = []
    for effect in found.effects:
        name, line = f"{effect.candidate} vs {effect.reference}", effect.trend
        if line is not None:
            limits = signed(line.slope, line.low, line.high)
            slopes.append((name, str(line.n), *limits, p_text(line.p)))
        for stratum in effect.strata:
            i, tumour = stratum.mean, f"{span(stratum)} {found.unit}"
            thirds.append((name, tumour, str(i.n), *signed(i.mean, i.low, i.high)))
    columns: tuple[str, ...] = STRATUM_COLUMNS
    if not any(line[-1] for line in thirds):  # too few patients for any interval
        columns, thirds = columns[:-2], [line[:-2] for line in thirds]
    kept = tuple(
        folded_when_long(table(columns, lines, {"comparison", "tumour"}), heading)
        for columns, lines, heading in (
            (TREND_COLUMNS, slopes, f"All {len(slopes)} slopes"),
            (columns, thirds, f"Thirds of the patients, all {len(thirds)}"),
        )
        if lines
    )
    if kept:
        yield Abreast(kept)


def _lesions(comparison: Comparison) -> Iterator[Block]:
    if not comparison.lesions:
        return
    several = len({row.target for row in comparison.lesions}) > 1
    lines = [
        (
            f"{row.target} {row.design}" if several else row.design,
            str(row.truth),
            str(row.found),
            str(row.truth - row.found),
            str(row.false),
        )
        for row in comparison.lesions
    ]
    yield Paragraph(LESION_HINT, kind="hint below")
    yield table(LESION_COLUMNS, lines, {"design"})
