"""What of a machine decides the last bits of a training: its threads, which are kept, and its CPU.

The number of threads is fixed when a study is created and used wherever the study goes on. The
kind of CPU cannot be fixed; another one is said.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ablation.config import with_values
from ablation.config.cores import usable_cores
from ablation.config.versions import read_definition
from ablation.experiments.experiment import Experiment
from ablation.experiments.study import storage_url, study_folder
from sweeps import SweepError, find_spec
from tracking.errors import TrackingError
from tracking.provenance import collect

THREADS = "training.threads"
CPU = ("cpu", "cpu_features")
"""What run.json holds of the CPU, under `provenance`."""


def with_threads(experiment: Experiment, workspace: Path) -> Experiment:
    """Return the experiment with the number of threads its study computes with.

    That is the configured one; else the one stored with the study, where a study of an earlier
    version has none and uses every core; else, for a new study, the cores of this machine.
    """
    if experiment.config.training.threads is not None:
        return experiment
    threads = usable_cores()
    with suppress(SweepError):  # a damaged or later study is refused when it is checked
        stored = find_spec(storage_url(workspace), experiment.study, read_definition)
        if stored is not None:
            threads = json.loads(stored.definition.get(THREADS, "null"))
    return replace(experiment, config=with_values(experiment.config, {THREADS: threads}))


def machine_warnings(experiment: Experiment, workspace: Path) -> list[str]:
    """Return in words what of this machine differs from where the study was created."""
    said = []
    threads, cores = experiment.config.training.threads, usable_cores()
    if threads is not None and threads > cores:
        said.append(
            f"{experiment.study} computes with {threads} threads as before, on {cores} "
            f"{'core' if cores == 1 else 'cores'}: the same numbers, more slowly"
        )
    with suppress(TrackingError, OSError):  # a new study, or a damaged record
        folder = study_folder(workspace, experiment.name, experiment.label)
        if other := other_cpu(folder.record.provenance, collect()):
            said.append(
                f"{experiment.study} was created on another kind of CPU ({other}): scores of the "
                "same setting may differ in their last digits; run.json of each run names its CPU"
            )
    return said


def other_cpu(then: Mapping[str, object], now: Mapping[str, object]) -> str:
    """Return the CPU of an earlier provenance where it is another kind than now; else "".

    >>> other_cpu({"cpu": "Xeon"}, {"cpu": "EPYC"}), other_cpu({"cpu": "Xeon"}, {"cpu": "Xeon"})
    ('Xeon', '')
    """
    both = [key for key in CPU if then.get(key) and now.get(key)]
    return ", ".join(str(then[key]) for key in both if then[key] != now[key])
