"""The designs at a glance: what each scored, by how much it differs, what it cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ablation.comparison import (
    Analysis,
    Comparison,
    Contrast,
    Summary,
    Validation,
    p_text,
)
from ablation.comparison.analysis.contrasts import MEAN_OF_TARGETS
from ablation.comparison.analysis.ledger import fact_text
from ablation.metrics.metric import Metric
from ablation.report.sections.blocks import Cell
from ablation.statistics.corrections import CORRECTIONS


@dataclass(frozen=True, slots=True)
class Card:
    """One target's designs, a row each; columns that say nothing are left out."""

    target: str
    tested: bool
    """Not where the mean over targets was not planned to decide."""
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    """The first cell of a row is the design's name."""
    against: str
    """The design the others are compared with: the reference, or the one with the best mean."""


def cards(comparison: Comparison) -> tuple[Card, ...]:
    """Return a card for each target that decides, and for the mean over targets, in the order of both."""
    metric = comparison.primary.metric
    return tuple(
        _card(comparison, one)
        for one in comparison.analyses
        if one.role == "primary" or (one.target == MEAN_OF_TARGETS and one.metric == metric)
    )


def _card(comparison: Comparison, analysis: Analysis) -> Card:
    against = comparison.reference or _best(analysis)
    columns = dict(_columns(comparison, analysis, against))
    cells = {
        title: [value(name) for name in comparison.designs] for title, value in columns.items()
    }
    told = {title: column for title, column in cells.items() if any(c.text for c in column)}
    return Card(
        target=analysis.target,
        tested=analysis.role != "described",
        columns=("design", *told),
        rows=tuple(
            (Cell(name), *(column[i] for column in told.values()))
            for i, name in enumerate(comparison.designs)
        ),
        against=against,
    )


def _best(analysis: Analysis) -> str:
    sign = analysis.metric.sign
    return max(analysis.summaries, key=lambda one: sign * one.interval.mean).design


Column = tuple[str, Callable[[str], Cell]]


def _columns(comparison: Comparison, analysis: Analysis, against: str) -> Iterator[Column]:
    """Each column's title, and its cell for a design."""
    yield from _scores(comparison, analysis)
    if analysis.contrasts:
        yield from _differences(analysis, against)
    validation = {v.design: v for v in comparison.validation if v.target == analysis.target}
    yield (
        f"validation {analysis.metric.label}",
        lambda name: _validation(analysis.metric, validation.get(name)),
    )
    yield from _costs(comparison)


def _scores(comparison: Comparison, analysis: Analysis) -> Iterator[Column]:
    metric = analysis.metric
    summaries = {summary.design: summary for summary in analysis.summaries}
    missed = {one.design: one for one in comparison.detection}
    yield analysis.label, lambda name: _mean(metric, summaries[name])
    yield "SD", lambda name: Cell(metric.text(summaries[name].interval.sd))
    yield "median", lambda name: Cell(metric.text(summaries[name].median))
    others = [a for a in comparison.analyses if a.target == analysis.target and a is not analysis]
    if others:
        yield _second(others[0])
    if metric.kind != "declared":  # such a score need not come from masks
        several = len({one.target for one in comparison.analyses}) > 1
        yield (
            "missed, all targets" if several else "missed",
            lambda name: Cell(f"{missed[name].missed} of {missed[name].with_tumour}"),
        )


def _second(analysis: Analysis) -> Column:
    """The first secondary metric; its mean would be driven by the penalty of a missed tumour."""
    summaries = {summary.design: summary for summary in analysis.summaries}
    return f"{analysis.label} median", lambda name: _median(analysis.metric, summaries[name])


def _differences(analysis: Analysis, against: str) -> Iterator[Column]:
    found = {
        one: contrast
        for contrast in analysis.contrasts
        for one, other in (
            (contrast.candidate, contrast.reference),
            (contrast.reference, contrast.candidate),
        )
        if other == against
    }
    correction = CORRECTIONS[analysis.contrasts[0].correction]
    yield f"difference to {against}", lambda name: _difference(analysis.metric, name, found)
    yield (
        f"p, {analysis.contrasts[0].test}",
        lambda name: Cell(p_text(found[name].p) if name in found else ""),
    )
    if correction.adjusts and analysis.contrasts[0].family > 1:
        yield (
            correction.p_label,
            lambda name: Cell(p_text(found[name].p_adjusted) if name in found else ""),
        )


def _costs(comparison: Comparison) -> Iterator[Column]:
    facts = dict(zip(comparison.designs, comparison.facts, strict=True))
    yield "parameters", lambda name: _stated(facts[name].parameters)
    yield "ms per case", lambda name: _stated(facts[name].ms_per_case)
    yield "trials", lambda name: _stated(facts[name].trials)
    yield (
        "training time",
        lambda name: _time(facts[name].study_seconds, facts[name].device),
    )


def _stated(value: float | None) -> Cell:
    return Cell("" if value is None else fact_text(value))


def _mean(metric: Metric, summary: Summary) -> Cell:
    interval = summary.interval
    return Cell(metric.text(interval.mean), _span(metric, interval.low, interval.high))


def _median(metric: Metric, summary: Summary) -> Cell:
    return Cell(metric.text(summary.median), _span(metric, *summary.quartiles))


def _difference(metric: Metric, name: str, found: dict[str, Contrast]) -> Cell:
    """The design minus the one the others are compared with, of the scores as they stand."""
    if name not in found:
        return Cell()
    contrast = found[name]
    sign = 1 if contrast.candidate == name else -1
    interval = contrast.shown
    limits = [None if x is None else sign * x for x in (interval.low, interval.high)]
    mean, low, high = metric.texts(sign * interval.mean, *limits[::sign], signed=True)
    return Cell(mean, f"{low} to {high}" if low else "")


def _span(metric: Metric, low: float | None, high: float | None) -> str:
    return "" if low is None else f"{metric.text(low)} to {metric.text(high)}"


def _validation(metric: Metric, found: Validation | None) -> Cell:
    if found is None:
        return Cell()
    return Cell(metric.text(found.mean), metric.text(found.gap, signed=True))


def _time(seconds: float | None, device: str | None) -> Cell:
    """Return a time and what was kept busy by it."""
    return Cell() if seconds is None else Cell(duration(float(seconds)), device or "")


def duration(seconds: float) -> str:
    """Return a time in the unit people would say.

    >>> duration(86400), duration(600), duration(4.9)
    ('24.0 h', '10 min', '5 s')
    """
    if seconds >= 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 60:.0f} min" if seconds >= 60 else f"{seconds:.0f} s"
