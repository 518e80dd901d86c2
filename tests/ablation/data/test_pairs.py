"""Folders of images and masks, and tables of paths, as their owners bring them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import nibabel
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from ablation.cli.data import app
from ablation.config.sections import DataConfig
from ablation.data import Dataset, Patient, open_dataset, prepare, split_patients, survey
from ablation.errors import AblateError, DataError, UsageError

Brains = tuple[Patient, ...]
LABELS = {"WT": (1, 2, 3), "ET": (3,)}


def opened(path: Path, cache: Path, **settings: object) -> Dataset:
    return open_dataset(DataConfig.model_validate({"path": str(path), **settings}), cache)


@pytest.fixture(scope="module")
def scans(layouts: ModuleType, brains: Brains, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set of each layout, by its name."""
    root = tmp_path_factory.mktemp("own")
    for name in ("pairs", "png", "dicom", "table", "nnunet"):
        getattr(layouts, f"write_{name}")(root / name, brains)
    return root


@pytest.mark.parametrize("layout", ["pairs", "dicom", "table/scans.csv"])
def test_volumes_are_those_of_the_phantom(
    scans: Path, brains: Brains, tmp_path: Path, layout: str
) -> None:
    dataset = opened(scans / layout, tmp_path, targets=LABELS)
    assert dataset.name == ("table" if "table" in layout else "pairs")
    assert dataset.findings == ()
    assert [facts.id for facts in dataset.patients] == [patient.id for patient in brains]
    for facts, original in zip(dataset.patients, brains, strict=True):
        patient = dataset.reader.read(dataset.places[facts.id]).patient
        assert patient is not None
        assert original.truth is not None
        assert patient.spacing_mm == (3.0, 1.0, 1.0)
        flair = patient.volumes[patient.modalities.index("flair" if "table" in layout else "image")]
        np.testing.assert_array_equal(flair, original.volumes[3])
        assert facts.target_voxels == {
            "WT": int((original.truth > 0).sum()), "ET": int((original.truth == 4).sum())
        }  # fmt: skip


def test_the_same_patients_have_equal_fingerprints(scans: Path, tmp_path: Path) -> None:
    assert opened(scans / "pairs", tmp_path).fingerprint == opened(scans / "dicom", tmp_path).fingerprint  # fmt: skip
    table, raw = opened(scans / "table/scans.csv", tmp_path), opened(scans / "nnunet", tmp_path)
    assert table.fingerprint == raw.fingerprint
    named = opened(scans / "table/scans.csv", tmp_path, targets=LABELS)
    assert named.fingerprint == raw.fingerprint


def test_an_image_is_a_case_and_a_patient_has_many(
    scans: Path, brains: Brains, tmp_path: Path
) -> None:
    dataset = opened(scans / "png", tmp_path)
    assert (dataset.distance_unit, dataset.modalities) == ("px", ("image",))
    assert len(dataset.patients) == 24
    assert {facts.shape[0] for facts in dataset.patients} == {1}
    assert {facts.person for facts in dataset.patients} == {patient.id for patient in brains}
    for original in brains:
        assert original.truth is not None
        own = [f.tumour_voxels for f in dataset.patients if f.person == original.id]
        assert own == (original.truth > 0).sum(axis=(1, 2)).tolist()
    split = split_patients(dataset, DataConfig())
    parts = [dataset.persons(part) for part in (split.train, split.validation, split.test)]
    assert [len(part) for part in parts] == [1, 1, 1]
    assert "masks hold one label (255): one region, called WT (data.target)" in dataset.reader.said
    slices = prepare(dataset, DataConfig(image_size=64), tmp_path)
    assert slices.images.shape == (24, 64, 64, 1)


def test_what_was_detected_and_assumed_is_said(scans: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["check", str(scans / "pairs"), "--cache", str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert (
        "images and masks: 3 cases of 3 .nii.gz images and 3 masks, told apart by folders: images, masks"
        in result.stdout
    )
    assert (
        "labels 1, 2, 3 have no names: targets are all, label_1, label_2, label_3" in result.stdout
    )
    assert "pairs: 3 usable of 3 patients" in result.stdout


NAMES: dict[str, tuple[str, str]] = {
    "suffix": ("{0}.nii.gz", "{0}_seg.nii.gz"),
    "words": ("train_images/{0}.nii.gz", "train_masks/{0}_mask.nii.gz"),
    "channel": ("imagesTr/{0}_0000.nii.gz", "labelsTr/{0}.nii.gz"),
    "sequence": ("img/{0}_FLAIR.nii.gz", "gt/{0}.nii.gz"),
    "patients": ("{0}/image.nii.gz", "{0}/mask.nii.gz"),
    "both": ("{0}/images/a.nii.gz", "{0}/masks/a.nii.gz"),
    "content": ("a/{0}.nii.gz", "b/{0}.nii.gz"),
    "one name": ("scan/{0}.nii.gz", "drawn/{0}_label.nii.gz"),
}


@pytest.mark.parametrize("naming", NAMES)
def test_usual_names_are_understood(
    layouts: ModuleType, brains: Brains, tmp_path: Path, naming: str
) -> None:
    for patient in brains:
        files = (layouts.images_of(patient, "flair")[0], layouts.labels_of(patient))
        for name, values in zip(NAMES[naming], files, strict=True):
            layouts.save_nifti(tmp_path / "scans" / name.format(patient.id), values)
    dataset = opened(tmp_path / "scans", tmp_path / "cache", targets=LABELS)
    assert dataset.name == "pairs"
    assert dataset.modalities == (("flair",) if naming == "sequence" else ("image",))
    assert sorted(facts.tumour_voxels for facts in dataset.patients) == sorted(
        int((patient.truth > 0).sum()) for patient in brains if patient.truth is not None
    )
    names = {facts.id for facts in dataset.patients}
    expected = {patient.id for patient in brains}
    assert names == ({f"{one}_a" for one in expected} if naming == "both" else expected)


def test_channels_without_names_are_named_by_the_configuration(
    layouts: ModuleType, brains: Brains, tmp_path: Path
) -> None:
    root = layouts.write_nnunet(tmp_path / "scans", brains)
    (root / "dataset.json").unlink()
    assert opened(root, tmp_path / "cache").modalities == ("channel_0", "channel_1")
    named = opened(root, tmp_path / "cache", modalities="adc,dwi")
    assert named.modalities == ("adc", "dwi")


def test_colours_are_channels_and_grey_saved_in_colours_is_one(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for number in range(3):
        mask = np.zeros((40, 32), np.uint8)
        mask[5:20, 5 : 15 + number] = 1
        image = rng.integers(0, 256, (40, 32, 3), np.uint8)
        for folder, values, ending in (
            ("colour/images", image, "jpg"),
            ("colour/masks", mask, "png"),
            ("grey/images", np.repeat(image[..., :1], 3, axis=-1), "png"),
            ("grey/masks", mask * 255, "png"),
        ):
            path = tmp_path / folder / f"P{number}.{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(values).save(path)
    colour = opened(tmp_path / "colour", tmp_path / "cache")
    assert colour.modalities == ("blue", "green", "red")
    assert colour.patients[0].shape == (1, 40, 32)
    assert opened(tmp_path / "grey", tmp_path / "cache").modalities == ("image",)


def test_a_blank_image_says_nothing_about_persons(tmp_path: Path) -> None:
    for name in ("A1", "B1", "C1", "A2", "B2"):
        for folder in ("images", "masks"):
            values = np.zeros((32, 32), np.uint8)
            values[4:20, 4:20] = 0 if name[1] == "2" else 200 - ord(name[0])
            (tmp_path / "scans" / folder).mkdir(parents=True, exist_ok=True)
            if folder == "masks":
                values = (values > 0).astype(np.uint8)
            Image.fromarray(values).save(tmp_path / "scans" / folder / f"{name}.png")
    dataset = opened(tmp_path / "scans", tmp_path / "cache")
    assert {facts.id: facts.person for facts in dataset.patients} == {
        name: name for name in ("A1", "A2", "B1", "B2", "C1")
    }


def put_mask(root: Path, values: np.ndarray, name: str = "phantom_000_slice01_mask.png") -> None:
    (root / "masks/phantom_000_slice01_mask.png").unlink()
    Image.fromarray(values).save(root / "masks" / name)


FAULTS: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "no mask": (
        "pairs",
        lambda root: (root / "masks/phantom_001_seg.nii.gz").unlink(),
        "images/phantom_001.nii.gz: has no mask",
    ),
    "no image": (
        "pairs",
        lambda root: (root / "images/phantom_001.nii.gz").unlink(),
        "masks/phantom_001_seg.nii.gz: is a mask without an image",
    ),
    "shape": (
        "png",
        lambda root: put_mask(root, np.zeros((64, 63), np.uint8)),
        "masks/phantom_000_slice01_mask.png: is 64x63, the image: 64x64",
    ),
    "colours": (
        "png",
        lambda root: put_mask(root, np.zeros((64, 64, 3), np.uint8)),
        "masks/phantom_000_slice01_mask.png: is a mask in colours (64x64x3)",
    ),
    "lossy": (
        "png",
        lambda root: put_mask(root, np.zeros((64, 64), np.uint8), "phantom_000_slice01_mask.jpg"),
        "masks/phantom_000_slice01_mask.jpg: is a mask saved as JPEG",
    ),
    "0 and 255": (
        "pairs",
        lambda root: nibabel.save(
            nibabel.Nifti1Image(
                255 * np.eye(64, dtype=np.uint8)[..., None].repeat(8, 2), np.diag([-1.0, -1, 3, 1])
            ),
            root / "masks/phantom_001_seg.nii.gz",
        ),
        "masks/phantom_001_seg.nii.gz: is a mask saved as 0 and 255, the other masks have label 1, 2, 3",
    ),
    "not an image": (
        "png",
        lambda root: (root / "images/phantom_000_slice01.png").write_bytes(b"hello"),
        "images/phantom_000_slice01.png: cannot be decoded",
    ),
    "no slice": (
        "dicom",
        lambda root: (root / "images/phantom_001/097.dcm").unlink(),
        "images/phantom_001: has slices at uneven distances (3, 6 mm)",
    ),
    "not DICOM": (
        "dicom",
        lambda root: (root / "images/phantom_001/097.dcm").write_bytes(b"hello"),
        "images/phantom_001: holds 097.dcm, which cannot be read",
    ),
    "empty": (
        "png",
        lambda root: shutil.rmtree(root / "images"),
        "holds no patients of a known layout: found 24 .png in 1 folder",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_its_file(scans: Path, tmp_path: Path, fault: str) -> None:
    layout, damage, expected = FAULTS[fault]
    root = Path(shutil.copytree(scans / layout, tmp_path / "copy"))
    damage(root)
    with pytest.raises(AblateError) as caught:
        opened(root, tmp_path / "cache")
    assert expected in caught.value.message
    assert caught.value.hint


ROWS = {
    "missing file": (
        "phantom_000,scans/nothing.nii.gz,,scans/phantom_000-drawn.nii.gz,1",
        "line 2: no file scans/nothing.nii.gz in ",
    ),
    "empty patient": (
        ",,scans/phantom_000-flair.nii.gz,scans/phantom_000-drawn.nii.gz,1",
        "line 2: no patient",
    ),
    "duplicate": (
        "phantom_007,,scans/phantom_001-flair.nii.gz,scans/phantom_000-drawn.nii.gz,1",
        "scans/phantom_001-flair.nii.gz is in line 2 already",
    ),
    "no image": ("phantom_000,,,scans/phantom_000-drawn.nii.gz,1", "line 2: no image"),
    "cells": ("phantom_000,a", "line 2: 2 cells under 5 columns"),
}


@pytest.mark.parametrize("fault", ROWS)
def test_a_fault_of_a_table_is_named_with_its_line(scans: Path, tmp_path: Path, fault: str) -> None:
    row, expected = ROWS[fault]
    root = Path(shutil.copytree(scans / "table", tmp_path / "copy"))
    lines = (root / "scans.csv").read_text().splitlines()
    (root / "scans.csv").write_text("\n".join([lines[0], row, *lines[2:]]))
    with pytest.raises(DataError) as caught:
        opened(root / "scans.csv", tmp_path / "cache")
    assert str(root / "scans.csv") in caught.value.message
    assert expected in caught.value.message


def test_a_table_needs_patients_or_a_rule_for_them(scans: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(scans / "table", tmp_path / "copy"))
    table = root / "scans.csv"
    table.write_text("\n".join(line.partition(",")[2] for line in table.read_text().splitlines()))
    with pytest.raises(DataError, match="has no column patient, only t1ce, flair, mask, age"):
        opened(table, tmp_path / "cache")
    dataset = opened(table, tmp_path / "cache", patient_regex=r"(phantom_\d+)")
    assert [facts.id for facts in dataset.patients] == [f"phantom_00{n}-t1ce" for n in range(3)]


def test_voxel_sizes_come_from_the_table_where_files_have_none(scans: Path, tmp_path: Path) -> None:
    rows = ["patient,case,image,mask,spacing_x,spacing_y"]
    for path in sorted((scans / "png/images").iterdir())[:6]:
        mask = scans / "png/masks" / f"{path.stem}_mask.png"
        rows.append(f"P{len(rows) // 3},{path.stem},{path},{mask},0.5,0.7")
    table = tmp_path / "table.csv"
    table.write_text("\n".join(rows))
    dataset = survey(DataConfig(path=str(table)), tmp_path / "cache")
    assert dataset.distance_unit == "mm"
    assert {facts.spacing_mm for facts in dataset.patients} == {(1.0, 0.7, 0.5)}
    # The patient of a single examination goes by its name.
    assert {f.person for f in dataset.patients} == {"P0", "P1", "phantom_000_slice06"}
    table.write_text("\n".join([*rows[:-1], rows[-1].replace("0.7", "wide")]))
    with pytest.raises(DataError, match="line 7: spacing_y is 'wide', expected a number of mm"):
        survey(DataConfig(path=str(table)), tmp_path / "cache")


def test_labels_of_a_brain_are_told_by_the_rim(
    layouts: ModuleType, brains: Brains, tmp_path: Path
) -> None:
    swapped = [
        replace(patient, truth=np.array([0, 2, 1, 0, 4], np.uint8)[patient.truth])
        for patient in brains
    ]
    found = {}
    for name, patients in (("decathlon", brains), ("brats2023", swapped)):
        table = layouts.write_table(tmp_path / name, patients)
        dataset = opened(table, tmp_path / "cache")
        (decision,) = [str(finding) for finding in dataset.findings]
        assert (
            f"because {1 if name == 'decathlon' else 2} is the one that lies at the rim" in decision
        )
        found[name] = [facts.target_voxels for facts in dataset.patients]
    assert found["decathlon"] == found["brats2023"]


def test_labels_of_a_brain_that_can_mean_two_things_are_refused(
    layouts: ModuleType, brains: Brains, tmp_path: Path
) -> None:
    truth = np.zeros_like(brains[0].truth)
    truth[2:4, 10:20, 10:20], truth[2:4, 30:40, 10:20], truth[2:4, 50:60, 10:20] = 1, 2, 4
    table = layouts.write_table(tmp_path / "scans", [replace(p, truth=truth) for p in brains])
    with pytest.raises(DataError, match="1 and 2 can each be oedema") as caught:
        opened(table, tmp_path / "cache")
    assert "[data.targets]" in caught.value.hint


def test_persons_are_named_by_a_pattern_or_a_table(scans: Path, tmp_path: Path) -> None:
    table = tmp_path / "map.csv"
    table.write_text("case,patient\nphantom_000,A\nphantom_001,A\nphantom_002,B\n")
    by_map = survey(DataConfig(path=str(scans / "pairs"), patient_map=str(table)), tmp_path)
    assert [facts.person for facts in by_map.patients] == ["A", "A", "phantom_002"]
    by_regex = survey(DataConfig(path=str(scans / "pairs"), patient_regex="(phantom)"), tmp_path)
    assert {facts.person for facts in by_regex.patients} == {"phantom"}
    with pytest.raises(DataError, match="finds no patient in phantom_000"):
        survey(DataConfig(path=str(scans / "pairs"), patient_regex="visit"), tmp_path)
    both = DataConfig(path=str(scans / "pairs"), patient_regex="x", patient_map=str(table))
    with pytest.raises(UsageError, match="both say whose examination"):
        survey(both, tmp_path)
    words = ["check", str(scans / "pairs"), "--patient-map", str(table), "--cache", str(tmp_path)]
    result = CliRunner().invoke(app, words)
    assert "2 patients, 3 usable of 3 examinations" in result.stdout


def test_names_that_differ_in_a_last_number_are_warned_of(
    layouts: ModuleType, brains: Brains, tmp_path: Path
) -> None:
    named = [
        replace(p, id=name) for p, name in zip(brains, ("P1_11", "P1_21", "P2_11"), strict=True)
    ]
    root = layouts.write_pairs(tmp_path / "visits", named)
    (warning,) = [str(f) for f in opened(root, tmp_path / "cache", targets=LABELS).findings]
    assert "2 names differ only in a last number, as P1_11, P1_21 do" in warning
    assert "--patient-regex" in warning
    told = opened(root, tmp_path / "cache", targets=LABELS, patient_regex="(P.)_")
    assert told.findings == ()
    assert {facts.person for facts in told.patients} == {"P1", "P2_11"}


def test_a_refused_folder_says_what_it_holds(tmp_path: Path) -> None:
    for name in ("X_train.npy", "y_train.npy"):
        (tmp_path / "arrays" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "arrays" / name).write_bytes(b"")
    with pytest.raises(DataError, match=r"found 2 \.npy in 1 folder") as caught:
        opened(tmp_path / "arrays", tmp_path / "cache")
    assert "X_train.npy do not say which patient a slice is of" in caught.value.hint
    for word in (
        "imagesTr/P1_0000.nii.gz",
        "patient,image,mask",
        "P1_flair.nii.gz",
        "P1_1_mask.tif",
    ):
        assert word in caught.value.hint
    with pytest.raises(DataError, match="is no table of scans"):
        opened(tmp_path / "arrays" / "X_train.npy", tmp_path / "cache")


def test_the_folder_of_a_data_set_inside_is_named(scans: Path, tmp_path: Path) -> None:
    shutil.copytree(scans / "nnunet", tmp_path / "above/Dataset001_X")
    with pytest.raises(DataError, match="holds no patients") as caught:
        opened(tmp_path / "above", tmp_path / "cache")
    assert f"{tmp_path / 'above/Dataset001_X'} (nnunet)" in caught.value.hint
