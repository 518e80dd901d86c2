"""What a person who waits for a sweep sees: one live line, or plain lines without a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.status import Status

    from ablation.experiments.cost import Cost
    from sweeps import StudyProgress

PLAIN_EVERY_S = 15.0


@dataclass(slots=True)
class Viewer:
    """Shows the state of a study while it runs."""

    design: str
    epochs: int
    """Most epochs of one training."""
    trainings: int
    """Of the whole study, finals included."""
    live: Status | None
    quiet: bool
    epoch_seconds: float
    """Of one epoch, as estimated before the start."""
    _before: int | None = None
    _first: tuple[int, float] | None = None
    """Epochs of the study when the first one ended under our eyes, and that moment."""
    _last_line: float = 0.0
    _last_done: int = -1

    def show(self, now: StudyProgress) -> None:
        """Show a state; without a terminal only at sensible intervals and when a trial ends."""
        if self.quiet:
            return
        text = self._text(now)
        if self.live is not None:
            self.live.update(text)
            return
        done = now.done + now.failed + now.finals_done
        if done != self._last_done or time.monotonic() - self._last_line >= PLAIN_EVERY_S:
            typer.echo(text, err=True)
            self._last_done, self._last_line = done, time.monotonic()

    def _text(self, now: StudyProgress) -> str:
        parts = [f"{self.design}: {now.done}/{now.total} trials"]
        if now.best_value is not None:
            parts.append(f"best validation Dice {now.best_value:.3f}")
        for running in now.running:
            what = (
                f"trial {running.number}" if running.seed is None else f"final, seed {running.seed}"
            )
            parts.append(f"{what} epoch {running.epoch}/{self.epochs}")
        if now.done >= now.total:
            parts.append(f"finals {now.finals_done}/{now.finals_total}")
        parts += [
            f"{count} {word}"
            for word, count in (("pruned", now.pruned), ("failed", now.failed))
            if count
        ]
        parts.append(f"workers {now.workers}")
        if not now.is_finished:
            parts.append(f"about {duration(self._seconds_left(now))} left")
        return ", ".join(parts)

    def _seconds_left(self, now: StudyProgress) -> float:
        """Return the time left at the pace since the first epoch seen here, at first as estimated."""
        left = max(0, self.trainings * self.epochs - now.epochs)
        if self._first is None or now.epochs < self._first[0]:
            self._first = None if self._before == now.epochs else (now.epochs, time.monotonic())
            self._before = now.epochs
        if self._first is None or now.epochs == self._first[0]:
            return left * self.epoch_seconds
        epochs, moment = self._first
        return left * (time.monotonic() - moment) / (now.epochs - epochs)


@contextmanager
def viewing(design: str, cost: Cost, *, quiet: bool) -> Iterator[Viewer]:
    """Yield a viewer of one study; on a terminal it keeps one live line on stderr."""
    if quiet or not sys.stderr.isatty():
        yield _viewer(design, cost, None, quiet=quiet)
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{design}: starting") as live:
        yield _viewer(design, cost, live, quiet=quiet)


def _viewer(design: str, cost: Cost, live: Status | None, *, quiet: bool) -> Viewer:
    epoch_seconds = cost.seconds / (cost.trainings * cost.epochs)
    return Viewer(design, cost.epochs, cost.trainings, live, quiet, epoch_seconds)


def duration(seconds: float) -> str:
    """Return a time as people say it.

    >>> duration(42), duration(600), duration(9000), duration(200000)
    ('42 s', '10 min', '2.5 h', '2.3 days')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 36 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.1f} days"


def size(byte_count: float) -> str:
    """Return an amount of disk as people say it.

    >>> size(2_000), size(3_400_000), size(12_000_000_000)
    ('2 kB', '3 MB', '12.0 GB')
    """
    if byte_count < 1e6:
        return f"{byte_count / 1e3:.0f} kB"
    if byte_count < 1e9:
        return f"{byte_count / 1e6:.0f} MB"
    return f"{byte_count / 1e9:.1f} GB"
