"""What a tracking server that does not work costs the training: CPU seconds of one trial.

    python benchmarks/away_server.py [--rounds 5]

The same trial is trained with no publisher, and with a publisher beside it whose server answers
500, 401, 503, garbage, slowly or never. The ways take turns; the least CPU seconds of the training
process over the rounds are printed for each, with the share above no publisher. Exit code 1 where
one costs more than 2 %.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import nullcontext
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[1]))

from ablation.config import resolve
from ablation.data import prepare
from ablation.experiments.experiment import open_experiment
from ablation.experiments.objective import Objective
from ablation.files.places import cache_folder
from sweeps import Assignment, Complete
from tests.tracking.stub import answering
from tracking import publisher

WAYS = ("no publisher", "500", "401", "503", "garbage", "slowly", "never")
SETTINGS = (
    *("data.phantom_patients=8", "data.image_size=64", "model.base=8", "model.depth=3"),
    *("training.epochs=4", "training.max_batches=20", "training.threads=1"),
)
MOST = 0.02


def assignment(number: int) -> Assignment:
    """Return a trial; every number trains the same setting with another seed."""
    return Assignment(
        kind="trial", study="phantom/unet", number=number, attempt=0, first_attempt=0,
        params={"training.learning_rate": 1e-3 + 1e-6 * number}, seed=None, facts={},
        report=lambda *_: False, interrupted=lambda: False,
    )  # fmt: skip


def seconds(objective: Objective, number: int, way: str, log: Path) -> float:
    """Return the CPU seconds of a trial while a publisher meets such a server."""
    with nullcontext() if way == "no publisher" else answering(way) as server:
        process = None
        if server is not None:
            process = publisher.start(objective.workspace, server.uri, log)
            while not server.asked:  # its own start is over
                time.sleep(0.1)
        started = time.process_time()
        assert isinstance(objective(assignment(number)), Complete)
        spent = time.process_time() - started
        if process is not None:
            process.kill()
            process.wait()
    return spent


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    config = resolve(preset="cpu-demo", assignments=list(SETTINGS)).config
    experiment = open_experiment(config, preset="cpu-demo", cache=cache_folder())
    slices = prepare(experiment.dataset, experiment.config.data, cache_folder())
    spent: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as place:
        workspace = Path(place) / "runs"
        workspace.mkdir()
        objective = Objective(experiment, workspace, slices, parent_key="")
        seconds(objective, 0, "no publisher", Path(place) / "log")  # the first one traces
        for number in range(1, rounds * len(WAYS) + 1):
            way = WAYS[(number + number // len(WAYS)) % len(WAYS)]
            spent[way].append(seconds(objective, number, way, Path(place) / "log"))
    usual, worst = min(spent["no publisher"]), 0.0
    for way in WAYS:
        share = min(spent[way]) / usual - 1
        worst = max(worst, share)
        print(f"{way}: {min(spent[way]):.2f} CPU s ({share:+.1%})")
    return int(worst > MOST)


if __name__ == "__main__":
    sys.exit(main())
