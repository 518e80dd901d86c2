"""A comparison with missed tumours in its two parts, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ablation.comparison.analysis.contrasts import Analysis, Contrast
from ablation.comparison.analysis.two_parts import TwoParts
from ablation.comparison.wording.names import unit_name
from ablation.comparison.wording.p_values import p_relation
from ablation.errors.words import counted


def in_two_parts(
    analysis: Analysis, contrast: Contrast, parts: Sequence[TwoParts], where: str = ""
) -> Iterator[str]:
    """Say which design misses more, and how they compare where both found the tumour."""
    place = (analysis.target, contrast.candidate, contrast.reference)
    for part in parts:
        if (part.target, part.candidate, part.reference) == place:
            yield (
                f"Missed tumours in two parts{where} (p unadjusted): {_missed(part)}; "
                f"{_found(analysis, contrast, part)}. With the missed tumours, studentised sign "
                f"flips of the mean difference: p {p_relation(part.p_flips)}."
            )


def _missed(part: TwoParts) -> str:
    own, other = part.missed
    counts = (
        f"{part.candidate} missed {own.count} of {own.of}, {part.reference} {other.count} of "
        f"{other.of}"
    )
    return f"{counts} (exact McNemar p {p_relation(part.p_missed)})" if part.p_missed else counts


def _found(analysis: Analysis, contrast: Contrast, part: TwoParts) -> str:
    if part.found is None:
        return "no tumour was found by both"
    shift, mean, texts = part.found.shift, part.found.mean, analysis.metric.texts
    value, low, high = texts(shift.estimate, shift.low, shift.high)
    ci = f", {100 * contrast.level:g} % CI {low} to {high}" if low else ""
    return (
        f"where both found it ({counted(mean.n)}), {part.candidate} minus {part.reference}: typical "
        f"difference {value} {unit_name(analysis)} (Hodges-Lehmann{ci}; Wilcoxon signed-rank p "
        f"{p_relation(part.found.rank.p_two_sided)}; mean difference {texts(mean.mean)[0]})"
    )
