"""Every effect size of every comparison, each with its interval."""

from __future__ import annotations

from collections.abc import Iterator

from ablation.comparison import Analysis, Comparison, Contrast, p_text
from ablation.metrics.metric import number_text
from ablation.report.figures.pairs import counted, label, named
from ablation.report.sections.blocks import (
    Block,
    Cell,
    Paragraph,
    Row,
    Section,
    Table,
    folded_when_long,
    table,
)
from ablation.report.source import Source
from ablation.statistics.resampling import BootstrapInterval

COLUMNS = (
    *("metric", "comparison", "mean", "Hodges-Lehmann", "median", "d_z", "g_z", "d_av"),
    *("rank-biserial", "better in", "p"),
)
MARGIN_COLUMNS = (
    *("metric", "comparison", "margin", "interval", "p", "equivalent", "not worse"),
    *("P better", "P same", "P worse", "largest", "Bayes"),
)
TEXTS = {"metric", "comparison", "equivalent", "not worse", "Bayes"}
VERDICTS = {"better": "better", "worse": "worse", "rope": "no relevant difference"}
HINT = (
    "Differences within patients, first minus second of the scores as they stand, over their interval. "
    "d_z and g_z: mean over the standard deviation of the differences (g_z with Hedges' "
    "correction, n - 1); d_av: over the designs' average standard deviation. Rank-biserial: 1 or -1 when "
    "every difference has the same sign, then a bound without interval. Better in: share of patients, ties half."
)
MARGIN_HINT = (
    "Against the margin: two one-sided t tests with their interval, and the Bayesian signed-rank "
    "test (mean probability of each region; largest: share of draws in which better / same / worse "
    "is the largest; decided above 95 %)."
)


def effects(comparison: Comparison, source: Source) -> Section | None:  # noqa: ARG001
    """Return the pairwise table; nothing for one design."""
    tested = [(a, c) for a in comparison.analyses for c in a.contrasts]
    if not tested:
        return None
    rows = tuple(Row(tuple(_cells(comparison, a, c))) for a, c in tested)
    sizes = Table(COLUMNS, rows, TEXTS, kind="effects")
    blocks: list[Block] = [folded_when_long(sizes, f"All {len(tested)} comparisons")]
    against = [_margin_cells(comparison, a, c) for a, c in tested if c.relevance]
    if against:
        blocks.append(Paragraph(MARGIN_HINT, kind="hint below"))
        shown = table(MARGIN_COLUMNS, against, TEXTS)
        blocks.append(folded_when_long(shown, "All against the margin"))
    level = f" {100 * comparison.level:g} % intervals; Hodges-Lehmann and median with the level they attain."
    return Section("effects", "Effect sizes", HINT + level, tuple(blocks), short="Effects")


def _cells(comparison: Comparison, analysis: Analysis, c: Contrast) -> Iterator[Cell]:
    i, effect, shift, middle = c.shown, c.effect, c.shift, c.median_interval
    yield Cell(label(comparison, analysis), analysis.role)
    yield Cell(named(c), f"{counted(analysis)}\n{c.test}")
    yield _in_unit(analysis, i.mean, i.low, i.high)
    for found in (shift, middle):
        cell = _in_unit(analysis, found.estimate, found.low, found.high)
        level = f"{cell.below}\n{100 * found.attained_level:.1f} %"
        yield Cell(cell.text, level if cell.below else "no interval")
    yield _bare(effect.d_z, effect.low, effect.high)
    yield _bare(effect.g_z, effect.g_low, effect.g_high)
    average = c.average_effect
    yield _drawn(average.d_av, average.interval)
    yield _rank_biserial(c)
    yield _better(c)
    yield _p(c)


def _p(c: Contrast) -> Cell:
    if c.p is None:
        return Cell()
    return Cell(p_text(c.p), f"adjusted\n{p_text(c.p_adjusted)}" if c.family > 1 else "")


def _in_unit(
    analysis: Analysis, value: float | None, low: float | None, high: float | None
) -> Cell:
    mean, least, most = analysis.metric.texts(value, low, high, signed=True)
    return Cell(mean, f"{least} to {most}" if least else "")


def _bare(value: float | None, low: float | None, high: float | None) -> Cell:
    limits = f"{number_text(low, 2)} to {number_text(high, 2)}" if low is not None else ""
    return Cell(number_text(value, 2, signed=True), limits)


def _drawn(value: float | None, interval: BootstrapInterval | None) -> Cell:
    """A value whose interval rests on draws of patients, or why it has none."""
    if interval is None or interval.low is None:
        return Cell(number_text(value, 2, signed=True), interval.warning if interval else "")
    return _bare(value, interval.low, interval.high)


def _rank_biserial(c: Contrast) -> Cell:
    """One sign in all patients is a bound; many zeros have a value of their own."""
    found = c.rank_biserial
    if found.one_sign:
        return Cell(number_text(found.value, 2, signed=True), "a bound")
    cell = _drawn(found.value, found.interval)
    if found.zeros <= 0.1 * c.n:
        return cell
    return Cell(cell.text, f"{cell.below}\nPratt {number_text(found.pratt, 2)}".strip())


def _better(c: Contrast) -> Cell:
    found = c.better
    ties = f", {found.ties} tied" if found.ties else ""
    value, counts = f"{100 * found.share:.0f} %", f"{found.better}/{found.n}{ties}"
    if found.low is None or found.high is None:
        return Cell(value, counts)
    return Cell(value, f"{100 * found.low:.0f} to {100 * found.high:.0f}\n{counts}")


def _margin_cells(comparison: Comparison, analysis: Analysis, c: Contrast) -> tuple[str, ...]:
    assert c.relevance is not None
    test, bayes, text = c.relevance.equivalence, c.relevance.bayes, analysis.metric.text
    limits = f"{text(test.low)} to {text(test.high)}" if test.low is not None else ""
    theta, largest = bayes.theta, bayes.largest
    return (
        label(comparison, analysis),
        named(c),
        text(c.relevance.margin),
        limits,
        p_text(c.relevance.p_equivalent),
        "yes" if c.relevance.equivalent else "not shown",
        "yes" if c.relevance.non_inferior else "not shown",
        *(f"{value:.2f}" for value in (theta.better, theta.rope, theta.worse)),
        " / ".join(f"{100 * v:.0f} %" for v in (largest.better, largest.rope, largest.worse)),
        VERDICTS.get(bayes.verdict, bayes.verdict) if c.relevance.decided else "undecided",
    )
