"""What an attempt does now and how long its parts take, told by the objective to those who wait."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from optuna.trial import FrozenTrial

PHASE = "ablate.phase"


@dataclass(frozen=True, slots=True)
class Phase:
    """One moment of an attempt."""

    name: str
    """in words: "training", "scoring test" """
    epoch: int = 0
    """the one under way, or the last one of a training that has ended"""
    loss: float | None = None
    """of the last step; None: not known"""
    share: float = 0.0
    """of this epoch's steps, of its validation, or of the work after the last epoch; 0 to 1"""
    train_s: float | None = None
    """seconds the steps of an epoch take, as measured so far; None: not yet"""
    validate_s: float | None = None
    """seconds the validation of an epoch takes, likewise"""
    after_s: float | None = None
    """seconds from the last epoch to the result, likewise"""
    is_training: bool = True
    """whether epochs are left"""
    can_stop: bool = False
    """whether Ctrl-C stops it now, in the middle of this epoch or of the work after the last"""


def to_attribute(phase: Phase) -> dict[str, object]:
    """Return a phase as the storage keeps it: JSON has no nan."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in asdict(phase).items()
    }


def phase_of(trial: FrozenTrial) -> Phase | None:
    """Return what was told last of a trial; None: nothing, as by an earlier version."""
    stored = trial.user_attrs.get(PHASE)
    if not isinstance(stored, Mapping) or "name" not in stored:
        return None
    known = {one.name for one in fields(Phase)}
    return Phase(**{str(key): value for key, value in stored.items() if key in known})
