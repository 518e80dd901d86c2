"""What a section of the page consists of: plain values, each set in HTML by its own template.

A kind of block is a class here and the template of that name in `page/templates/blocks`. Texts are
as a person reads them; the templates escape them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ablation.comparison import Caution
from ablation.report.figures.drawing import Figure

LONG = 12  # rows of a table that is shown without being opened
Mark = Literal["red", "amber", "grey", "note", ""]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table that holds more than a text."""

    text: str = ""
    below: str = ""
    """What qualifies the text, smaller below it."""
    kind: str = ""
    """CSS classes."""
    colour: str = ""
    """CSS colour of the design that it names, shown before the text."""
    mark: Mark = ""
    """How much it weakens the result, shown before the text."""
    span: int = 1
    """Columns that it takes."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table."""

    cells: Sequence[Cell | str]
    kind: str = ""
    """CSS classes."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table in a frame that scrolls sideways."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    texts: Collection[str] = ()
    """Columns set to the left."""
    kind: str = ""
    """CSS class."""
    id: str = ""
    label: str = ""
    """Name of the frame for those who use a keyboard or a screen reader; "" for a small table."""

    def is_text(self, place: int) -> bool:
        """Return whether the column at this place, from 0, is set to the left."""
        return self.columns[place] in self.texts


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    text: str
    kind: str = ""
    """CSS classes."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading within a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Text in which every space and line counts."""

    text: str


@dataclass(frozen=True, slots=True)
class Notes:
    """Sentences as a list, in grey."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cautions:
    """What weakens the result, a line each."""

    found: tuple[Caution, ...]


@dataclass(frozen=True, slots=True)
class Legend:
    """What colours mean: (CSS colour, word)."""

    entries: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Image:
    """An image, or why there is none."""

    words: str
    """What it shows."""
    png: bytes = b""


@dataclass(frozen=True, slots=True)
class Images:
    """Images of one patient, side by side."""

    title: str
    shown: tuple[Image, ...]


@dataclass(frozen=True, slots=True)
class Folded:
    """Blocks behind a line that opens them."""

    title: str
    blocks: tuple[Block, ...]
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Abreast:
    """Blocks side by side where the window is wide enough."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Drawings:
    """Figures within another block."""

    figures: tuple[Figure, ...]


Block = (
    Paragraph
    | Heading
    | Verbatim
    | Notes
    | Cautions
    | Table
    | Legend
    | Images
    | Folded
    | Abreast
    | Drawings
)


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading."""

    id: str
    title: str
    hint: str = ""
    """How to read it, in a sentence or two."""
    blocks: tuple[Block, ...] = ()
    """Below the figures, or beside a single one."""
    figures: tuple[Figure, ...] = ()
    """Those that are seen without opening anything."""
    short: str = ""
    """Title in the table of contents; "" for the title."""

    @property
    def every_figure(self) -> tuple[Figure, ...]:
        """The figures of the section, those within its blocks included."""
        return (*self.figures, *_figures_of(self.blocks))


def _figures_of(blocks: Iterable[Block]) -> Iterator[Figure]:
    for block in blocks:
        if isinstance(block, Drawings):
            yield from block.figures
        elif isinstance(block, Folded | Abreast):
            yield from _figures_of(block.blocks)


def targets_folded(section: Section) -> Section:
    """Return a section of several targets that shows the figures of the first, others folded."""
    targets = dict.fromkeys(figure.target for figure in section.figures)
    if len(targets) < 2:
        return section
    first, *others = targets
    of = {name: tuple(f for f in section.figures if f.target == name) for name in targets}
    folded = (Folded(f"Target {name}", (Drawings(of[name]),)) for name in others)
    return replace(section, figures=of[first], blocks=(*folded, *section.blocks))


def table(
    columns: Sequence[str], lines: Iterable[Sequence[Cell | str]], texts: Collection[str]
) -> Table:
    """Return a table of these lines; columns named in `texts` are set to the left."""
    rows = tuple(Row(line) for line in lines)
    assert all(len(row.cells) == len(columns) for row in rows)
    return Table(tuple(columns), rows, texts)


def notes(texts: Sequence[str]) -> tuple[Notes, ...]:
    """Return texts as a list; no block for no texts."""
    return (Notes(tuple(texts)),) if texts else ()


def folded_when_long(shown: Table, title: str) -> Table | Folded:
    """Return a table, behind a line that opens it where it has many rows."""
    return shown if len(shown.rows) <= LONG else Folded(title, (shown,))


def prose(text: str) -> str:
    r"""Return text in which a sign stays on the line of its number.

    >>> prose("n = 5, 40 %")
    'n\xa0=\xa05, 40\xa0%'
    """
    kept = text.replace(" %", "\u00a0%")
    for sign in ("<", "="):
        kept = kept.replace(f" {sign} ", f"\u00a0{sign}\u00a0")
    return kept
