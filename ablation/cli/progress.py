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
    from sweeps import Running, StudyProgress

PLAIN_EVERY_S = 15.0


@dataclass(slots=True)
class Viewer:
    """Shows the state of each study while it runs."""

    costs: Mapping[str, Cost]
    """As estimated, by name of the study, in the order they run."""
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
        cost = self.costs[now.name]
        parts = [f"{now.name.rpartition('/')[2]}: {now.done}/{now.total} trials"]
        if now.best_value is not None:
            parts.append(f"best validation Dice {now.best_value:.3f}")
        parts += [_doing(one, cost.epochs) for one in now.running]
        if now.done >= now.total:
            parts.append(f"final runs {now.finals_done}/{now.finals_total}")
        parts += [
            f"{count} {word}"
            for word, count in (("pruned", now.pruned), ("failed", now.failed))
            if count
        ]
        if not now.is_finished:
            if now.running:
                parts.append(f"workers {now.workers}")
            elif not now.put_back:  # else it is just stopped, or goes on in a moment
                parts.append("starting the worker")
            parts.append(self._left(now))
        return ", ".join(parts)

    def _left(self, now: StudyProgress) -> str:
        from ablation.experiments.announce import duration
        from ablation.experiments.pace import seconds_left

        own = seconds_left(now, self.costs[now.name])
        names = list(self.costs)
        later = names[names.index(now.name) + 1 :]
        text = f"about {duration(own)} left"
        if later:
            every = own + sum(self.costs[name].seconds for name in later)
            text += f", {duration(every)} with the {_studies(len(later))} after it"
        return text


def _studies(number: int) -> str:
    return "study" if number == 1 else f"{number} studies"


def _doing(running: Running, epochs: int) -> str:
    """Return what a trial or final run does now."""
    who = f"trial {running.number}" if running.seed is None else f"final run, seed {running.seed}"
    phase = running.phase
    if phase is None or (phase.is_training and not phase.epoch):
        return f"{who}: starting"
    if not phase.is_training:
        return f"{who}: {phase.name}"
    doing = f"{who}: {phase.name}, epoch {min(phase.epoch, epochs)}/{epochs}"
    return doing if phase.loss is None else f"{doing}, loss {phase.loss:.3f}"


@contextmanager
def watching(plan: SweepPlan, *, quiet: bool) -> Iterator[Callable[[StudyProgress], None]]:
    """Yield what shows the states of a plan's studies; on a terminal one live line on stderr."""
    costs = {one.study: cost for one, cost in zip(plan.experiments, plan.costs, strict=True)}
    if quiet:
        yield lambda _: None
        return
    if not sys.stderr.isatty():
        yield Viewer(costs, None).show
        return
    from rich.console import Console

    with Console(stderr=True).status("starting") as live:
        yield Viewer(costs, live.update).show
