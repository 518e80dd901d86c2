"""The beat of a running trial: a counter in the storage that shows its worker is alive.

With it goes what the attempt does now.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.trial import FrozenTrial

from sweeps.phase import PHASE, Phase, to_attribute
from sweeps.queue import BEAT, Queue, is_mine

LEAST_S = 1.0
"""Seconds between two writings, however much is told."""


class Beat:
    """While it is entered, a thread counts up; `lost` tells that somebody else has the trial now."""

    def __init__(self, queue: Queue, trial: FrozenTrial, every_s: float) -> None:
        self._queue = queue
        self._trial = trial
        self._every_s = every_s
        self._ended = threading.Event()
        self._news = threading.Event()
        self._told: Phase | None = None
        self._written: Phase | None = None
        self._thread = threading.Thread(target=self._count, name="beat", daemon=True)
        self.lost = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._news.set()
        self._thread.join()
        self._write(None)  # what was told last outlives the attempt

    def tell(self, phase: Phase) -> None:
        """Have the thread write what the attempt does now."""
        self._told = phase
        self._news.set()

    def _count(self) -> None:
        number = 0
        while not self._ended.is_set() and not self.lost.is_set():
            self._news.wait(self._every_s)
            self._news.clear()
            if not self._ended.is_set():
                number += 1
                self._write(number)
                self._ended.wait(min(LEAST_S, self._every_s))

    def _write(self, number: int | None) -> None:
        try:
            # A beat on a trial that was taken over would hide the death of its new owner.
            if not is_mine(self._queue, self._trial):
                self.lost.set()
                return
            told, storage = self._told, self._queue.storage
            if number is not None:
                storage.set_trial_user_attr(self._trial._trial_id, BEAT, number)
            if told is not None and told is not self._written:
                storage.set_trial_user_attr(self._trial._trial_id, PHASE, to_attribute(told))
                self._written = told
        except StorageInternalError:
            return  # the database is away for a moment: the next beat tries again
        except UpdateFinishedTrialError:
            self.lost.set()
