"""The designs at a glance, a row each, with published scores in grey below them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ablation.comparison import Comparison
from ablation.comparison.analysis.contrasts import MEAN_OF_TARGETS
from ablation.comparison.wording.names import target_name
from ablation.config.sections import PublishedScore
from ablation.metrics.metric import Metric
from ablation.metrics.registry import METRICS
from ablation.report.figures.drawing import colours
from ablation.report.literature import remark
from ablation.report.sections.blocks import (
    Block,
    Cell,
    Folded,
    Heading,
    Row,
    Section,
    Table,
    notes,
    prose,
)
from ablation.report.sections.card import Card, cards
from ablation.report.source import Source


def designs(comparison: Comparison, source: Source) -> Section:
    """Return a table of the designs for each target."""
    made = cards(comparison)
    blocks: list[Block] = []
    if len(made) == 1:
        blocks.append(_table(comparison, made[0], source.literature))
    else:  # nothing says which target a published score is of
        first, *others = made
        blocks += [Heading(_named(first)), _table(comparison, first, ())]
        blocks += [Folded(_named(card), (_table(comparison, card, ()),)) for card in others]
        blocks += notes([f"{row.name}, {remark(row, False)}" for row in source.literature])
    return Section("designs", "Designs", _reading(comparison), tuple(blocks))


def _named(card: Card) -> str:
    if card.target == MEAN_OF_TARGETS:
        tested = "" if card.tested else ", described and not tested"
        return f"Mean over targets of each case{tested}"
    return f"Target {target_name(card.target)}"


def _reading(comparison: Comparison) -> str:
    """How to read the table, in a line."""
    words = f"Below a mean stands its {100 * comparison.level:g} % t interval, below a median the quartiles."
    if comparison.primary.contrasts:
        other = comparison.reference or "the one with the best mean"
        words += f" Differences are within patients, the design minus {other}, of the scores as they stand."
    if comparison.validation:
        words += " Below a validation score: test minus validation."
    return words


def _table(comparison: Comparison, card: Card, literature: Sequence[PublishedScore]) -> Table:
    colour = colours(comparison.designs)
    rows = [_row(row, colour[row[0].text]) for row in card.rows]
    rows += [_published(row, comparison.primary.metric, card.columns) for row in literature]
    return Table(card.columns, tuple(rows), {"design"}, kind="card")


def _row(row: tuple[Cell, ...], colour: str) -> Row:
    name, *values = row
    return Row((replace(name, kind="strong", colour=colour), *values))


def _published(row: PublishedScore, primary: Metric, columns: Sequence[str]) -> Row:
    """Mean and SD stand under ours where it is the same metric; the rest of the row is words."""
    metric = METRICS[row.metric]
    same = metric == primary
    values = [metric.text(row.value), *([metric.text(row.sd)] if "SD" in columns else [])]
    words = Cell(prose(remark(row, same)), kind="text", span=len(columns) - 1 - len(values))
    return Row((row.name, *(value if same else "" for value in values), words), "published")
