"""Dice as nnU-Net prints it, beside the mean over all cases."""

from __future__ import annotations

from ablation.comparison import Comparison
from ablation.comparison.wording.names import target_name
from ablation.report.formats.tables import AS_PRINTED, as_printed_words
from ablation.report.sections.blocks import Section, table
from ablation.report.source import Source


def printed(comparison: Comparison, source: Source) -> Section | None:
    """Return the printed cells of summaries of nnU-Net; nothing for other tables."""
    if not source.as_printed:
        return None
    known = {(one.target, one.design): one.text for one in source.as_printed}
    found = [one for one in comparison.analyses if one.metric.name == "dice"]
    columns = ["design"]
    for one in found:
        of = f"{target_name(one.target)}: " if len(found) > 1 else ""
        columns += [f"{of}{AS_PRINTED}", f"{of}all cases"]
    lines = [
        [
            name,
            *(
                cell
                for one in found
                for cell in (
                    known[one.target, name],
                    one.metric.text(one.summaries[place].interval.mean),
                )
            ),
        ]
        for place, name in enumerate(comparison.designs)
    ]
    hint = f"{AS_PRINTED}: {as_printed_words(comparison)}"
    return Section("printed", "As nnU-Net prints it", hint, (table(columns, lines, {"design"}),))
