"""What a worker and an objective say to each other: one attempt, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from sweeps.phase import Phase


@dataclass(frozen=True, slots=True)
class Complete:
    """The trial has a value; the highest wins."""

    value: float
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pruned:
    """The trial was stopped because report said so; its value is the last reported one."""

    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failed:
    """The trial could not be finished."""

    reason: str
    retry: bool = False
    """put it back, up to the study's retries; otherwise another trial takes its place"""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The attempt ended because interrupted() was true; the trial goes on later."""


Outcome = Complete | Pruned | Failed | Interrupted


def untold(_phase: Phase) -> None:
    """Report nothing."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One attempt at one trial, as the objective sees it."""

    kind: Literal["trial", "final"]
    study: str
    """the study's name, for finals too"""
    number: int
    attempt: int
    first_attempt: int
    """attempts from here to `attempt` - 1 may have left something to go on from"""
    params: Mapping[str, object]
    seed: int | None
    """of a final; None for a trial"""
    facts: Mapping[str, object]
    """of a final: best_number, best_value, trials (the budget when it was queued)"""
    report: Callable[[int, float], bool]
    """report(epoch from 1, value): True = stop after this epoch. A resumed attempt reports the
    epochs it has on record again, so that none is left undecided."""
    interrupted: Callable[[], bool]
    """whether to stop because the worker was asked to, or lost the trial, rather than pruned"""
    tell: Callable[[Phase], None] = untold
    """says what the attempt does now; as often as it likes, it costs nothing"""


Objective = Callable[[Assignment], Outcome]
