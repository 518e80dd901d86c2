"""The comparison in a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from ablation.comparison import Comparison
from ablation.comparison.wording.names import target_name
from ablation.files.aligned import aligned
from ablation.report.formats.other_programs import false_claims, friedman_text, wilcoxon_texts
from ablation.report.formats.tables import (
    AS_PRINTED,
    COLUMNS,
    as_printed,
    as_printed_words,
    named_test,
    rows,
)
from ablation.report.source import Source

SHOWN = (
    "metric",
    "design",
    "n",
    "mean",
    "SD",
    "CI low",
    "CI high",
    "p",
    "p adjusted",
    "d_z",
    "better",
)
TEXTS = {"metric", "design", "better"}
MOST_PAIRS = 10  # comparisons listed one by one


def summary(comparison: Comparison, source: Source) -> str:
    """Return verdict, what weakens it, table and notes, as plain text."""
    parts = [
        _title(comparison, source),
        "\n".join([comparison.verdict.headline, *comparison.verdict.sentences]),
        _quote(comparison, source),
        table(comparison, source),
        _as_printed(comparison, source),
        "\n".join(_tests(comparison)),
        "\n".join(comparison.notes),
        f"Next: {source.next_command}" if source.next_command else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _title(comparison: Comparison, source: Source) -> str:
    bands = f" ({', '.join(comparison.bands)})" if comparison.bands else ""
    on = f"{comparison.counted}{bands}"
    return f"{source.title}: {', '.join(comparison.designs)} on {on}"


def _quote(comparison: Comparison, source: Source) -> str:
    found = source.weakening(comparison)
    lines = [f"  {one.mark:<9}  {one.text}" for one in found]
    return "\n".join(["Before you quote this:", *lines]) if found else ""


def _tests(comparison: Comparison) -> Iterator[str]:
    """Which p stands in the table, and the tests as papers mostly print them."""
    primary = comparison.primaries
    if not primary[0].contrasts or primary[0].unit_of_analysis == "case":
        return
    named = [(f"{target_name(one.target)}: " if len(primary) > 1 else "", one) for one in primary]
    yield f"p: {named_test(primary[0].contrasts[0])}."
    yield from (f"{name}{friedman_text(a.ranking)}" for name, a in named if a.ranking is not None)
    yield "Wilcoxon as most programs print it, differences of 0 left out:"
    lines = [f"  {name}{text}" for name, a in named for text in wilcoxon_texts(a.contrasts)]
    yield from lines[:MOST_PAIRS]
    if len(lines) > MOST_PAIRS:
        yield f"  and {len(lines) - MOST_PAIRS} more, see the page or --json"
    yield from (
        f"{name}{claims}" for name, a in named if (claims := false_claims(a.contrasts, MOST_PAIRS))
    )


def _as_printed(comparison: Comparison, source: Source) -> str:
    return f"{AS_PRINTED}: {as_printed_words(comparison)}" if source.as_printed else ""


def table(comparison: Comparison, source: Source) -> str:
    """Return the main columns of the table, aligned; of nnU-Net with the Dice that it prints."""
    names = [*SHOWN[:4], AS_PRINTED, *SHOWN[4:]] if source.as_printed else list(SHOWN)
    lines = [names]
    for row, printed in zip(rows(comparison), as_printed(comparison, source), strict=True):
        cells = {**dict(zip(COLUMNS, row, strict=True)), AS_PRINTED: printed}
        if cells["against"]:
            cells["design"] += f" vs {cells['against']}"
        lines.append([cells[column] for column in names])
    return "\n".join(aligned(lines, {*names} - TEXTS))
