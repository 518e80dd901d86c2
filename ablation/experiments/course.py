"""The course of one training, told in phases to those who wait, and stopped when they ask for it.

course = Course(assignment.tell, assignment.interrupted)
trainer.fit(..., on_step=course.step)      # "training"
validate(..., watch=course.validating)     # "validating"
score(..., watch=course.after)             # "searching the operating point", "scoring test"
course.end()
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sweeps import Phase

if TYPE_CHECKING:
    from ablation.training.schedule import Epoch, Steps

LONG_S = 30.0
"""An epoch or a scoring that takes longer is stopped by Ctrl-C; a shorter one is ended."""


class StoppedError(Exception):
    """The search or the scoring was stopped on request; the weights of every epoch are on disk."""


@dataclass(slots=True)
class Course:
    """Tells what a training does, and measures how long its parts take."""

    tell: Callable[[Phase], None]
    interrupted: Callable[[], bool]
    clock: Callable[[], float] = time.monotonic
    _phase: Phase = field(default_factory=lambda: Phase("starting"))
    _train: list[float] = field(default_factory=list)
    _validate: list[float] = field(default_factory=list)
    _since: float | None = None
    """When the part under way began."""

    def resume(self, epochs: int) -> None:
        """Go on after so many epochs."""
        self._say(replace(self._phase, name="training", epoch=epochs + 1))

    def step(self, steps: Steps) -> bool:
        """Tell how far the steps of an epoch are; True: stop if you can."""
        now = steps.step_seconds * steps.total
        self._say(
            Phase(
                "training",
                steps.epoch,
                steps.loss,
                steps.done / steps.total,
                statistics.median([*self._train, now]),
                self._phase.validate_s,
                can_stop=steps.can_stop,
            )
        )
        return self.interrupted()

    def validating(self, name: str, share: float) -> None:
        """Tell how far the validation of an epoch is."""
        if self._phase.name != name:
            self._since = self.clock()
        self._say(replace(self._phase, name=name, share=share, can_stop=False))

    def epoch(self, epoch: Epoch) -> None:
        """Learn from a finished epoch how long its parts take."""
        validation = 0.0 if self._since is None else self.clock() - self._since
        self._validate.append(validation)
        self._train.append(max(0.0, epoch.seconds - validation))
        self._since = None
        self._say(
            Phase(
                "training",
                epoch.number + 1,
                epoch.loss,
                0.0,
                statistics.median(self._train),
                statistics.median(self._validate),
                can_stop=epoch.seconds > LONG_S,  # then the next epoch is a long one, too
            )
        )

    def after(self, name: str, share: float) -> None:
        """Tell how far the work after the last epoch is.

        Raises:
            StoppedError: Somebody asked to stop, and the work takes long.
        """
        if self._phase.is_training:
            self._since = self.clock()
            epoch = max(0, self._phase.epoch - 1)  # the one under way was never started
            self._phase = replace(self._phase, epoch=epoch, loss=None, is_training=False)
        elapsed = self.clock() - (self._since or 0.0)
        takes = elapsed / share if share > 0 else None
        can_stop = takes is not None and takes > LONG_S
        self._say(replace(self._phase, name=name, share=share, after_s=takes, can_stop=can_stop))
        if can_stop and self.interrupted():
            raise StoppedError

    def end(self) -> None:
        """Tell that the results are there."""
        takes = None if self._since is None else self.clock() - self._since
        self._say(replace(self._phase, name="writing the results", share=1.0, after_s=takes))

    def _say(self, phase: Phase) -> None:
        self._phase = phase
        self.tell(phase)
