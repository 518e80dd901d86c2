"""index.html: one file that needs no network, from a finished comparison."""

from __future__ import annotations

from plotly.offline import get_plotlyjs

from ablation.comparison import Comparison
from ablation.comparison.wording.names import target_name
from ablation.report.page.environment import environment, our_text
from ablation.report.page.specs import specs
from ablation.report.sections import SECTIONS
from ablation.report.sections.blocks import Section, targets_folded
from ablation.report.source import Source

SENTENCES = 3
"""Of the verdict that are seen at once; many comparisons would fill the screen."""


def page(comparison: Comparison, source: Source) -> str:
    """Return the report as one HTML page, plotly inside, the same bytes for the same input."""
    made = sections(comparison, source)
    verdict = comparison.verdict
    return (
        environment()
        .get_template("page.html")
        .render(
            title=f"{source.experiment}: {', '.join(comparison.designs)}",
            bands=" and ".join(comparison.bands).capitalize(),
            kicker=_kicker(comparison, source),
            heading=_heading(comparison),
            standing=verdict.standing.replace(" ", "-"),
            headline=verdict.headline,
            sentences=verdict.sentences[:SENTENCES],
            more=verdict.sentences[SENTENCES:],
            next_command=source.next_command,
            date=source.date,
            command=source.command,
            sections=made,
            specs=specs(figure for section in made for figure in section.every_figure),
            style=our_text("page.css"),
            plotly=get_plotlyjs(),
            script=our_text("page.js"),
        )
    )


def sections(comparison: Comparison, source: Source) -> tuple[Section, ...]:
    """Return the sections that have something to say, in the page's order."""
    made = (section(comparison, source) for section in SECTIONS)
    return tuple(targets_folded(section) for section in made if section is not None)


def _kicker(comparison: Comparison, source: Source) -> str:
    targets = [target_name(one.target) for one in comparison.primaries if one.target]
    target = [f"target {', '.join(targets)}"] if targets else []
    return " · ".join([source.title[:1].upper() + source.title[1:], *target, comparison.counted])


def _heading(comparison: Comparison) -> str:
    return (" against " if len(comparison.designs) == 2 else ", ").join(comparison.designs)
