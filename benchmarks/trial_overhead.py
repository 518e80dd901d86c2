"""What a trial costs beside its training and validation steps, next to the tutorial way of sweeping.

    python benchmarks/trial_overhead.py [--data ../shared/data/lgg/kaggle_3m] [--trials 6] [--memory-trials 30]

Both do the same work: the same slices, U-Net, batches and epochs, at 2 and at 12 epochs; ours has
batch normalisation and every epoch's validation on top, and scores distances. Ours prints
the share of CPU seconds of trials 2..N outside the traced steps, the traces, and how memory grew over
the last run; the peer (../shared/tools/peers/tutorial_sweep.py) builds, compiles and fits each trial.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from ablation.config import resolve
from ablation.data import Split, prepare
from ablation.experiments.experiment import Experiment, open_experiment
from ablation.experiments.objective import Objective
from ablation.experiments.study import spec_of, storage_url
from ablation.files.places import cache_folder
from sweeps import Assignment, Outcome, open_study, trials_table, work

SHARED = Path(__file__).parents[2] / "shared"
PEER = SHARED / "tools/peers/tutorial_sweep.py"
VALIDATION = 4
SETTINGS = [
    "data.image_size=64",
    "data.normalise=div255",
    "data.augmentation=none",
    "model.name=unet",
    "model.base=16",
    "training.max_batches=none",
    "data.empty_slices=1.0",
]
SPACE = {
    "training.learning_rate": {"low": 1e-4, "high": 3e-3, "log": True},
    "model.dropout": {"low": 0.0, "high": 0.5},
    "loss.dice_weight": {"low": 0.2, "high": 0.8},
    "loss.fn_weight": {"low": 0.3, "high": 0.9},
}
"""The peer's, without its threshold: ours is found exactly after each epoch."""


def same_work(data: str, epochs: int, trials: int) -> Experiment:
    """Return our experiment with the peer's slices: the last patients by name validate."""
    flags = {
        "data.path": data,
        "training.epochs": epochs,
        "sweep.trials": trials,
        "space": SPACE,
    }
    config = resolve(preset="cpu-demo", assignments=SETTINGS, flags=flags).config
    experiment = open_experiment(config, preset="cpu-demo", cache=cache_folder(None))
    names = tuple(facts.id for facts in experiment.dataset.patients)
    return replace(experiment, split=Split(names[:-VALIDATION], names[-VALIDATION:], ()))


def ours(data: str, epochs: int, trials: int) -> dict[str, object]:
    """Run a study in this process and return its figures."""
    experiment = same_work(data, epochs, trials)
    slices = prepare(experiment.dataset, experiment.config.data, cache_folder(None))
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        spec = replace(spec_of(experiment, workspace), final_seeds=())
        open_study(spec)
        objective = Objective(experiment, workspace, slices, "benchmark")
        cpu, wall, traced, memory = [], [], [], []

        def steps() -> float:
            return sum(t.seconds + t.predictor.seconds for t in objective.trainers)

        def measured(assignment: Assignment) -> Outcome:
            outcome = objective(assignment)
            traced.append(steps())
            cpu.append(time.process_time())
            wall.append(time.perf_counter())
            memory.append(_resident_mb())
            return outcome

        work(storage_url(workspace), spec.name, measured, lambda _: None, stop=threading.Event())
        best = max(row.value or 0.0 for row in trials_table(spec.storage, spec.name))
    later = range(1, trials)
    seconds = [cpu[i] - cpu[i - 1] for i in later]
    outside = [1 - (traced[i] - traced[i - 1]) / s for i, s in zip(later, seconds, strict=True)]
    return {
        "epochs": epochs,
        "trials": trials,
        "outside_share_median": round(statistics.median(outside), 4),
        "traces": sum(trainer.traces for trainer in objective.trainers),
        "cpu_s_per_later_trial": round(statistics.median(seconds), 2),
        "wall_s_per_later_trial": round(statistics.median(wall[i] - wall[i - 1] for i in later), 2),
        "memory_mb_second_trial": round(memory[1]),
        "memory_mb_last_trial": round(memory[-1]),
        "memory_growth": round(memory[-1] / memory[1] - 1, 4),
        "best_validation_dice": round(best, 4),
    }


def peer(data: str, epochs: int, trials: int) -> dict[str, object]:
    """Run the tutorial sweep in a process of its own and return its figures."""
    with tempfile.TemporaryDirectory() as folder:
        numbers = ["--trials", str(trials), "--epochs", str(epochs), "--val", str(VALIDATION)]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [sys.executable, str(PEER), "--data", data, *numbers, "--out", folder],
            capture_output=True,
            text=True,
            check=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    answer = json.loads(done.stdout.splitlines()[-1])
    used = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    return {
        "epochs": epochs,
        "trials": trials,
        "cpu_s_per_trial_with_start": round(used / trials, 2),
        "wall_s_per_later_trial": round(statistics.median(answer["per_trial"][1:]), 2),
        "memory_mb_peak": answer["peak_mb"],
        "best_validation_dice": answer["best_at_any_threshold"],
    }


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default=str(SHARED / "data/lgg/kaggle_3m"))
    parser.add_argument("--trials", type=int, default=6)
    parser.add_argument("--memory-trials", type=int, default=30)
    arguments = parser.parse_args()
    if not Path(arguments.data).exists():
        print(f"skipped: {arguments.data} does not exist; name LGG scans with --data")
        return
    for epochs in (2, 12):
        mine = ours(arguments.data, epochs, arguments.trials)
        print("ours    ", json.dumps(mine), flush=True)
        if not PEER.exists():
            print(f"skipped: {PEER} does not exist")
            continue
        theirs = peer(arguments.data, epochs, arguments.trials)
        print("tutorial", json.dumps(theirs), flush=True)
        ratio = float(str(theirs["wall_s_per_later_trial"])) / float(
            str(mine["wall_s_per_later_trial"])
        )
        print(
            f"ratio at {epochs} epochs: a later trial of the tutorial takes {ratio:.2f} times ours",
            flush=True,
        )
    print("memory  ", json.dumps(ours(arguments.data, 2, arguments.memory_trials)), flush=True)


if __name__ == "__main__":
    main()
