"""Three designs or more: ranks by three schemes, who is not separated, how firm the order is."""

from __future__ import annotations

from ablation.comparison import Analysis, Comparison, Ranking, p_relation
from ablation.report.figures.drawing import Figure
from ablation.report.figures.pairs import counted, label, titled
from ablation.report.figures.ranks import critical_difference, rank_heat_map
from ablation.report.sections.blocks import Block, Heading, Paragraph, Section, table
from ablation.report.source import Source

COLUMNS = (
    *("design", "mean", "rank by mean", "mean rank", "rank by mean rank"),
    *("wins - losses", "rank by wins", "first in", "rank interval"),
)


def ranks(comparison: Comparison, source: Source) -> Section | None:  # noqa: ARG001
    """Return ranks of every metric that has them; nothing for fewer than three designs."""
    ranked = [(a, a.ranking) for a in comparison.analyses if a.ranking is not None]
    if not ranked:
        return None
    figures: list[Figure] = []
    blocks: list[Block] = []
    for number, (analysis, ranking) in enumerate(ranked):
        drawn = (
            critical_difference(comparison, analysis, ranking, f"ranks-{number}"),
            rank_heat_map(comparison, analysis, ranking, f"stability-{number}"),
        )
        figures += [titled(comparison, analysis, figure) for figure in drawn]
        blocks.append(Heading(f"{label(comparison, analysis)} ({analysis.role})"))
        blocks += map(Paragraph, _sentences(analysis, ranking))
        blocks.append(table(COLUMNS, _lines(analysis, ranking), {"design"}))
    hint = (
        "Rank 1 is the best. Wins and losses are planned comparisons in which a design is called "
        "better; “first in” is a share of resamples, and it and the "
        f"{100 * comparison.level:g} % interval of the rank come from "
        f"{ranked[0][1].stability.draws:,} draws of patients, the same for every design. Neither "
        "decides which design is better."
    )
    return Section("ranks", "Ranking", hint, tuple(blocks), tuple(figures))


def _sentences(analysis: Analysis, ranking: Ranking) -> tuple[str, ...]:
    return (_friedman(analysis, ranking), _schemes(ranking), _left_out(analysis, ranking))


def _friedman(analysis: Analysis, ranking: Ranking) -> str:
    test = ranking.friedman
    f = "infinite" if test.f is None else f"{test.f:.2f}"
    return (
        f"Friedman over {counted(analysis)} and {test.k} designs: Iman-Davenport F({test.df_f[0]}, "
        f"{test.df_f[1]}) = {f}, p {p_relation(test.p_f)} (chi-squared {test.chi2:.2f}, {test.df} df, "
        f"p {p_relation(test.p_chi2)}); Kendall's W = {test.kendall_w:.2f} (0: the patients order the "
        "designs at random, 1: all alike)."
    )


def _schemes(ranking: Ranking) -> str:
    by_mean, by_rank, by_wins = (
        " and ".join(ranking.designs[i] for i in winners) for winners in ranking.schemes.winners
    )
    if ranking.schemes.agree:
        return f"Three schemes agree on the first: {by_mean}."
    return (
        f"The first depends on the scheme: {by_mean} by mean, {by_rank} by mean rank, {by_wins} by "
        "significant wins."
    )


def _left_out(analysis: Analysis, ranking: Ranking) -> str:
    changing, n = ranking.changing_patients, len(analysis.patients)
    if n < 2:
        return "One patient: none can be left out."
    if not changing:
        return (
            f"Leaving out any one of the {n} patients changes nothing about who has the best mean."
        )
    who = ", ".join(changing[:6]) + (f" and {len(changing) - 6} more" if len(changing) > 6 else "")
    if len(changing) > 1:
        who = f"one of {len(changing)} patients ({who})"
    return f"Without {who} another design has the best mean."


def _lines(analysis: Analysis, ranking: Ranking) -> list[tuple[str, ...]]:
    """The designs by mean."""
    by, firm = ranking.schemes, ranking.stability
    order = sorted(range(len(ranking.designs)), key=lambda i: by.mean_then_rank[i])
    return [
        (
            ranking.designs[i],
            analysis.metric.text(by.means[i]),
            f"{by.mean_then_rank[i]:g}",
            f"{by.mean_ranks[i]:.2f}",
            f"{by.rank_then_mean[i]:g}",
            f"{by.wins[i]:+d}" if by.wins[i] else "0",
            f"{by.by_wins[i]:g}",
            f"{100 * firm.p_first[i]:.0f} % of resamples",
            f"{firm.rank_low[i]} to {firm.rank_high[i]}",
        )
        for i in order
    ]
