"""What a training is watched on: a few training patients, and a few validation slices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ablation.config import Config
from ablation.data import Slices
from ablation.errors import DataError
from ablation.experiments.experiment import Experiment
from ablation.experiments.inputs import samples

PATIENTS = 2
"""Training patients whose Dice is followed; more where they have few slices."""
SLICES = 32
"""So many slices the followed patients have together, where there are as many."""
BATCHES = 2
"""Batches of validation slices whose loss is followed."""


def training_sample(experiment: Experiment) -> tuple[str, ...]:
    """Return the training patients whose Dice is followed: evenly over the volumes of tumour.

    They depend on the split alone, so that all trials of a study follow the same ones.
    """
    names = {*experiment.split.train}
    facts = [one for one in experiment.dataset.patients if one.id in names]
    target = next(iter(experiment.targets))
    with_tumour = [one for one in facts if one.target_voxels.get(target, one.tumour_voxels)]
    ordered = sorted(with_tumour or facts, key=lambda one: (one.tumour_voxels, one.id))
    slices = sum(one.slices for one in ordered) / len(ordered)
    count = min(len(ordered), max(PATIENTS, -(-SLICES // max(1, round(slices)))))
    return tuple(
        ordered[(2 * place + 1) * len(ordered) // (2 * count)].id for place in range(count)
    )


def loss_rows(slices: Slices, validation: tuple[str, ...], config: Config) -> NDArray[np.intp]:
    """Return the validation slices whose loss is followed: evenly over those that would be trained on."""
    try:
        rows = samples(config, slices, validation).rows
    except DataError:  # no validation slice has tumour enough
        return np.array([], np.intp)
    if callable(rows):  # patches are drawn from a seed: the same ones after every epoch
        rows = rows(0)
    wanted = min(len(rows), BATCHES * config.training.batch_size)
    evenly: NDArray[np.intp] = rows[np.arange(wanted) * len(rows) // max(1, wanted)]
    return evenly
