"""The comparison in Markdown: for an issue, a wiki, a lab book."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from ablation.comparison import Comparison
from ablation.report.formats.tables import COLUMNS, rows
from ablation.report.source import Source

TEXTS = ("metric", "role", "design", "against", "better", "conclusion", "test")


def to_markdown(comparison: Comparison, source: Source) -> str:
    """Return verdict, what weakens it, the table and the notes."""
    words = comparison.verdict
    cautions = source.weakening(comparison)
    parts = [
        f"# {plain(source.title)}: {plain(', '.join(comparison.designs))}",
        f"**{plain(words.headline)}**",
        *(plain(sentence) for sentence in words.sentences),
        "\n".join(f"- {one.mark}: {plain(one.text)}" for one in cautions),
        markdown_table([COLUMNS, *rows(comparison)], TEXTS),
        "\n".join(f"- {plain(note)}" for note in comparison.notes),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def markdown_table(lines: Sequence[Sequence[str]], texts: Collection[str] | None = None) -> str:
    """Return lines of cells, the first of them the header in Markdown, as a table.

    Args:
        lines: Of equal length.
        texts: Columns set to the left; None: all.
    """
    header, *rest = [list(lines[0]), *([plain(cell) for cell in line] for line in lines[1:])]
    rule = [":--" if texts is None or name in texts else "--:" for name in lines[0]]
    return "\n".join(_line(cells) for cells in (header, rule, *rest))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def plain(text: str) -> str:
    r"""Return text in which nothing is markup.

    >>> plain("a_b | <c>")
    'a\\_b \\| &lt;c>'
    """
    line = " ".join(text.split())
    return re.sub(r"([\\`*_\[\]|#])", r"\\\1", line).replace("<", "&lt;")
