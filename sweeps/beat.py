"""The beat of a running trial: a counter in the storage that shows its worker is alive."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.trial import FrozenTrial

from sweeps.queue import BEAT, Queue, is_mine


class Beat:
    """While it is entered, a thread counts up; `lost` tells that somebody else has the trial now."""

    def __init__(self, queue: Queue, trial: FrozenTrial, every_s: float) -> None:
        self._queue = queue
        self._trial = trial
        self._every_s = every_s
        self._ended = threading.Event()
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
        self._thread.join()

    def _count(self) -> None:
        number = 0
        while not self._ended.wait(self._every_s) and not self.lost.is_set():
            number += 1
            try:
                self._write(number)
            except StorageInternalError:
                continue  # the database is away for a moment: the next beat tries again
            except UpdateFinishedTrialError:
                self.lost.set()

    def _write(self, number: int) -> None:
        # A beat on a trial that was taken over would hide the death of its new owner.
        if is_mine(self._queue, self._trial):
            self._queue.storage.set_trial_user_attr(self._trial._trial_id, BEAT, number)
        else:
            self.lost.set()
