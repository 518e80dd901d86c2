"""The same tests as other programs print them."""

from __future__ import annotations

from ablation.comparison import Analysis, Comparison
from ablation.report.formats.other_programs import (
    COLUMNS,
    false_claims,
    friedman_text,
    wilcoxon_rows,
)
from ablation.report.sections.blocks import Folded, Paragraph, Section, table
from ablation.report.source import Source

HINT = (
    "To check a published table, not to conclude from. Wilcoxon here leaves out patients whose "
    "difference is 0, two-sided and unadjusted: W is the smaller rank sum (scipy), V that of the "
    "patients in whom the first design has the larger value (R); p exact, by the normal "
    "approximation (scipy beyond 50 patients), its Holm over the comparisons of the metric, with "
    "continuity correction (R); p x m is Bonferroni. Claims Reloaded gives the probability that the "
    "design with the better mean is not the better one: half the p of the paired t test."
)


def elsewhere(comparison: Comparison, source: Source) -> Section | None:  # noqa: ARG001
    """Return Friedman's and Wilcoxon's tests in their usual variants; nothing where none was made."""
    tested = [one for one in comparison.analyses if one.unit_of_analysis == "patient"]
    cells = [row for one in tested for row in wilcoxon_rows(_label(one), one.contrasts)]
    if not cells:
        return None
    omnibus = [
        Paragraph(f"{_label(one)}: {friedman_text(one.ranking)}")
        for one in tested
        if one.ranking is not None
    ]
    claims = [
        Paragraph(f"{_label(one)}: {text}")
        for one in tested
        if (text := false_claims(one.contrasts, len(one.contrasts)))
    ]
    tests = table(COLUMNS, cells, {"metric", "design", "against"})
    title = "Friedman and Wilcoxon" if omnibus else "Wilcoxon"
    return Section(
        "other-programs",
        "As other programs print the tests",
        short="Other programs",
        blocks=(Folded(title, (Paragraph(HINT), *omnibus, *claims, tests)),),
    )


def _label(analysis: Analysis) -> str:
    return f"{analysis.target} {analysis.label}".strip()
