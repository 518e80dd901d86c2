"""Where the numbers of a report come from."""

from __future__ import annotations

from dataclasses import dataclass, field

from ablation.report.material import Material


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
    material: Material = field(default_factory=Material)
    """What the page shows of the runs themselves; not in comparison.json."""

    def sentences(self) -> tuple[str, ...]:
        """Say what was left out, so that nothing is left out silently."""
        said = []
        if self.superseded:
            said.append(f"Left out, superseded by newer finals: {', '.join(self.superseded)}.")
        if self.other_experiments:
            said.append(f"Other experiments here: {', '.join(self.other_experiments)}.")
        return tuple(said)
