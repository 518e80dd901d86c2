"""Every broken file is named with its fault; sound and odd ones are read as said."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from ablation.config.sections import DataConfig
from ablation.data import Dataset, open_dataset
from ablation.data.readers.lgg import find_root, read
from ablation.data.readers.lgg_slices import labels_of
from ablation.errors import DataError

SHARED = Path(__file__).parents[3] / "../shared/data"
WritePatient = Callable[..., Path]
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs the scans of ../shared/data")


def open_lgg(path: Path, tmp_path: Path, **settings: object) -> Dataset:
    return open_dataset(DataConfig(path=str(path), **settings), tmp_path / "cache")


def put_bytes(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def put_array(path: Path, array: np.ndarray) -> None:
    colour = "rgb" if array.shape[-1] == 3 else "minisblack"
    tifffile.imwrite(path, array, photometric=colour, metadata=None)


def test_a_sound_patient_is_read_in_natural_order(
    tmp_path: Path, write_patient: WritePatient
) -> None:
    folder = write_patient(tmp_path, "P_1", slices=11)
    reading = read(folder)
    assert reading.findings == ()
    patient = reading.patient
    assert patient is not None
    assert patient.volumes.shape == (3, 11, 32, 32)
    assert patient.slice_order[1:3] == ("P_1_2.tif", "P_1_3.tif")
    assert patient.slice_order[-1] == "P_1_11.tif"
    assert np.array_equal(patient.volumes[1, 9], tifffile.imread(folder / "P_1_10.tif")[..., 1])
    assert patient.truth is not None
    assert patient.truth[0].sum() == 0
    assert patient.truth[2].sum() == 60
    assert set(np.unique(patient.truth)) == {0, 1}
    assert patient.spacing_mm is None


def remove_masks(folder: Path) -> None:
    for path in folder.glob("*_mask.tif"):
        path.unlink()


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda f: put_bytes(f / "P_2.tif", b""), "P/P_2.tif: is empty (0 bytes)"),
    "truncated": (
        lambda f: put_bytes(f / "P_2.tif", (f / "P_2.tif").read_bytes()[:-500]),
        "P/P_2.tif: is truncated: its header promises",
    ),
    "stub": (lambda f: put_bytes(f / "P_2.tif", b"II*\x00"), "P/P_2.tif: is truncated: 4 bytes"),
    "text": (lambda f: put_bytes(f / "P_2.tif", b"hello"), "P/P_2.tif: is not a TIFF file"),
    "lfs": (
        lambda f: put_bytes(f / "P_2.tif", b"version https://git-lfs.github.com/spec/v1\n"),
        "P/P_2.tif: is a git-LFS pointer",
    ),
    "filtered": (
        lambda f: put_bytes(
            f / "P_2.tif", (f / "P_2.tif").read_bytes().decode(errors="replace").encode()
        ),
        "P/P_2.tif: was passed through a text filter",
    ),
    "grey image": (
        lambda f: put_array(f / "P_2.tif", np.zeros((32, 32), np.uint8)),
        "P/P_2.tif: is 32x32, expected rows x columns x 3 (pre, flair, post)",
    ),
    "odd size": (
        lambda f: put_array(f / "P_2.tif", np.zeros((16, 16, 3), np.uint8)),
        "P/P_2.tif: is 16x16x3 uint8, the other slices are 32x32x3 uint8",
    ),
    "not finite": (
        lambda f: put_array(f / "P_2.tif", np.full((32, 32, 3), np.nan, np.float32)),
        "P/P_2.tif: holds 3072 values that are no finite numbers",
    ),
    "two pages": (
        lambda f: put_array(f / "P_2.tif", np.zeros((2, 32, 32), np.uint8)),
        "P/P_2.tif: holds 2 images, expected one",
    ),
    "small mask": (
        lambda f: put_array(f / "P_2_mask.tif", np.zeros((16, 16), np.uint8)),
        "P/P_2_mask.tif: is 16x16, the images are 32x32",
    ),
    "colour mask": (
        lambda f: put_array(f / "P_2_mask.tif", np.zeros((32, 32, 3), np.uint8)),
        "P/P_2_mask.tif: is 32x32x3, expected a mask of rows x columns",
    ),
    "float mask": (
        lambda f: put_array(f / "P_2_mask.tif", np.zeros((32, 32), np.float32)),
        "P/P_2_mask.tif: holds float32 values",
    ),
    "no mask": (
        lambda f: (f / "P_2_mask.tif").unlink(),
        "P/P_2_mask.tif: is missing; P_2.tif has no mask",
    ),
    "no image": (
        lambda f: (f / "P_2.tif").unlink(),
        "P/P_2.tif: is missing; P_2_mask.tif has no image",
    ),
    "no masks": (
        remove_masks,
        "P: no mask for any of its 4 slices",
    ),
    "number twice": (
        lambda f: shutil.copy(f / "P_2.tif", f / "P_02.tif"),
        "has the slice number of",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_with_its_file(
    name: str, tmp_path: Path, write_patient: WritePatient, caplog: pytest.LogCaptureFixture
) -> None:
    damage, sentence = FAULTS[name]
    damage(write_patient(tmp_path / "scans", "P"))
    with caplog.at_level(logging.DEBUG), pytest.raises(DataError) as caught:
        open_lgg(tmp_path / "scans", tmp_path)
    assert sentence in caught.value.message
    assert "1 fault in 1 of 1 patient\n" in caught.value.message
    assert "--skip-bad" in caught.value.hint
    assert not [record for record in caplog.records if record.name.startswith("tifffile")]


def test_all_faults_of_all_patients_come_at_once(
    tmp_path: Path, write_patient: WritePatient
) -> None:
    for name in "ABC":
        write_patient(tmp_path / "scans", name)
    put_bytes(tmp_path / "scans/A/A_1.tif", b"")
    put_bytes(tmp_path / "scans/A/A_3.tif", b"")
    (tmp_path / "scans/C/C_2_mask.tif").unlink()
    with pytest.raises(DataError, match="3 faults in 2 of 3 patients") as caught:
        open_lgg(tmp_path / "scans", tmp_path)
    assert all(
        where in caught.value.message for where in ("A/A_1.tif", "A/A_3.tif", "C/C_2_mask.tif")
    )


def test_skip_bad_drops_the_patient_and_keeps_the_finding(
    tmp_path: Path, write_patient: WritePatient
) -> None:
    for name in "AB":
        write_patient(tmp_path / "scans", name)
    put_bytes(tmp_path / "scans/A/A_1.tif", b"")
    dataset = open_lgg(tmp_path / "scans", tmp_path, skip_bad=True)
    assert [facts.id for facts in dataset.patients] == ["B"]
    assert [(f.severity, f.patient) for f in dataset.findings] == [("error", "A")]
    put_bytes(tmp_path / "scans/B/B_1.tif", b"")
    with pytest.raises(DataError, match="none of 2 patients can be used"):
        open_lgg(tmp_path / "scans", tmp_path, skip_bad=True)


def test_gaps_and_foreign_files_are_warnings(tmp_path: Path, write_patient: WritePatient) -> None:
    folder = write_patient(tmp_path / "scans", "P", slices=5)
    for name in ("P_3.tif", "P_3_mask.tif"):
        (folder / name).unlink()
    put_bytes(folder / "overview.tif", b"anything")
    (tmp_path / "scans/notes").mkdir()
    faults = {str(finding) for finding in open_lgg(tmp_path / "scans", tmp_path).findings}
    assert faults == {
        "P: no slice 3; the slices around it are read as neighbours",
        "P/overview.tif: is named like no slice of this patient; ignored",
        "notes: holds no slices of a patient of this name; ignored",
    }


def test_masks_of_other_values() -> None:
    mask = np.array([[[0, 1], [1, 0]]], np.uint8)
    expected = [[[0, 1], [1, 0]]]
    labels, assumed = labels_of(mask)
    assert labels.tolist() == expected
    assert "0 and 1" in assumed[0]
    assert labels_of(mask * 255)[1] == ()
    assert labels_of(mask * 0)[1] == ()
    grey = np.array([[[0, 255], [128, 127]]], np.uint8)
    labels, assumed = labels_of(grey)
    assert labels.tolist() == expected
    assert "2 grey pixels" in assumed[0]
    with pytest.raises(DataError, match="0, 1, 2: these are labels"):
        labels_of(np.array([[[0, 1], [2, 0]]], np.uint8))


def test_where_the_patients_are(tmp_path: Path, write_patient: WritePatient) -> None:
    write_patient(tmp_path / "kaggle_3m", "P")
    assert find_root(tmp_path) == tmp_path / "kaggle_3m"
    assert find_root(tmp_path / "kaggle_3m") == tmp_path / "kaggle_3m"
    with pytest.raises(DataError, match="is the folder of one patient"):
        find_root(tmp_path / "kaggle_3m" / "P")
    write_patient(tmp_path / "lgg-mri-segmentation/kaggle_3m", "P")
    with pytest.raises(DataError, match="holds every patient twice") as caught:
        open_lgg(tmp_path, tmp_path)
    assert str(tmp_path / "kaggle_3m") in caught.value.hint


def test_places_without_patients(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "kaggle/kaggle_3m").mkdir(parents=True)
    (tmp_path / "file").write_text("x")
    for name, sentence in (
        ("nowhere", "there is no such folder"),
        ("file", "is no table of scans: found 1 without ending in 1 folder"),
        ("empty", "holds no patients of a known layout"),
        ("kaggle", "kaggle_3m: holds no patient folder"),
    ):
        with pytest.raises(DataError, match=sentence):
            open_lgg(tmp_path / name, tmp_path)


REFUSED = {
    "01_truncated_image": "_3.tif: is truncated",
    "03_empty_file": "_2.tif: is empty",
    "04_mask_other_shape": "_3_mask.tif: is 128x128, the images are 256x256",
    "05_mask_missing": "_3_mask.tif: is missing",
    "06_image_missing": "_3.tif: is missing",
    "10_mask_rgb": "_3_mask.tif: is 256x256x3",
    "12_image_float_nan": "_3.tif: holds 1200 values that are no finite numbers",
    "14_git_lfs_pointer": "_3_mask.tif: is a git-LFS pointer",
    "21_real_utf8_mangled": "_15.tif: was passed through a text filter",
    "22_no_patients": "holds no patient folder",
}
ASSUMED = {
    "00_control_good": [],
    "08_mask_values_0_1": ["every value above 0 is read as tumour"],
    "09_mask_grey_edges": ["grey pixels"],
    "13_all_masks_empty": ["no tumour in any of the 4 masks"],
    "16_same_patient_twice": ["same images as TCGA_CS_5395_19981004"],
}


@needs_shared
@pytest.mark.parametrize("name", sorted(REFUSED))
def test_real_broken_folders_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        open_lgg(SHARED / "bad/lgg" / name, tmp_path)
    assert REFUSED[name] in caught.value.message


@needs_shared
@pytest.mark.parametrize("name", sorted(ASSUMED))
def test_real_odd_folders_are_read_with_a_warning(name: str, tmp_path: Path) -> None:
    dataset = open_lgg(SHARED / "bad/lgg" / name, tmp_path)
    assert len(dataset.patients) == 1
    assert [finding.severity for finding in dataset.findings] == ["warning"] * len(ASSUMED[name])
    for finding, sentence in zip(dataset.findings, ASSUMED[name], strict=True):
        assert sentence in finding.fault


@needs_shared
def test_every_broken_folder_is_covered() -> None:
    assert {path.name for path in (SHARED / "bad/lgg").iterdir()} == set(REFUSED) | set(ASSUMED)


@needs_shared
def test_masks_of_0_and_1_give_the_truth_of_the_control(tmp_path: Path) -> None:
    control, binary = (
        open_lgg(SHARED / "bad/lgg" / name, tmp_path).patients[0]
        for name in ("00_control_good", "08_mask_values_0_1")
    )
    assert control.truth_hash == binary.truth_hash


@needs_shared
def test_real_patients_have_the_counts_of_their_table(tmp_path: Path) -> None:
    dataset = open_lgg(SHARED / "lgg", tmp_path)
    assert len(dataset.patients) == 13
    assert dataset.distance_unit == "px"
    facts = dataset.patient("TCGA_HT_7694_19950404")
    assert (facts.slices, facts.tumour_slices, facts.tumour_voxels) == (21, 14, 46917)
    assert facts.shape == (21, 256, 256)
    assert [str(finding) for finding in dataset.findings] == [
        "TCGA_FG_7634_20000128: post equals flair in every slice: this sequence was not acquired"
    ]
