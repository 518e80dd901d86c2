"""A small network that was trained on flipped, anisotropic NIfTI files, and the same scans elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from ablation.config import resolve
from ablation.data import Patient, open_dataset, prepare
from ablation.data.readers.phantom_patients import generate
from ablation.deploy import network
from ablation.experiments.experiment import Experiment, open_experiment
from ablation.experiments.external import points_of
from ablation.experiments.objective import Objective
from ablation.experiments.study import write_plan
from ablation.inference.maps import Maps
from sweeps import Assignment, Complete
from tracking.names import RunName
from tracking.record import RunFolder
from tracking.workspace import attempts, design_folder

SETTINGS = {
    "data.image_size": 32,
    "data.target": "WT",
    "data.targets": {"WT": [1, 2, 3]},
    "model.base": 4,
    "model.depth": 2,
    "training.epochs": 2,
    "training.max_batches": 6,
    "inference.tta": "hflip",
    "inference.search": "threshold",
}
FLIPPED = np.array(
    [
        [0.0, 0.0, 3.1, -60.5],
        [-0.9, 0.0, 0.0, 71.25],
        [0.0, 1.2, 0.0, -40.0],
        [0.0, 0.0, 0.0, 1.0],
    ]
)
"""Of files whose axes grow to back, head and right, with voxels of 0.9, 1.2 and 3.1 mm."""


def save_flipped(path: Path, values: NDArray[np.generic], affine: NDArray[np.float64]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nibabel.Nifti1Image(np.ascontiguousarray(values[:, ::-1]), affine)
    image.header.set_xyzt_units("mm")
    nibabel.save(image, path)


def write_flipped(root: Path, patients: list[Patient]) -> Path:
    """A raw data set of nnU-Net whose arrays are stored in an unusual order."""
    for patient in patients:
        assert patient.truth is not None
        flair = patient.volumes[patient.modalities.index("flair")].astype(np.int16)
        truth = np.minimum(patient.truth, 3)
        save_flipped(root / "imagesTr" / f"{patient.id}_0000.nii.gz", flair, FLIPPED)
        save_flipped(root / "labelsTr" / f"{patient.id}.nii.gz", truth, FLIPPED)
    labels = {"background": 0, "necrosis": 1, "edema": 2, "enhancing tumor": 3}
    described = {
        "channel_names": {"0": "FLAIR"},
        "labels": labels,
        "numTraining": len(patients),
        "file_ending": ".nii.gz",
    }
    (root / "dataset.json").write_text(json.dumps(described))
    return root


@dataclass(frozen=True)
class Trained:
    root: Path
    experiment: Experiment
    run: RunFolder

    @property
    def network(self) -> network.Network:
        return network.network_of(self.run.path, self.root / "cache")

    def evaluated(self, data: Path) -> dict[str, NDArray[np.bool_]]:
        """The masks that `evaluate` scores, of every labelled patient of a folder."""
        config = self.experiment.config.model_copy(
            update={
                "data": self.experiment.config.data.model_copy(
                    update={"path": str(data), "source": "auto", "targets": {}}
                )
            }
        )
        dataset = open_dataset(config.data, self.root / "cache")
        slices = prepare(dataset, config.data, self.root / "cache")
        (point,) = points_of(self.run, ("WT",), config.inference.element).values()
        predictor = self.network.trainer().predictor
        maps = Maps(predictor, slices, (point.tta,))
        return {facts.id: point.mask(maps(facts.id, point.tta, "WT")) for facts in dataset.patients}


@pytest.fixture(scope="session")
def patients() -> list[Patient]:
    return [generate(number, 0) for number in range(4)]


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, patients: list[Patient]) -> Trained:
    root = tmp_path_factory.mktemp("deploy")
    data = write_flipped(root / "flipped", patients)
    flags = SETTINGS | {"data.path": str(data)}
    config = resolve(preset="cpu-demo", flags=flags).config
    experiment = open_experiment(config, preset="cpu-demo", cache=root / "cache")
    write_plan(experiment, root / "runs")
    slices = prepare(experiment.dataset, experiment.config.data, root / "cache")
    objective = Objective(experiment, root / "runs", slices, "parent")
    assignment = Assignment(
        kind="final", study=experiment.study, number=0, attempt=0, first_attempt=0, params={},
        seed=101, facts={}, report=lambda *_: False, interrupted=lambda: False,
    )  # fmt: skip
    outcome = objective(assignment)
    assert isinstance(outcome, Complete), outcome
    design = design_folder(root / "runs", experiment.name, experiment.design)
    (final,) = attempts(design, RunName("final", 101))
    return Trained(root, experiment, final)


@pytest.fixture(scope="session", autouse=True)
def built_once() -> Iterator[None]:
    """Build the network of a run once: its weights do not change between tests."""
    with pytest.MonkeyPatch.context() as patch:
        build, built = network.trainer_of, {}

        def once(run: RunFolder, *words: object) -> object:
            if run.path not in built:
                built[run.path] = build(run, *words)
            return built[run.path]

        patch.setattr(network, "trainer_of", once)
        yield
