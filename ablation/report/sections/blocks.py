"""One part of the page: a heading, what it shows, its figures."""

from __future__ import annotations

from dataclasses import dataclass

from ablation.report.figures.drawing import Figure


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading."""

    id: str
    title: str
    hint: str = ""
    """How to read it, in a sentence or two."""
    body: str = ""
    """HTML below the figures."""
    figures: tuple[Figure, ...] = ()
