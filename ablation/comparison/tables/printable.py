"""Names that are compared: one line of characters that can be printed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from ablation.comparison.tables.align import Design
from ablation.errors import ComparisonError

LONGEST = 200
"""Characters of a name of a design, patient, case or target."""
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of what follows: they make one name look like another."""
NAMED = ("patient", "case", "target")


def refuse_unprintable(designs: Sequence[Design]) -> None:
    """Refuse names that no table or page can show as they are.

    Raises:
        ComparisonError: A name holds a control character or one that turns the writing direction,
            or is too long.
    """
    for what, name in _names(designs):
        if len(name) > LONGEST:
            raise ComparisonError(
                f"{what} {name[:40]!r}... has {len(name)} characters",
                hint=f"Use at most {LONGEST} characters.",
            )
        if any(unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs") or c in BIDI for c in name):
            raise ComparisonError(
                f"{what} {name!r} holds a character that cannot be printed",
                hint="Rename it: no line breaks, control characters or changes of writing direction.",
            )


def _names(designs: Sequence[Design]) -> Iterator[tuple[str, str]]:
    for design in designs:
        yield "design", design.name
        for frame in design.cases:
            for column in NAMED:
                if column in frame:
                    for name in frame[column].dropna().unique():
                        yield f"{design.name}: {column}", str(name)
            yield from ((f"{design.name}: column", str(column)) for column in frame)
