"""The comparison in Markdown: for an issue, a wiki, a lab book."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ablation.comparison import Comparison
from ablation.report.formats.tables import COLUMNS, rows
from ablation.report.source import Source

TEXTS = ("metric", "role", "design", "against", "better", "conclusion", "test")


def to_markdown(comparison: Comparison, source: Source) -> str:
    """Return verdict, what weakens it, the table and the notes."""
    words = comparison.verdict
    cautions = source.weakening(comparison)
    parts = [
        f"# {_plain(source.title)}: {_plain(', '.join(comparison.designs))}",
        f"**{_plain(words.headline)}**",
        *(_plain(sentence) for sentence in words.sentences),
        "\n".join(f"- {one.mark}: {_plain(one.text)}" for one in cautions),
        _table(comparison),
        "\n".join(f"- {_plain(note)}" for note in comparison.notes),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(comparison: Comparison) -> str:
    rule = [":--" if name in TEXTS else "--:" for name in COLUMNS]
    lines = [[_plain(cell) for cell in row] for row in rows(comparison)]
    return "\n".join(_line(cells) for cells in ([*COLUMNS], rule, *lines))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    r"""Return text in which nothing is markup.

    >>> _plain("a_b | <c>")
    'a\\_b \\| &lt;c>'
    """
    line = " ".join(text.split())
    return re.sub(r"([\\`*_\[\]|#])", r"\\\1", line).replace("<", "&lt;")
