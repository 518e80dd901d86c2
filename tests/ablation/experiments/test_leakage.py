"""Whom a run has seen is known by the rules of the layouts, in any data set and under hashed ids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
import tifffile

from ablation.config import resolve
from ablation.config.sections import DataConfig
from ablation.data import READERS, Dataset, PatientFacts, open_dataset
from ablation.errors import DataError
from ablation.experiments.experiment import open_experiment
from ablation.experiments.leakage import unseen
from ablation.experiments.rescoring import experiment_of
from ablation.experiments.study import write_plan
from tracking import names
from tracking.record import RunRecord

IDS = ("plain", "hashed")


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABLATE_ID_KEY", "secret")


def write_slices(root: Path, name: str, content: int) -> None:
    """Write a patient of the lgg layout; the same content gives the same images."""
    folder = root / name
    folder.mkdir(parents=True)
    rng = np.random.default_rng(content)
    for number in (1, 2):
        image = rng.integers(0, 256, (16, 16, 3), np.uint8)
        mask = np.zeros((16, 16), np.uint8)
        mask[4:8, 4:8] = 255
        tifffile.imwrite(folder / f"{name}_{number}.tif", image, photometric="rgb")
        tifffile.imwrite(folder / f"{name}_{number}_mask.tif", mask)


def write_volumes(root: Path, name: str, content: int) -> None:
    """Write a patient of the BraTS layout; without a truth where the content is negative."""
    folder = root / name
    folder.mkdir(parents=True)
    rng = np.random.default_rng(abs(content))
    for word in ("t1n", "t1c", "t2w", "t2f", "seg"):
        values = rng.integers(1, 99, (8, 8, 4)).astype(np.int16)
        if word == "seg":
            values = (values > 90).astype(np.int16)
        if word != "seg" or content > 0:
            image = nibabel.Nifti1Image(values, np.diag([-1.0, -1, 1, 1]))
            nibabel.save(image, folder / f"{name}-{word}.nii.gz")


Write = Callable[[Path, str, int], None]


def scans(tmp_path: Path, write: Write, ids: str, own: dict[str, int], other: dict[str, int]):
    """Return two data sets: that of the run, and one to test on."""
    opened = []
    for place, content in (("own", own), ("other", other)):
        for name, number in content.items():
            write(tmp_path / place, name, number)
        data = DataConfig(path=str(tmp_path / place), ids=ids)
        opened.append(open_dataset(data, tmp_path / "cache"))
    return opened


def kept(own: Dataset, other: Dataset) -> list[int]:
    """Return which patients are left of those in alphabetical order, all of `own` having been seen."""
    names = sorted(other.places, key=lambda name: other.places[name])
    left = {facts.id for facts in unseen(other, own, [facts.id for facts in own.patients])}
    return [number for number, name in enumerate(names) if name in left]


@pytest.mark.parametrize("ids", IDS)
def test_another_time_point_of_a_brats_patient_is_seen(ids: str, tmp_path: Path) -> None:
    own = {"BraTS-GLI-00012-000": 1, "BraTS-GLI-00020-000": 2}
    other = {"BraTS-GLI-00012-101": 3, "BraTS-GLI-00013-000": 4}
    assert kept(*scans(tmp_path, write_volumes, ids, own, other)) == [1]


@pytest.mark.parametrize("ids", IDS)
def test_another_date_of_a_patient_of_the_cancer_genome_atlas_is_seen(
    ids: str, tmp_path: Path
) -> None:
    own = {"TCGA_CS_4941_19960909": 1, "TCGA_CS_4942_19970222": 2}
    other = {"TCGA_CS_4941_20010101": 3, "TCGA_DU_4941_19960909": 4}
    assert kept(*scans(tmp_path, write_slices, ids, own, other)) == [1]


@pytest.mark.parametrize("ids", IDS)
def test_a_layout_of_one_s_own_has_its_own_rule(ids: str, tmp_path: Path) -> None:
    mine = replace(READERS["lgg"], name="mine", person=lambda name: name.partition("-")[0])
    own, other = {"A-1": 1, "B-1": 2}, {"A-2": 3, "C-1": 4}
    with READERS.having(mine):
        for place, content in (("own", own), ("other", other)):
            for name, number in content.items():
                write_slices(tmp_path / place, name, number)
        one, two = (
            open_dataset(
                DataConfig(path=str(tmp_path / place), source=source, ids=ids), tmp_path / "cache"
            )
            for place, source in (("own", "mine"), ("other", "auto"))
        )
        assert (one.name, two.name) == ("mine", "lgg")
        assert kept(one, two) == [1]
        assert kept(two, one) == [1]


def test_a_person_is_recognised_although_one_data_set_has_hashed_ids(tmp_path: Path) -> None:
    own = {"BraTS-GLI-00012-000": 1, "BraTS-GLI-00020-000": 2}
    other = {"BraTS-GLI-00012-101": 3, "BraTS-GLI-00020-000": 5, "BraTS-GLI-00021-000": 4}
    plain, _ = scans(tmp_path, write_volumes, "plain", own, other)
    hashed = open_dataset(
        DataConfig(path=str(tmp_path / "other"), ids="hashed"), tmp_path / "cache"
    )
    assert kept(plain, hashed) == [2]
    assert kept(hashed, plain) == []


@pytest.mark.parametrize("ids", IDS)
def test_the_same_images_under_another_name_are_seen(ids: str, tmp_path: Path) -> None:
    own = {"A": 1, "B": 2}
    assert kept(*scans(tmp_path, write_slices, ids, own, {"X": 1, "Y": 3})) == [1]


@pytest.mark.parametrize("ids", IDS)
def test_who_is_known_by_one_examination_is_left_out_with_all(ids: str, tmp_path: Path) -> None:
    # The unlabelled examination has been seen; the labelled one of the same person is another.
    own = {"BraTS2021_00001": 1, "BraTS2021_00002": 2}
    other = {"BraTS-GLI-00007-000": -1, "BraTS-GLI-00007-001": 3, "BraTS-GLI-00008-000": 4}
    assert kept(*scans(tmp_path, write_volumes, ids, own, other)) == [2]


def test_an_unlabelled_examination_of_a_trained_person_tells_its_names(tmp_path: Path) -> None:
    # Two releases of one person: what the second calls them is known from its unlabelled images.
    own = {"BraTS2021_00001": 1, "BraTS-GLI-00007-000": -1, "BraTS2021_00002": 2}
    other = {"BraTS-GLI-00007-001": 3, "BraTS-GLI-00008-000": 4}
    assert kept(*scans(tmp_path, write_volumes, "hashed", own, other)) == [1]


def test_only_patients_that_trained_or_tuned_are_seen() -> None:
    def opened(*names: str) -> Dataset:
        facts = [
            PatientFacts(name, (1, 1, 1), None, 1, 1, 1, "", name + str(len(names)), True)
            for name in names
        ]
        called = {name: frozenset({name}) for name in names}
        return Dataset("lgg", None, False, "px", ("flair",), tuple(facts), (), "", {}, called)

    own, other = opened("P1", "P2", "P3"), opened("P2", "P3")
    assert [facts.id for facts in unseen(other, own, ("P1", "P2"))] == ["P3"]


def test_a_run_whose_key_is_lost_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 6):
        write_slices(tmp_path / "own", f"P{number}", number)
    flags = {"data.path": str(tmp_path / "own"), "data.ids": "hashed"}
    config = resolve(preset="cpu-demo", flags=flags).config
    experiment = open_experiment(config, preset="cpu-demo", cache=tmp_path / "cache")
    write_plan(experiment, tmp_path)
    tags = {
        names.DATA: experiment.dataset.fingerprint,
        names.SPLIT: experiment.split.fingerprint,
    }
    record = RunRecord("trial", "lgg", "unet", "0.0", experiment.study, tags=tags)
    monkeypatch.setenv("ABLATE_ID_KEY", "another")
    with pytest.raises(DataError, match=r"not the split that run 0\.0 was made with") as caught:
        experiment_of(record, tmp_path, tmp_path / "cache")
    assert "ABLATE_ID_KEY must hold the key of that time" in caught.value.hint
