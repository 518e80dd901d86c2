"""The designs at a glance, a row each, with published scores in grey below them."""

from __future__ import annotations

from html import escape

from ablation.comparison import METRICS, Comparison
from ablation.config.sections import PublishedScore
from ablation.report.card import Card, Cell, cards
from ablation.report.drawing import colours
from ablation.report.html import head, prose, scroll
from ablation.report.literature import remark
from ablation.report.section import Section
from ablation.report.source import Source

SCORES = 2  # columns after the name that a published score fills: mean and SD


def designs(comparison: Comparison, source: Source) -> Section:
    """Return a table of the designs for each target."""
    made = cards(comparison)
    body = "".join(_table(comparison, card, source, named=len(made) > 1) for card in made)
    return Section("designs", "Designs", hint=_reading(comparison, made[0]), body=body)


def _reading(comparison: Comparison, card: Card) -> str:
    """How to read the table, in a line."""
    words = f"Below a mean stands its {100 * comparison.level:g} % t interval, below a median the quartiles."
    if comparison.primary.contrasts:
        best = "" if comparison.reference else ", the best mean"
        words += f" Differences are within patients, above 0: better than {card.against}{best}."
    if comparison.validation:
        words += " Below a validation score: test minus validation."
    return words


def _table(comparison: Comparison, card: Card, source: Source, *, named: bool) -> str:
    colour = colours(comparison.designs)
    title = f"<h3>{escape(card.target)}</h3>" if named else ""
    lines = [_row(row, colour[row[0].main]) for row in card.rows]
    lines += [_published(row, comparison, len(card.columns)) for row in source.literature]
    body = f"{head(card.columns, {'design'})}<tbody>{''.join(lines)}</tbody>"
    return f'{title}{scroll(f"""<table class="card">{body}</table>""")}'


def _row(row: tuple[Cell, ...], colour: str) -> str:
    name, *values = row
    swatch = f'<span class="swatch" style="background:{colour}"></span>'
    cells = "".join(f"<td>{_cell(cell)}</td>" for cell in values)
    return f'<tr><td class="text strong">{swatch}{escape(name.main)}</td>{cells}</tr>'


def _cell(cell: Cell) -> str:
    below = f" <small>{escape(cell.below)}</small>" if cell.below else ""
    return f"{escape(cell.main)}{below}"


def _published(row: PublishedScore, comparison: Comparison, columns: int) -> str:
    """Mean and SD stand under ours where it is the same metric; the rest of the row is words."""
    metric = METRICS[row.metric]
    same = metric == comparison.primary.metric
    values = (metric.text(row.value), metric.text(row.sd)) if same else ("",) * SCORES
    cells = "".join(f"<td>{escape(value)}</td>" for value in values)
    words = prose(remark(row, same))
    rest = f'<td class="text" colspan="{columns - 1 - SCORES}">{words}</td>'
    return f'<tr class="published"><td class="text">{escape(row.name)}</td>{cells}{rest}</tr>'
