"""What is said when a sweep is stopped: what is still awaited, and what is done again later."""

from __future__ import annotations

from ablation.errors.words import counted
from sweeps import Running, StudyProgress

AT_ONCE = "Ctrl-C again stops at once"


def stopping(now: StudyProgress) -> str:
    """Return what the first Ctrl-C waits for."""
    if not now.running or now.running[0].phase is None:
        return f"stopping; {AT_ONCE}"
    one = now.running[0]
    phase = one.phase
    assert phase is not None
    if phase.is_training and phase.can_stop:
        what = f"at the next step; epoch {phase.epoch} of {named(one)} is trained again later"
    elif phase.is_training:
        what = f"after epoch {max(1, phase.epoch)} of {named(one)}"
    elif phase.can_stop:
        what = f"at the next patient; {named(one)} is scored again later, not trained again"
    else:
        what = f"as soon as {named(one)} is scored"
    return f"stopping {what}; {AT_ONCE}"


def left_undone(now: StudyProgress, *, at_once: bool) -> list[str]:
    """Return for each trial and final that was stopped where it goes on.

    Args:
        now: The state of the study after its worker has ended.
        at_once: Whether the worker was killed, and what it had not saved is lost.
    """
    return [_goes_on(one, at_once=at_once) for one in now.put_back]


def named(one: Running) -> str:
    """Return a trial or final as people call it.

    >>> named(Running(3, None, 0)), named(Running(0, 101, 0))
    ('trial 3', 'final run with seed 101')
    """
    return f"trial {one.number}" if one.seed is None else f"final run with seed {one.seed}"


def _goes_on(one: Running, *, at_once: bool) -> str:
    phase = one.phase
    if at_once:
        return f"{named(one)} goes on from its last saved epoch"
    if phase is not None and not phase.is_training:
        return f"{named(one)} is trained; only its scoring is done again"
    again = phase is not None and phase.share > 0
    if one.epoch == 0:
        return f"{named(one)} starts again: no epoch was finished"
    rest = f"epoch {one.epoch + 1}" + (", which was not finished" if again else "")
    return f"{named(one)} goes on with {rest}; kept: {counted(one.epoch, 'finished epoch')}"
