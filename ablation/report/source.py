"""Where the numbers of a report come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ablation.comparison import Caution, Comparison, most_severe_first
from ablation.config.sections import PublishedScore
from ablation.report.material import Material
from ablation.scores.fold_means import FoldMean
from ablation.scores.remarks import Level, Remark

COLOURS: dict[Level, Literal["red", "amber", "note"]] = {
    Level.WARNING: "red",
    Level.CAUTION: "amber",
    Level.NOTE: "note",
}
"""What colour a remark has among the caveats of a report."""


@dataclass(frozen=True, slots=True)
class Source:
    """The runs behind a comparison, and what a reader may want to do next."""

    experiment: str
    """Its name; of bare tables the files'."""
    runs: tuple[tuple[str, str], ...] = ()
    """(design, run id) of every final that enters; of bare tables the file and its hash."""
    superseded: tuple[str, ...] = ()
    """Older finals of the same designs, left out."""
    other_experiments: tuple[str, ...] = ()
    next_command: str = ""
    """What to run to have something to compare with; "" where there is."""
    remarks: tuple[Remark, ...] = ()
    """What was assumed or left out in reading bare tables."""
    kind: Literal["experiment", "table", "tables", "data set"] = "experiment"
    literature: tuple[PublishedScore, ...] = ()
    """Published scores to show beside the designs; never tested."""
    date: str = ""
    """Day the report was made, as 2026-12-01; "" where it is not known."""
    command: str = ""
    """What makes the report again; "" where it was no command."""
    material: Material = field(default_factory=Material)
    """What the page shows of the runs themselves; not in comparison.json."""
    as_printed: tuple[FoldMean, ...] = ()
    """Dice as nnU-Net prints it, where its summaries were read."""
    damaged: tuple[str, ...] = ()
    """Runs and files that could not be read, and why; all else is compared without them."""

    @property
    def title(self) -> str:
        """As in "experiment lgg"."""
        return f"{self.kind} {self.experiment}"

    @property
    def cautions(self) -> tuple[Caution, ...]:
        """What was left out, so that nothing is left out silently."""
        said = [Caution(COLOURS[one.level], one.text) for one in self.remarks]
        said += [Caution("red", one) for one in self.damaged]
        if self.superseded:
            left_out = f"Left out, superseded by newer finals: {', '.join(self.superseded)}."
            said.append(Caution("note", left_out))
        if self.other_experiments:
            others = f"Other experiments here: {', '.join(self.other_experiments)}."
            said.append(Caution("note", others))
        return tuple(said)

    def weakening(self, comparison: Comparison) -> tuple[Caution, ...]:
        """What to know before its result is quoted, of the comparison and of what it was made of."""
        return most_severe_first([*comparison.cautions, *self.cautions])
