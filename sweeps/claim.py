"""The note on a trial that says who works on it, and how often it was started and lost."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from optuna.trial import FrozenTrial

from sweeps.owner import Owner

CLAIM = "ablate.claim"


@dataclass(frozen=True, slots=True)
class Claim:
    """One attribute, so that it is written as a whole or not at all."""

    attempt: int = -1
    """counts the beginnings of the trial; with it the name of the run folder"""
    first_attempt: int = 0
    """above 0 for a final whose seed was already run with an earlier best setting"""
    owner: Owner | None = None
    """None: no process, the trial waits or is being put back"""
    epochs: int = 0
    """epochs reported when the attempt began"""
    losses: int = 0
    """attempts lost in a row without a new epoch"""


def read_claim(trial: FrozenTrial) -> Claim:
    """Return the note of a trial; an empty one when no process has started it."""
    stored = trial.user_attrs.get(CLAIM)
    if stored is None:
        return Claim()
    owner = stored["owner"]
    return Claim(**{**stored, "owner": None if owner is None else Owner(**owner)})


def claim_attribute(claim: Claim) -> dict[str, object]:
    """Return the note as the plain values a storage keeps."""
    return asdict(claim)
