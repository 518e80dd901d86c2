"""Pieces of HTML that the sections share; every text is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from ablation.report.figures.drawing import Figure

LONG = 12  # lines of a table that a reader passes by


def table(columns: Sequence[str], lines: Iterable[Sequence[str]], texts: Iterable[str]) -> str:
    """Return a table; columns named in `texts` are set to the left."""
    marked = frozenset(texts)
    kinds = [' class="text"' if name in marked else "" for name in columns]
    body = "".join(
        "<tr>"
        + "".join(f"<td{kind}>{escape(text)}</td>" for kind, text in zip(kinds, line, strict=True))
        + "</tr>"
        for line in lines
    )
    return f"<table>{head(columns, marked)}<tbody>{body}</tbody></table>"


def head(columns: Sequence[str], texts: Iterable[str]) -> str:
    """Return the head of a table."""
    marked = frozenset(texts)
    cells = "".join(
        f'<th scope="col"{" class=text" if name in marked else ""}>{escape(name)}</th>'
        for name in columns
    )
    return f"<thead><tr>{cells}</tr></thead>"


def bullets(texts: Sequence[str], kind: str) -> str:
    """Return texts as a list of a kind (a CSS class); nothing for none."""
    if not texts:
        return ""
    return f'<ul class="{kind}">' + "".join(f"<li>{prose(text)}</li>" for text in texts) + "</ul>"


def prose(text: str) -> str:
    """Text for HTML, in which a sign stays on the line of its number."""
    kept = text.replace(" %", "\u00a0%")
    for sign in ("<", "="):
        kept = kept.replace(f" {sign} ", f"\u00a0{sign}\u00a0")
    return escape(kept)


def figure_html(figure: Figure) -> str:
    """Return the place of a figure, with its title, its data to save and what it shows in words."""
    least = f";min-width:{figure.width}px" if figure.width else ""
    return (
        f"<figure><h3>{escape(figure.title)}</h3>"
        f'<div class="wide"><div id="{figure.id}" role="img" '
        f'aria-label="{escape(figure.alternative)}" style="height:{figure.height}px{least}"></div></div>'
        f"<figcaption>{escape(figure.caption or figure.alternative)} "
        f'<button type="button" data-figure="{figure.id}">Data (CSV)</button></figcaption></figure>'
    )


def scroll(inner: str) -> str:
    """Return a wide piece in a frame that scrolls sideways by itself."""
    return f'<div class="scroll">{inner}</div>'


def folded(inner: str, lines: int, title: str) -> str:
    """Return a table, behind a line to open where it has many lines."""
    if lines <= LONG:
        return scroll(inner)
    return f"<details><summary>{escape(title)}</summary>{scroll(inner)}</details>"
