"""index.html: one file that needs no network, from a finished comparison."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from string import Template

from plotly.offline import get_plotlyjs

from ablation.comparison import Comparison
from ablation.report.figures.drawing import Figure
from ablation.report.formats.tables import plain
from ablation.report.page.html import figure_html, prose
from ablation.report.sections import SECTIONS
from ablation.report.sections.blocks import Section
from ablation.report.source import Source

SENTENCES = 3
"""Of the verdict that are seen at once."""


def page(comparison: Comparison, source: Source) -> str:
    """Return the report as one HTML page, plotly inside, the same bytes for the same input."""
    made = sections(comparison, source)
    return Template(_text("page.html")).substitute(
        title=escape(f"{source.experiment}: {', '.join(comparison.designs)}"),
        style=_text("page.css"),
        bands=_bands(comparison.bands),
        kicker=escape(_kicker(comparison, source)),
        heading=escape(_heading(comparison)),
        verdict=_verdict(comparison, source),
        sections="\n".join(_section(section) for section in made),
        plotly=get_plotlyjs(),
        specs=script_json([spec(figure) for section in made for figure in section.figures]),
        script=_text("page.js"),
    )


def sections(comparison: Comparison, source: Source) -> tuple[Section, ...]:
    """Return the sections that have something to say, in the page's order."""
    made = (section(comparison, source) for section in SECTIONS)
    return tuple(section for section in made if section is not None)


def _section(section: Section) -> str:
    hint = f'<p class="hint">{escape(section.hint)}</p>' if section.hint else ""
    figures, body = "".join(figure_html(figure) for figure in section.figures), section.body
    if len(section.figures) == 1 and body:  # beside it there is room
        figures, body = f'{figures}<div class="beside">{body}</div>', ""
    grid = f'<div class="figures">{figures}</div>' if figures else ""
    return (
        f'<section id="{section.id}">\n<h2>{escape(section.title)}</h2>\n'
        f"{hint}{grid}{body}\n</section>"
    )


def _text(name: str) -> str:
    return files("ablation.report.page").joinpath("templates", name).read_text(encoding="utf-8")


def script_json(value: object) -> str:
    """Return JSON that cannot end the script it stands in."""
    return json.dumps(plain(value), allow_nan=False).replace("<", "\\u003c")


def spec(figure: Figure) -> dict[str, object]:
    """Return what the page's script draws; comparison.json has the digits beyond the sixth."""
    return {"id": figure.id, "data": _short(figure.data), "layout": figure.layout}


def _short(value: object) -> object:
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, Mapping):
        return {key: _short(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_short(item) for item in value]
    return value


def _bands(bands: Sequence[str]) -> str:
    if not bands:
        return ""
    text = " and ".join(bands).capitalize()
    what = "these numbers show that everything runs; they say nothing about patients."
    return f'<div class="band" role="note"><strong>{escape(text)}</strong>: {what}</div>'


def _kicker(comparison: Comparison, source: Source) -> str:
    targets = dict.fromkeys(one.target for one in comparison.analyses if one.target)
    target = [f"target {', '.join(targets)}"] if targets else []
    return " · ".join(
        [source.title[:1].upper() + source.title[1:], *target, comparison.primary.counted]
    )


def _heading(comparison: Comparison) -> str:
    return (
        " against ".join(comparison.designs)
        if len(comparison.designs) == 2
        else ", ".join(comparison.designs)
    )


def _verdict(comparison: Comparison, source: Source) -> str:
    words = comparison.verdict
    sentences = _sentences(words.sentences[:SENTENCES]) + _folded(words.sentences[SENTENCES:])
    following = ""
    if source.next_command:
        following = f'<p class="next">Next: <code>{escape(source.next_command)}</code></p>'
    kind = words.standing.replace(" ", "-")
    return (
        f'<section id="verdict" class="verdict {kind}" aria-label="Verdict">'
        f'<p class="headline">{prose(words.headline)}</p>{sentences}'
        f"{following}</section>"
    )


def _sentences(texts: Sequence[str]) -> str:
    return "".join(f"<p>{prose(text)}</p>" for text in texts)


def _folded(texts: Sequence[str]) -> str:
    """Return sentences behind a line that opens them; many comparisons would fill the screen."""
    if not texts:
        return ""
    return f"<details><summary>{len(texts)} more</summary>{_sentences(texts)}</details>"
