"""Raw data sets of nnU-Net and of the Decathlon, as their owners bring them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from ablation.config import resolve
from ablation.config.sections import DataConfig
from ablation.data import Dataset, Patient, open_dataset, prepare, survey
from ablation.errors import AblateError, DataError, UsageError

Brains = tuple[Patient, ...]


@pytest.fixture(scope="module")
def scans(layouts: ModuleType, brains: Brains, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return layouts.write_nnunet(tmp_path_factory.mktemp("raw") / "Dataset001_Phantom", brains)


@pytest.fixture
def copy(scans: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(scans, tmp_path / "copy"))


def opened(path: Path, cache: Path, **settings: object) -> Dataset:
    return open_dataset(DataConfig.model_validate({"path": str(path), **settings}), cache)


def assert_same_scans(dataset: Dataset, brains: Brains, channels: tuple[str, ...]) -> None:
    """The patients, voxels and volumes of truth are those of the phantom."""
    assert [facts.id for facts in dataset.patients] == [patient.id for patient in brains]
    for facts, original in zip(dataset.patients, brains, strict=True):
        assert original.truth is not None
        assert facts.spacing_mm == (3.0, 1.0, 1.0)
        for target, labels in {"WT": (1, 2, 4), "TC": (1, 4), "ET": (4,)}.items():
            assert facts.target_voxels[target] == np.isin(original.truth, labels).sum()
        patient = dataset.reader.read(dataset.places[facts.id]).patient
        assert patient is not None
        assert patient.modalities == channels
        np.testing.assert_array_equal(patient.truth, original.truth)
        wanted = [original.modalities.index(name) for name in channels]
        np.testing.assert_array_equal(patient.volumes, original.volumes[wanted])


def test_a_raw_data_set_holds_the_patients_it_was_made_from(
    scans: Path, brains: Brains, tmp_path: Path
) -> None:
    dataset = opened(scans, tmp_path)
    assert (dataset.name, dataset.distance_unit, dataset.findings) == ("nnunet", "mm", ())
    assert_same_scans(dataset, brains, ("t1ce", "flair"))
    assert dataset.targets == {"WT": (1, 2, 3, 4), "TC": (1, 3, 4), "ET": (4,)}
    said = "\n".join(dataset.reader.said)
    assert "3 cases in imagesTr, a file for each channel, channels flair, t1ce" in said
    assert "1 is oedema; 2 is necrosis; 3 is enhancing tumour" in said


def test_a_decathlon_data_set_has_the_fingerprint_of_the_same_patients(
    scans: Path, layouts: ModuleType, brains: Brains, tmp_path: Path
) -> None:
    dataset = opened(layouts.write_decathlon(tmp_path / "Task01", brains), tmp_path / "cache")
    assert_same_scans(dataset, brains, ("t1ce", "flair"))
    assert dataset.findings == ()
    assert dataset.fingerprint == opened(scans, tmp_path / "cache").fingerprint


def test_regions_of_nnunet_are_told_by_their_names(
    layouts: ModuleType, brains: Brains, tmp_path: Path
) -> None:
    regions = {"background": 0, "whole tumor": [1, 2, 3], "tumor core": [2, 3], "enhancing": 3}
    root = layouts.write_nnunet(tmp_path / "regions", brains, labels=regions)
    assert_same_scans(opened(root, tmp_path / "cache"), brains, ("t1ce", "flair"))


def test_labels_with_other_names_are_targets(
    layouts: ModuleType, brains: Brains, tmp_path: Path
) -> None:
    names = {"background": 0, "left atrium (LA)": 1, "wall": 2, "both": [1, 2], "ignore": 3}
    root = layouts.write_nnunet(tmp_path / "heart", brains, labels=names)
    dataset = opened(root, tmp_path / "cache")
    assert dataset.targets == {"both": (1, 2), "left_atrium_LA": (1,), "wall": (2,)}
    assert "label 3 of dataset.json is to be ignored: read as background" in dataset.reader.said
    oedema, necrosis = (
        sum(int((patient.truth == label).sum()) for patient in brains) for label in (2, 1)
    )
    assert sum(facts.target_voxels["both"] for facts in dataset.patients) == oedema + necrosis
    slices = prepare(dataset, DataConfig(path=str(root), image_size=64), tmp_path / "cache")
    assert slices.images.shape[-1] == 1  # flair, as the default says
    assert slices.masks.sum() == oedema + necrosis  # the first target where there is no WT


@pytest.mark.parametrize("as_text", [True, False])
def test_targets_are_named_by_the_configuration(
    scans: Path, brains: Brains, tmp_path: Path, as_text: bool
) -> None:
    file = tmp_path / "ablate.toml"
    file.write_text("[data.targets]\nrim = [3]\ncore = [2, 3]\n")
    given = {"assignments": ["data.targets=rim=3;core=2,3"]} if as_text else {"file": file}
    data = resolve(**given).config.data
    dataset = open_dataset(data.model_copy(update={"path": str(scans)}), tmp_path / "cache")
    assert dataset.targets == {"core": (2, 3), "rim": (3,)}
    assert [facts.target_voxels["core"] for facts in dataset.patients] == [
        int(np.isin(patient.truth, (1, 4)).sum()) for patient in brains
    ]
    assert "label 1 is in no target of [data.targets]: read as background" in dataset.reader.said


def test_targets_of_brats_scans_are_named_by_the_configuration(tmp_path: Path) -> None:
    data = DataConfig(source="phantom", phantom_patients=3, targets={"necrosis": (1,)})
    dataset = open_dataset(data.model_copy(update={"target": "necrosis"}), tmp_path)
    assert dataset.targets == {"necrosis": (1,)}
    with pytest.raises(UsageError, match=r"data\.targets: rim has label 9, a truth of phantom has"):
        open_dataset(DataConfig(source="phantom", targets={"rim": (9,)}), tmp_path)


@pytest.mark.parametrize("text", ["WT", "WT=0", "WT=", "WT=1;WT=2", "WT=a", "WT=300"])
def test_targets_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"data\.targets"):
        resolve(assignments=[f"data.targets={text}"])


def change_json(root: Path, **changes: object) -> None:
    path = root / "dataset.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no mask": (
        lambda root: (root / "labelsTr/phantom_001.nii.gz").unlink(),
        "labelsTr/phantom_001.nii.gz: is missing; imagesTr/phantom_001_0000.nii.gz has no mask",
    ),
    "no image": (
        lambda root: [path.unlink() for path in root.glob("imagesTr/phantom_001_*")],
        "labelsTr/phantom_001.nii.gz: has no image of its name in imagesTr",
    ),
    "label": (
        lambda root: change_json(root, labels={"background": 0, "edema": 1, "rim": 2}),
        "labelsTr/phantom_000.nii.gz: holds label 3 in ",
    ),
    "no channel": (
        lambda root: (root / "imagesTr/phantom_001_0000.nii.gz").unlink(),
        "phantom_001: has no flair (data.modalities), only t1ce",
    ),
    "many channels": (
        lambda root: change_json(root, channel_names={"0": "FLAIR"}),
        "imagesTr/phantom_000_0001.nii.gz: is channel 1, dataset.json has 1 (flair)",
    ),
    "empty file": (
        lambda root: (root / "imagesTr/phantom_001_0000.nii.gz").write_bytes(b""),
        "imagesTr/phantom_001_0000.nii.gz: is empty (0 bytes)",
    ),
    "empty folder": (
        lambda root: [path.unlink() for path in root.glob("imagesTr/*")],
        "imagesTr: holds no file",
    ),
    "no numbers": (
        lambda root: change_json(root, labels={"rim": "one"}),
        "dataset.json: labels are whole numbers",
    ),
    "no labels": (lambda root: change_json(root, labels={}), "dataset.json: has no labels"),
    "no json": (
        lambda root: (root / "dataset.json").write_text("{"),
        "dataset.json: cannot be read as JSON",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_its_file(copy: Path, tmp_path: Path, fault: str) -> None:
    damage, expected = FAULTS[fault]
    damage(copy)
    with pytest.raises(AblateError) as caught:
        opened(copy, tmp_path / "cache")
    assert expected in caught.value.message
    assert caught.value.hint


def test_shapes_that_differ_are_named(
    copy: Path, layouts: ModuleType, brains: Brains, tmp_path: Path
) -> None:
    first, second, third = brains
    channel = layouts.images_of(second, "flair")[0, 1:]
    layouts.save_nifti(copy / "imagesTr" / f"{second.id}_0001.nii.gz", channel)
    layouts.save_nifti(copy / "labelsTr" / f"{third.id}.nii.gz", layouts.labels_of(third)[:, 1:])
    layouts.save_nifti(
        copy / "labelsTr" / f"{first.id}.nii.gz", (layouts.labels_of(first) > 0) * np.uint8(255)
    )
    with pytest.raises(DataError) as caught:
        opened(copy, tmp_path / "cache")
    message = caught.value.message
    assert "3 faults in 3 of 3 patients" in message
    assert (
        "phantom_001_0001.nii.gz: is 64x64x7 voxels, the voxels of the other files are 64x64x8"
        in message
    )
    assert "phantom_002.nii.gz: is 64x63x8 voxels, the voxels of the image are 64x64x8" in message
    assert (
        "phantom_000.nii.gz: is a mask saved as 0 and 255, dataset.json has label 1, 2, 3"
        in message
    )


def test_images_without_masks_are_unlabelled(copy: Path, tmp_path: Path) -> None:
    shutil.move(copy / "imagesTr", copy / "imagesTs")
    dataset = survey(DataConfig(path=str(copy / "imagesTs")), tmp_path / "cache")
    assert [facts.labelled for facts in dataset.patients] == [False] * 3
    assert dataset.modalities == ("t1ce", "flair")
