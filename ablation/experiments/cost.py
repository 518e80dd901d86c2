"""What a sweep will cost and what its data can show, said before it starts."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ablation.config.cores import usable_cores
from ablation.config.gpu import gpu_present
from ablation.data import Slices
from ablation.data.planes import in_plane
from ablation.data.readers.reader import Progress, silent
from ablation.errors import AblateError
from ablation.experiments.experiment import Experiment
from ablation.experiments.inputs import is_3d, patch_extent, samples
from ablation.experiments.scoring import SPLITS
from ablation.files.atomic import write_whole
from ablation.inference.choose import options
from ablation.inference.tiles import tiles_of
from ablation.inference.tta import views_of
from ablation.models import ONE_TARGET, structure
from ablation.statistics.power import (
    minimum_attainable_p,
    minimum_detectable_effect,
    patients_needed,
)
from tracking import fields
from tracking.sealed import read_sound, sealed

BYTES_PER_WEIGHT = 4
RESUME_COPIES = 4
"""A resume state holds weights, the best weights and two moments of Adam."""
DATABASES_BYTES = 5_000_000
"""Two databases, logs and tables of a small study."""
SMALLEST_P = 0.05
ENOUGH_PATIENTS = 60
"""Below, a part of the patients tests too few, and cross-validation is worth its cost."""
USUAL_FOLDS = 4


@dataclass(frozen=True, slots=True)
class Rates:
    """How long the parts of a study take, seconds."""

    start_s: float = 0.0
    """Of a worker: imports, building, tracing."""
    train_s: float = 0.0
    """Of the steps of an epoch."""
    validate_s: float = 0.0
    """Of the validation of an epoch."""
    after_trial_s: float = 0.0
    """From the last epoch of a trial to its result: search and scoring."""
    after_final_s: float = 0.0
    """The same of a final run, which is scored on test too."""

    @property
    def epoch_s(self) -> float:
        """Of an epoch."""
        return self.train_s + self.validate_s


@dataclass(frozen=True, slots=True)
class Cost:
    """Trainings, time and disk of one design's study with its finals."""

    trainings: int
    epochs: int
    """Of one training, at most."""
    steps: int
    """Of one epoch."""
    seconds: float
    """Of the whole study, from this machine's own measured step; at most, when nothing stops early."""
    disk_bytes: int
    parameters: int
    rates: Rates = field(default_factory=Rates)


def cost_of(
    experiment: Experiment,
    slices: Slices,
    cache: Path,
    say: Progress = silent,
) -> Cost:
    """Return the cost of a study, measuring a training step where this machine has not yet."""
    config = experiment.config
    measured = _measured(experiment, cache, say)
    read = samples(config, slices, experiment.split.train)
    steps = max(1, read.count // config.training.batch_size)
    if config.training.max_batches is not None:
        steps = min(steps, config.training.max_batches)
    watched = _slices(experiment, experiment.split.validation)
    finals = config.sweep.seeds or 0
    rates = Rates(
        start_s=measured["start_seconds"],
        train_s=steps * measured["step_seconds"],
        validate_s=watched * measured["slice_seconds"],
        after_trial_s=_predicted(experiment, "trial") * measured["slice_seconds"],
        after_final_s=_predicted(experiment, "final") * measured["slice_seconds"],
    )
    trainings = config.sweep.trials + finals
    kept = trainings if config.sweep.keep_checkpoints == "all" else 1 + finals
    parameters = int(measured["parameters"])
    return Cost(
        trainings=trainings,
        epochs=config.training.epochs,
        steps=steps,
        seconds=rates.start_s
        + trainings * config.training.epochs * rates.epoch_s
        + config.sweep.trials * rates.after_trial_s
        + finals * rates.after_final_s,
        disk_bytes=DATABASES_BYTES + parameters * BYTES_PER_WEIGHT * (kept + RESUME_COPIES),
        parameters=parameters,
        rates=rates,
    )


def _predicted(experiment: Experiment, kind: str) -> int:
    """Return how many slices a run of this kind predicts after training, every view counted."""
    views = len(views_of(options(experiment.config.inference, kind).ttas))
    patients = [name for split in SPLITS[kind] for name in getattr(experiment.split, split)]
    return views * _slices(experiment, patients)


def _slices(experiment: Experiment, patients: Sequence[str]) -> int:
    """Return how many slices of these patients are predicted; of tiles those of every tile."""
    config = experiment.config
    shapes = (experiment.dataset.patient(name).shape for name in patients)
    counts = (in_plane(shape, config.data.plane)[0] for shape in shapes)
    if not is_3d(config):
        return sum(counts)
    side, tile = config.data.image_size, patch_extent(config)
    overlap = config.inference.tile_overlap
    return sum(len(tiles_of((count, side, side), tile, overlap)) * tile[0] for count in counts)


def what_data_can_show(test_patients: int, designs: int) -> str:
    """Return in words what a comparison on so many test patients can find.

    >>> what_data_can_show(2, 2)
    'test patients 2: no exact paired test can fall below p = 0.5; 6 or more are needed for p < 0.05'
    """
    comparisons = max(1, designs * (designs - 1) // 2)
    smallest = minimum_attainable_p(test_patients)
    needed = patients_needed(comparisons, SMALLEST_P)
    said = f"test patients {test_patients}: "
    if test_patients < needed:
        return said + (
            f"no exact paired test can fall below p = {smallest:.3g}; "
            f"{needed} or more are needed for p < {SMALLEST_P}"
        )
    effect = minimum_detectable_effect(test_patients, SMALLEST_P / comparisons)
    return (
        said
        + f"80 % power for differences of d_z >= {effect:.2f}; smallest possible p = {smallest:.2g}"
    )


def what_folds_would_show(patients: int, designs: int) -> list[str]:
    """Return in words what cross-validation would find instead; nothing where a part is enough.

    >>> what_folds_would_show(13, 2)
    ['--folds 4 gives 13 pairs (p down to 0.00024, 80 % power for d_z >= 0.85) at 4x the cost']
    """
    if patients >= ENOUGH_PATIENTS:
        return []
    folds = min(USUAL_FOLDS, patients)
    comparisons = max(1, designs * (designs - 1) // 2)
    can = f"p down to {minimum_attainable_p(patients):.2g}"
    if patients >= patients_needed(comparisons, SMALLEST_P):
        effect = minimum_detectable_effect(patients, SMALLEST_P / comparisons)
        can += f", 80 % power for d_z >= {effect:.2f}"
    return [f"--folds {folds} gives {patients} pairs ({can}) at {folds}x the cost"]


def _measured(experiment: Experiment, cache: Path, say: Progress) -> dict[str, float]:
    """Return step_seconds, slice_seconds and parameters, from the cache or measured now."""
    config = experiment.config
    shape = [structure(config.model), experiment.image_shape, config.training.batch_size]
    shape += [asdict(experiment.outputs)] if experiment.outputs != ONE_TARGET else []
    shape += [config.training.precision, config.data.augmentation, config.loss.name]
    machine = [platform.node(), usable_cores(), config.training.threads, gpu_present()]
    key = hashlib.sha256(json.dumps([shape, machine], default=str).encode()).hexdigest()[:16]
    known = cache / "steps-3" / f"{key}.json"
    with suppress(OSError, TypeError, ValueError):  # never measured, or damaged: measured now
        return {name: fields.number(name, one) for name, one in read_sound(known).items()}
    say(f"measuring one training step of {experiment.design} (once per machine and network size)")
    answer = _measure(experiment)
    write_whole(known, json.dumps(sealed(answer)))
    return answer


def _measure(experiment: Experiment) -> dict[str, float]:
    request = {
        "config": experiment.config.model_dump(mode="json"),
        "image_shape": experiment.image_shape,
        "outputs": asdict(experiment.outputs),
    }
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "ablation.training.measure"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    if done.returncode != 0 or not lines:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise AblateError(
            f"{experiment.design}: a training step cannot be run: {last}",
            hint="Try a smaller data.image_size or training.batch_size; ablate doctor shows the machine.",
        )
    answer = json.loads(lines[-1])
    if "error" in answer:
        raise AblateError(f"{experiment.design}: {answer['error']}", hint=answer["hint"])
    # A worker begins as this process did: imports, building, tracing.
    return {**answer, "start_seconds": time.perf_counter() - started}


def summed(costs: Sequence[Cost]) -> Cost:
    """Return the cost of several studies one after the other."""
    return Cost(
        trainings=sum(cost.trainings for cost in costs),
        epochs=max(cost.epochs for cost in costs),
        steps=max(cost.steps for cost in costs),
        seconds=sum(cost.seconds for cost in costs),
        disk_bytes=sum(cost.disk_bytes for cost in costs),
        parameters=max(cost.parameters for cost in costs),
    )
