"""Where the numbers of a report come from."""

from __future__ import annotations

from dataclasses import dataclass

from ablation.comparison import Caution
from ablation.config.sections import PublishedScore


@dataclass(frozen=True, slots=True)
class Source:
    """The runs behind a comparison, and what a reader may want to do next."""

    experiment: str
    runs: tuple[tuple[str, str], ...] = ()
    """(design, run id) of every final that enters."""
    superseded: tuple[str, ...] = ()
    """Older finals of the same designs, left out."""
    other_experiments: tuple[str, ...] = ()
    next_command: str = ""
    """What to run to have something to compare with; "" where there is."""
    literature: tuple[PublishedScore, ...] = ()
    """Published scores to show beside the designs; never tested."""

    @property
    def cautions(self) -> tuple[Caution, ...]:
        """What was left out, so that nothing is left out silently."""
        said = []
        if self.superseded:
            said.append(f"Left out, superseded by newer finals: {', '.join(self.superseded)}.")
        if self.other_experiments:
            said.append(f"Other experiments here: {', '.join(self.other_experiments)}.")
        return tuple(Caution("grey", text) for text in said)
