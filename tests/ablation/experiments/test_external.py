"""An external test set: the same network, threshold and cleaning on patients it has never seen."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np
import pytest

from ablation.config import resolve
from ablation.data import prepare, write_phantom
from ablation.data.readers.reader import silent
from ablation.errors import AblateError, DataError, UsageError
from ablation.experiments.experiment import Experiment, open_experiment
from ablation.experiments.external import evaluate_on
from ablation.experiments.objective import Objective
from ablation.experiments.rescoring import evaluate_run
from ablation.experiments.study import write_plan
from ablation.metrics.table import read_cases
from sweeps import Assignment, Complete
from tracking import names
from tracking.names import RunName
from tracking.record import RunFolder
from tracking.workspace import attempts, design_folder

SETTINGS = {
    "data.image_size": 32,
    "model.base": 4,
    "model.depth": 2,
    "training.epochs": 2,
    "training.max_batches": 6,
}


@dataclass(frozen=True)
class Trained:
    """A trial and a final on generated patients in TIFF files."""

    root: Path
    experiment: Experiment
    trial: RunFolder
    final: RunFolder

    def on(
        self,
        data: Path,
        run: RunFolder | None = None,
        experiment: str | None = None,
        *,
        skip_bad: bool = False,
    ):
        said: list[str] = []
        folder = (run or self.final).path
        done = evaluate_on(folder, self.root / "runs", self.root / "cache", str(data), experiment, said.append, skip_bad=skip_bad)  # fmt: skip
        return done, said


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    root = tmp_path_factory.mktemp("external")
    write_phantom(root / "own", 5, 0, silent)
    write_phantom(root / "seed7", 7, 7, silent)
    flags = SETTINGS | {"data.path": str(root / "own")}
    config = resolve(preset="cpu-demo", flags=flags).config
    experiment = open_experiment(config, preset="cpu-demo", cache=root / "cache")
    write_plan(experiment, root / "runs")
    slices = prepare(experiment.dataset, config.data, root / "cache")
    objective = Objective(experiment, root / "runs", slices, "parent")
    for kind, seed in (("trial", None), ("final", 101)):
        assignment = Assignment(
            kind=kind, study=experiment.study, number=0, attempt=0, first_attempt=0, params={},
            seed=seed, facts={}, report=lambda *_: False, interrupted=lambda: False,
        )  # fmt: skip
        assert isinstance(objective(assignment), Complete)
    design = design_folder(root / "runs", experiment.name, experiment.design)
    (trial,), (final,) = (
        attempts(design, RunName("trial", 0)),
        attempts(design, RunName("final", 101)),
    )
    return Trained(root, experiment, trial, final)


def copied(trained: Trained, name: str, **patients: str) -> Path:
    """Copy patients to a new folder under other names: new name = folder/old name."""
    data = trained.root / name
    for new, old in patients.items():
        (data / new).mkdir(parents=True)
        for file in sorted((trained.root / old).iterdir()):
            shutil.copy(file, data / new / file.name.replace(Path(old).name, new))
    return data


def test_a_test_patient_gets_the_scores_it_had(trained: Trained) -> None:
    (tested,) = trained.experiment.split.test
    data = copied(trained, "same", TCGA_AA_0001_1=f"own/{tested}")
    done, _ = trained.on(data)
    (row,) = done.rows
    recorded = read_cases(trained.final.path / names.PER_CASE).query("split == 'test'").iloc[0]
    for name in ("tp", "fp", "fn", "tn", "dice", "bce", "hd95", "truth_hash"):
        assert row[name] == recorded[name]
    assert (row["patient"], row["split"], done.left_out) == ("TCGA_AA_0001_1", "test", ())


def test_patients_seen_in_training_or_tuning_are_left_out_by_name_and_by_content(
    trained: Trained,
) -> None:
    split = trained.experiment.split
    first, second, tuned = *split.train[:2], split.validation[0]
    renamed = {"TCGA_BB_0001_1": f"own/{first}", "TCGA_BB_0002_1": f"own/{tuned}"}
    new = {second: "seed7/phantom_005", "TCGA_BB_0003_1": "seed7/phantom_006"}
    done, said = trained.on(copied(trained, "seen", **renamed, **new))
    assert done.left_out == ("TCGA_BB_0001_1", "TCGA_BB_0002_1", second)
    assert [row["patient"] for row in done.rows] == ["TCGA_BB_0003_1"]
    left_out = "left out, the run was trained or tuned on them: "
    assert f"{left_out}{', '.join(done.left_out)}" in said


def test_nothing_is_left_of_the_own_training_patients(trained: Trained) -> None:
    data = copied(trained, "none", TCGA_CC_0001_1=f"own/{trained.experiment.split.train[0]}")
    with pytest.raises(DataError, match="on every patient with a truth: TCGA_CC_0001_1"):
        trained.on(data)
    assert not (trained.root / "runs/lgg.on-none").exists()


def test_what_is_assumed_of_the_other_scans_is_said(trained: Trained) -> None:
    twins = {"TCGA_DD_0001_1": "seed7/phantom_004", "TCGA_DD_0002_1": "seed7/phantom_004"}
    done, said = trained.on(copied(trained, "twins", **twins))
    assert [row["patient"] for row in done.rows] == ["TCGA_DD_0001_1"]
    assert any(line.startswith("warning: TCGA_DD_0002_1: same images as") for line in said)


def test_unusable_patients_are_refused_or_left_out_by_name(trained: Trained) -> None:
    both = {"TCGA_EE_0001_1": "seed7/phantom_003", "TCGA_EE_0002_1": "seed7/phantom_004"}
    data = copied(trained, "damaged", **both)
    (data / "TCGA_EE_0001_1/TCGA_EE_0001_1_3.tif").write_bytes(b"")
    with pytest.raises(DataError, match=r"TCGA_EE_0001_1_3\.tif: is empty") as refused:
        trained.on(data)
    assert "--skip-bad" in refused.value.hint
    done, said = trained.on(data, skip_bad=True)
    assert [row["patient"] for row in done.rows] == ["TCGA_EE_0002_1"]
    assert any(line.startswith("error: TCGA_EE_0001_1/TCGA_EE_0001_1_3.tif") for line in said)


def test_scores_are_a_final_in_an_experiment_of_their_own(trained: Trained) -> None:
    data = copied(trained, "new set", TCGA_DD_0001_1="seed7/phantom_005")
    done, _ = trained.on(data)
    record, own = done.folder.record, trained.final.record
    assert done.folder.path == trained.root / "runs/lgg.on-new-set/unet/final-101.0"
    assert (record.kind, record.status, record.model) == ("final", "FINISHED", "unet")
    assert record.tags[names.EXTERNAL] == "new-set"
    assert record.tags[names.SEED] == "101"
    assert record.tags[names.SETTING] == own.tags[names.SETTING]
    facts = {
        fact: json.loads(record.tags[names.LEDGER + fact])
        for fact in ("threshold", "tta", "morphology", "external_test_set", "patients_left_out")
    }
    for fact in ("threshold", "tta", "morphology"):
        assert facts[fact] == json.loads(own.tags[names.LEDGER + fact])
    assert (facts["external_test_set"], facts["patients_left_out"]) == ("new-set", 0)
    table = read_cases(done.folder.path / names.PER_CASE)
    assert table["split"].tolist() == ["test"]
    assert len(read_cases(done.folder.path / names.PER_SLICE)) == int(table["shape"][0].split("x")[0])  # fmt: skip
    again, _ = trained.on(data)
    assert not again.is_new
    assert again.folder.path == done.folder.path
    assert again.rows[0]["dice"] == done.rows[0]["dice"]
    of_trial, _ = trained.on(data, trained.trial)
    assert of_trial.folder.path.name == "trial-0.0"


def test_scores_on_other_patients_never_share_an_experiment(trained: Trained) -> None:
    one = copied(trained, "one", TCGA_EE_0001_1="seed7/phantom_003")
    other = copied(trained, "other", TCGA_EE_0001_1="seed7/phantom_004")
    with pytest.raises(UsageError, match="experiment lgg holds scores on other scans"):
        trained.on(one, experiment="lgg")
    trained.on(one, experiment="hospital")
    with pytest.raises(UsageError, match="experiment hospital holds scores on other scans"):
        trained.on(other, experiment="hospital")
    with pytest.raises(UsageError, match="--experiment 'a/b'"):
        trained.on(one, experiment="a/b")


def test_scores_have_no_weights_to_score_again(trained: Trained) -> None:
    done, _ = trained.on(copied(trained, "last", TCGA_FF_0001_1="seed7/phantom_002"))
    with pytest.raises(AblateError, match="holds scores on other scans") as caught:
        evaluate_run(done.folder.path, trained.root / "runs", trained.root / "cache")
    assert "evaluate RUN --data" in caught.value.hint
    with pytest.raises(AblateError, match="holds scores on other scans"):
        trained.on(trained.root / "last", done.folder)


def test_scans_without_the_modality_are_refused_by_name(trained: Trained) -> None:
    folder = trained.root / "brats" / "P1"
    folder.mkdir(parents=True)
    values = np.random.default_rng(0).normal(size=(8, 8, 4)).astype(np.float32)
    for name, array in (("T1c", values), ("OT", (values > 1).astype(np.uint8))):
        image = nibabel.Nifti1Image(array, np.diag([-1.0, -1, 1, 1]))
        nibabel.save(image, folder / f"{name}.nii.gz")
    with pytest.raises(DataError, match=r"has no flair \(data.modalities\)"):
        trained.on(folder.parent)
    with pytest.raises(DataError, match="there is no such folder"):
        trained.on(trained.root / "nowhere")
