"""A sweep without a network: `toy_sweep.py sweep FOLDER` is the parent, `work FOLDER` the worker.

The objective writes each epoch to a file before it reports it, and goes on from that file. With
FOLDER/hang it stops reporting after the first epoch, with FOLDER/crash it dies there.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sweeps

NAME = "toy/unet"
EPOCHS = 4
SPACE = {
    "x": sweeps.Float(0.0, 1.0),
    "rate": sweeps.Float(1e-4, 1e-1, log=True),
    "depth": sweeps.Int(1, 4),
    "skips": sweeps.Categorical((True, False)),
    "only": sweeps.Float(0.5, 0.5),
}


def storage(folder: Path) -> str:
    return f"sqlite:///{folder / 'optuna.db'}"


def spec(folder: Path, trials: int = 14, **changes: Any) -> sweeps.StudySpec:
    plain: dict[str, Any] = {
        "name": NAME,
        "storage": storage(folder),
        "space": SPACE,
        "definition": {"data": "toy"},
        "trials": trials,
        "pruner": "median",
        "min_epochs": 2,
        "seed": 0,
        "final_seeds": (1, 2),
        "retries": 100,  # here every loss is a kill, never the trial's own doing
    }
    return sweeps.StudySpec(**{**plain, **changes})


def value(params: Mapping[str, Any], epoch: int, seed: int | None) -> float:
    best: float = 1 - (params["x"] - 0.3) ** 2 - 0.01 * (math.log10(params["rate"]) + 2) ** 2
    best -= 0.02 * abs(params["depth"] - 3) + 0.05 * (not params["skips"])
    return best * (1 - math.exp(-epoch)) + 0.001 * (seed or 0)


def objective(folder: Path, epoch_s: float) -> sweeps.Objective:
    def run(task: sweeps.Assignment) -> sweeps.Outcome:
        name = f"{task.kind}-{task.number}"
        record = folder / f"{name}.json"
        epochs: list[float] = json.loads(record.read_text()) if record.exists() else []
        for epoch in range(1, EPOCHS + 1):
            if epoch > len(epochs):
                time.sleep(epoch_s)
                epochs.append(value(task.params, epoch, task.seed))
                beside = record.with_suffix(f".{os.getpid()}")
                beside.write_text(json.dumps(epochs))
                beside.replace(record)
                with (folder / "trained.log").open("a") as log:
                    log.write(f"{name} {epoch}\n")
            if task.report(epoch, epochs[epoch - 1]):
                return sweeps.Interrupted() if task.interrupted() else sweeps.Pruned({"e": epoch})
            if (folder / "crash").exists():
                os.kill(os.getpid(), signal.SIGKILL)
            while (folder / "hang").exists():
                time.sleep(0.02)
        return sweeps.Complete(max(epochs), {"e": EPOCHS})

    return run


def note_lost(folder: Path, lost: sweeps.Lost) -> None:
    with (folder / "lost.log").open("a") as log:
        log.write(f"{lost.study} {lost.number} {lost.attempt} {lost.seed}\n")


def main() -> int:
    role, folder = sys.argv[1], Path(sys.argv[2])
    epoch_s = float(sys.argv[3]) if len(sys.argv) > 3 else 0.1
    if role == "work":
        end = sweeps.work(
            storage(folder),
            NAME,
            objective(folder, epoch_s),
            lambda lost: note_lost(folder, lost),
            stop=sweeps.stop_on_signals(),
            beat_s=0.1,
            grace_s=1.0,
            poll_s=0.05,
        )
        return end.exit_code
    sweeps.open_study(spec(folder))
    ending = sweeps.supervise(
        [sys.executable, __file__, "work", str(folder), str(epoch_s)],
        storage(folder),
        NAME,
        lock=folder / "worker.lock",
        log=folder / "worker.log",
        on_progress=lambda now: print(now.done, now.total, now.workers, flush=True),
        on_lost=lambda lost: note_lost(folder, lost),
        on_stopping=lambda _: print("stopping", flush=True),
        poll_s=0.1,
    )
    print(ending.how, ending.detail, flush=True)
    return 0 if ending.how == "done" else 130 if ending.how == "interrupted" else 1


if __name__ == "__main__":
    raise SystemExit(main())
