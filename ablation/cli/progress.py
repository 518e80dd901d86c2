"""What a person who waits for a sweep sees: one live line, or plain lines without a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ablation.experiments.cost import Cost
    from ablation.experiments.sweep import SweepPlan
    from sweeps import StudyProgress

PLAIN_EVERY_S = 15.0


@dataclass(slots=True)
class Pace:
    """How fast the epochs of a study pass."""

    cost: Cost
    """As estimated before the start."""
    _before: int | None = None
    _first: tuple[int, float] | None = None
    """Epochs of the study when the first one ended under our eyes, and that moment."""

    def seconds_left(self, epochs: int) -> float:
        """Return the time left at the pace since the first epoch seen here, at first as estimated.

        Args:
            epochs: Of all trainings of the study so far.
        """
        planned = self.cost.trainings * self.cost.epochs
        left = max(0, planned - epochs)
        if self._first is None or epochs < self._first[0]:
            self._first = None if self._before == epochs else (epochs, time.monotonic())
            self._before = epochs
        if self._first is None or epochs == self._first[0]:
            return left * self.cost.seconds / planned
        first, moment = self._first
        return left * (time.monotonic() - moment) / (epochs - first)


@dataclass(slots=True)
class Viewer:
    """Shows the state of each study while it runs."""

    paces: Mapping[str, Pace]
    """By name of the study."""
    draw: Callable[[str], None] | None
    """Replaces the live line; None: there is no terminal."""
    _last_line: float = 0.0
    _last_done: tuple[str, int] = field(default=("", -1))

    def show(self, now: StudyProgress) -> None:
        """Show a state; without a terminal only at sensible intervals and when a trial ends."""
        if self.draw is not None:
            self.draw(self._text(now))
            return
        text = self._text(now)
        done = (now.name, now.done + now.failed + now.finals_done)
        if done != self._last_done or time.monotonic() - self._last_line >= PLAIN_EVERY_S:
            typer.echo(text, err=True)
            self._last_done, self._last_line = done, time.monotonic()

    def _text(self, now: StudyProgress) -> str:
        from ablation.experiments.announce import duration

        pace = self.paces[now.name]
        parts = [f"{now.name.rpartition('/')[2]}: {now.done}/{now.total} trials"]
        if now.best_value is not None:
            parts.append(f"best validation Dice {now.best_value:.3f}")
        for running in now.running:
            what = (
                f"trial {running.number}"
                if running.seed is None
                else f"final run, seed {running.seed}"
            )
            parts.append(f"{what} epoch {running.epoch}/{pace.cost.epochs}")
        if now.done >= now.total:
            parts.append(f"final runs {now.finals_done}/{now.finals_total}")
        parts += [
            f"{count} {word}"
            for word, count in (("pruned", now.pruned), ("failed", now.failed))
            if count
        ]
        parts.append(f"workers {now.workers}")
        if not now.is_finished:
            parts.append(f"about {duration(pace.seconds_left(now.epochs))} left")
        return ", ".join(parts)


@contextmanager
def watching(plan: SweepPlan, *, quiet: bool) -> Iterator[Callable[[StudyProgress], None]]:
    """Yield what shows the states of a plan's studies; on a terminal one live line on stderr."""
    paces = {one.study: Pace(cost) for one, cost in zip(plan.experiments, plan.costs, strict=True)}
    if quiet:
        yield lambda _: None
        return
    if not sys.stderr.isatty():
        yield Viewer(paces, None).show
        return
    from rich.console import Console

    with Console(stderr=True).status("starting") as live:
        yield Viewer(paces, live.update).show
