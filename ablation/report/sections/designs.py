"""The designs at a glance, a row each, with published scores in grey below them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from ablation.comparison import Comparison
from ablation.config.sections import PublishedScore
from ablation.metrics.metric import Metric
from ablation.metrics.registry import METRICS
from ablation.report.card import Card, Cell, cards
from ablation.report.figures.drawing import colours
from ablation.report.html import bullets, head, prose, scroll
from ablation.report.literature import remark
from ablation.report.section import Section
from ablation.report.source import Source


def designs(comparison: Comparison, source: Source) -> Section:
    """Return a table of the designs for each target."""
    made = cards(comparison)
    body = "".join(_table(comparison, card, source.literature) for card in made[:1])
    if len(made) > 1:  # nothing says which target a published score is of
        body = "".join(
            f"<h3>{escape(card.target)}</h3>{_table(comparison, card, ())}" for card in made
        )
        body += bullets([f"{row.name}, {remark(row, False)}" for row in source.literature], "notes")
    return Section("designs", "Designs", hint=_reading(comparison), body=body)


def _reading(comparison: Comparison) -> str:
    """How to read the table, in a line."""
    words = f"Below a mean stands its {100 * comparison.level:g} % t interval, below a median the quartiles."
    if comparison.primary.contrasts:
        other = comparison.reference or "the one with the best mean"
        words += f" Differences are within patients, above 0: better than {other}."
    if comparison.validation:
        words += " Below a validation score: test minus validation."
    return words


def _table(comparison: Comparison, card: Card, literature: Sequence[PublishedScore]) -> str:
    colour = colours(comparison.designs)
    lines = [_row(row, colour[row[0].main]) for row in card.rows]
    lines += [_published(row, comparison.primary.metric, card.columns) for row in literature]
    body = f"{head(card.columns, {'design'})}<tbody>{''.join(lines)}</tbody>"
    return scroll(f'<table class="card">{body}</table>')


def _row(row: tuple[Cell, ...], colour: str) -> str:
    name, *values = row
    swatch = f'<span class="swatch" style="background:{colour}"></span>'
    cells = "".join(f"<td>{_cell(cell)}</td>" for cell in values)
    return f'<tr><td class="text strong">{swatch}{escape(name.main)}</td>{cells}</tr>'


def _cell(cell: Cell) -> str:
    below = f" <small>{escape(cell.below)}</small>" if cell.below else ""
    return f"{escape(cell.main)}{below}"


def _published(row: PublishedScore, primary: Metric, columns: Sequence[str]) -> str:
    """Mean and SD stand under ours where it is the same metric; the rest of the row is words."""
    metric = METRICS[row.metric]
    same = metric == primary
    values = [metric.text(row.value), *([metric.text(row.sd)] if "SD" in columns else [])]
    cells = "".join(f"<td>{escape(value) if same else ''}</td>" for value in values)
    rest = f'<td class="text" colspan="{len(columns) - 1 - len(values)}">'
    words = f"{rest}{prose(remark(row, same))}</td>"
    return f'<tr class="published"><td class="text">{escape(row.name)}</td>{cells}{words}</tr>'
