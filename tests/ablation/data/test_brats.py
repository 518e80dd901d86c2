"""Folders of BraTS patients: read in one order, refused by file and fault, unlabelled or twice."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import nibabel
import numpy as np
import pytest

from ablation.config.sections import DataConfig
from ablation.data import Dataset, open_dataset, prepare, split_patients
from ablation.data.grid import to_stored
from ablation.data.readers.brats import read
from ablation.errors import DataError, UsageError

SHARED = Path(__file__).parents[3] / "../shared/data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs the scans of ../shared/data")

LPS = np.diag([-1.0, -1.0, 2.0, 1.0])
OLD = ("_t1", "_t1ce", "_t2", "_flair", "_seg")
NEW = ("-t1n", "-t1c", "-t2w", "-t2f", "-seg")
PLAIN = ("T1", "T1c", "T2", "Flair_subtrMeanDivStd", "OTMultiClass")


def write_patient(
    root: Path,
    name: str,
    words: Sequence[str] = OLD,
    *,
    seed: int = 0,
    enhancing: int = 4,
    kind: type = np.int16,
) -> Path:
    """Write a sound patient of 12x10x6 voxels in a 2 mm wide border of zeros."""
    folder = root / name
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for word in words:
        values = np.zeros((12, 10, 6), kind)
        values[2:10, 2:8, 1:5] = rng.integers(50, 1000, (8, 6, 4))
        if word in (OLD[-1], NEW[-1], PLAIN[-1]):
            values = np.zeros((12, 10, 6), kind)
            values[3:9, 3:7, 1:4], values[4:7, 4:6, 2], values[5, 5, 2] = 2, 1, enhancing
        prefix = "" if word in PLAIN else name
        put(folder / f"{prefix}{word}.nii.gz", values)
    return folder


def put(path: Path, values: np.ndarray, affine: np.ndarray = LPS) -> None:
    nibabel.save(nibabel.Nifti1Image(values, affine), path)


def stored(path: Path) -> np.ndarray:
    return np.asanyarray(nibabel.load(path).dataobj)


def open_brats(path: Path, tmp_path: Path, **settings: object) -> Dataset:
    return open_dataset(DataConfig(path=str(path), **settings), tmp_path / "cache")


@pytest.mark.parametrize(
    ("name", "words", "enhancing"),
    [("Brats18_A_1", OLD, 4), ("BraTS-GLI-00001-000", NEW, 3), ("pat0001", PLAIN, 4)],
)
def test_a_patient_of_each_naming_is_read_the_same(
    name: str, words: Sequence[str], enhancing: int, tmp_path: Path
) -> None:
    folder = write_patient(tmp_path, name, words, enhancing=enhancing)
    reading = read(folder)
    assert reading.findings == ()
    patient = reading.patient
    assert patient is not None
    assert patient.modalities == ("t1", "t1ce", "t2", "flair")
    assert patient.volumes.shape == (4, 6, 10, 12)
    assert patient.volumes.dtype == np.float32
    prefix = "" if words is PLAIN else name
    t1ce = stored(folder / f"{prefix}{words[1]}.nii.gz")
    np.testing.assert_array_equal(patient.volumes[1], t1ce.transpose())
    assert patient.spacing_mm == (2.0, 1.0, 1.0)
    assert len(patient.slice_order) == 6
    assert patient.truth is not None
    assert np.bincount(patient.truth.ravel()).tolist() == [648, 5, 66, 0, 1]
    assert patient.brain is not None
    assert patient.brain.sum() == 8 * 6 * 4


def test_any_orientation_gives_the_same_patient_and_leads_back(tmp_path: Path) -> None:
    usual = read(write_patient(tmp_path / "a", "P")).patient
    folder = write_patient(tmp_path / "b", "P")
    for path in folder.iterdir():
        values = stored(path)[::-1].transpose(2, 0, 1)
        affine = np.zeros((4, 4))  # axes: head, right, back
        affine[2, 0], affine[0, 1], affine[1, 2], affine[3, 3] = 2, 1, -1, 1
        affine[0, 3] = -11
        put(path, values, affine)
    reading = read(folder)
    assert reading.findings == ()
    turned = reading.patient
    assert usual is not None
    assert turned is not None
    assert turned.grid is not None
    np.testing.assert_array_equal(turned.volumes, usual.volumes)
    np.testing.assert_array_equal(turned.truth, usual.truth)
    assert turned.spacing_mm == usual.spacing_mm
    assert turned.grid.stored == "SRP"
    back = to_stored(turned.volumes[3], turned.grid.stored)
    np.testing.assert_array_equal(back, stored(folder / "P_flair.nii.gz"))


def test_a_brain_mask_in_the_folder_is_the_brain(tmp_path: Path) -> None:
    folder = write_patient(tmp_path, "P", PLAIN)
    mask = np.zeros((12, 10, 6), np.float32)
    mask[4:8, 4:6, 2:4] = 0.99999997
    put(folder / "brainmask.nii.gz", mask)
    patient = read(folder).patient
    assert patient is not None
    np.testing.assert_array_equal(patient.brain, mask.transpose() > 0)


def test_scores_of_any_background_are_prepared_alike(tmp_path: Path) -> None:
    for name, scaled in (("raw", False), ("scored", True)):
        folder = write_patient(tmp_path / name, "P", PLAIN)
        if scaled:
            path = folder / "Flair_subtrMeanDivStd.nii.gz"
            put(path, ((stored(path) - 500) / 250).astype(np.float32))
    images = []
    for name in ("raw", "scored"):
        dataset = open_brats(tmp_path / name, tmp_path)
        data = DataConfig(image_size=16)
        images.append(prepare(dataset, data, tmp_path / "cache").images)
    assert images[0].min() == images[1].min() == 0.0
    np.testing.assert_allclose(images[0], images[1], atol=1e-6)


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "cut": (
        lambda f: (f / "P_t1.nii.gz").write_bytes((f / "P_t1.nii.gz").read_bytes()[:99]),
        "P/P_t1.nii.gz: is truncated",
    ),
    "not finite": (
        lambda f: put(f / "P_t1.nii.gz", np.full((12, 10, 6), np.nan, np.float32)),
        "P/P_t1.nii.gz: holds only values that are no finite numbers",
    ),
    "constant": (
        lambda f: put(f / "P_t1.nii.gz", np.full((12, 10, 6), 7, np.int16)),
        "P/P_t1.nii.gz: is 7 everywhere",
    ),
    "missing": (
        lambda f: (f / "P_flair.nii.gz").unlink(),
        "P: has no flair (data.modalities), only t1, t1ce, t2",
    ),
    "twice": (
        lambda f: shutil.copy(f / "P_t1.nii.gz", f / "P_t1n.nii.gz"),
        "P/P_t1n.nii.gz: is the t1, as P_t1.nii.gz is already",
    ),
    "elsewhere": (
        lambda f: put(f / "P_t2.nii.gz", stored(f / "P_t2.nii.gz"), np.diag([1.0, 1, 2, 1])),
        "P/P_t2.nii.gz: lies up to",
    ),
    "truth elsewhere": (
        lambda f: put(f / "P_seg.nii.gz", stored(f / "P_seg.nii.gz")[:-1]),
        "P/P_seg.nii.gz: is 11x10x6 voxels, the patient's other volumes are 12x10x6",
    ),
    "wild label": (
        lambda f: put(f / "P_seg.nii.gz", 3 * stored(f / "P_seg.nii.gz")),
        "P/P_seg.nii.gz: holds label 6, 12 in 67 voxels",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_with_its_file(name: str, tmp_path: Path) -> None:
    damage, sentence = FAULTS[name]
    damage(write_patient(tmp_path / "scans", "P"))
    with pytest.raises(DataError) as caught:
        open_brats(tmp_path / "scans", tmp_path)
    assert sentence in caught.value.message
    assert "1 fault in 1 of 1 patient\n" in caught.value.message


def test_a_patient_without_truth_is_unlabelled(tmp_path: Path) -> None:
    for name in "ABCD":
        write_patient(tmp_path / "scans", name, seed=ord(name))
    (tmp_path / "scans/B/B_seg.nii.gz").unlink()
    dataset = open_brats(tmp_path / "scans", tmp_path)
    assert [facts.labelled for facts in dataset.patients] == [True, False, True, True]
    split = split_patients(dataset, DataConfig())
    assert sorted(split.train + split.validation + split.test) == ["A", "C", "D"]
    slices = prepare(dataset, DataConfig(image_size=16), tmp_path / "cache")
    assert list(slices.rows) == ["A", "C", "D"]
    for name in "ACD":
        (tmp_path / f"scans/{name}/{name}_seg.nii.gz").unlink()
    with pytest.raises(DataError, match="none of 4 usable patients has a truth"):
        open_brats(tmp_path / "scans", tmp_path)


def test_a_patient_of_two_releases_counts_once_with_its_truth(tmp_path: Path) -> None:
    write_patient(tmp_path / "scans", "BraTS2021_00001")
    write_patient(tmp_path / "scans", "BraTS-GLI-00001-000", NEW[:-1], kind=np.float32)
    dataset = open_brats(tmp_path / "scans", tmp_path)
    assert [facts.id for facts in dataset.patients] == ["BraTS2021_00001"]
    assert len(dataset.findings) == 1
    assert str(dataset.findings[0]).startswith("BraTS-GLI-00001-000: same images as BraTS2021_000")


def test_every_examination_is_a_case_of_its_person(tmp_path: Path) -> None:
    write_patient(tmp_path / "scans", "BraTS-GLI-02060-000", NEW[:-1], seed=3)
    for number in (1, 2):
        write_patient(
            tmp_path / "scans", f"BraTS-GLI-02060-10{number}", NEW, seed=number, enhancing=3
        )
    dataset = open_brats(tmp_path / "scans", tmp_path)
    names = [f"BraTS-GLI-02060-{number}" for number in ("000", "101", "102")]
    assert [facts.id for facts in dataset.patients] == names
    assert {facts.person for facts in dataset.patients} == {"BraTS-GLI-02060"}
    assert [facts.labelled for facts in dataset.patients] == [False, True, True]
    assert dataset.findings == ()


def test_modalities_are_those_all_patients_have(tmp_path: Path) -> None:
    write_patient(tmp_path / "scans", "A", PLAIN, seed=1)
    write_patient(tmp_path / "scans", "B", (*PLAIN[1:2], *PLAIN[3:]), seed=2)
    assert open_brats(tmp_path / "scans", tmp_path).modalities == ("t1ce", "flair")
    with pytest.raises(DataError) as caught:
        open_brats(tmp_path / "scans", tmp_path, modalities=("flair", "t2"))
    assert "B: has no t2 (data.modalities), only t1ce, flair" in caught.value.message
    dataset = open_brats(tmp_path / "scans", tmp_path, modalities=("flair", "t2"), skip_bad=True)
    assert [facts.id for facts in dataset.patients] == ["A"]
    with pytest.raises(UsageError, match="brats has no t1c"):
        open_brats(tmp_path / "scans", tmp_path, modalities=("t1c",))


def test_where_the_patients_are(tmp_path: Path) -> None:
    write_patient(tmp_path / "scans/HGG", "A", seed=1)
    write_patient(tmp_path / "scans/LGG", "B", seed=2)
    (tmp_path / "scans/notes").mkdir()
    (tmp_path / "scans/HGG/A/._A_t1.nii.gz").write_bytes(b"left by a copy")
    (tmp_path / "scans/HGG/A/overview.nii").write_bytes(b"anything")
    dataset = open_brats(tmp_path / "scans", tmp_path)
    assert [facts.id for facts in dataset.patients] == ["A", "B"]
    assert {str(finding) for finding in dataset.findings} == {
        "notes: holds no volume of a patient; ignored",
        "A/overview.nii: is named like no volume of BraTS; ignored",
    }
    with pytest.raises(DataError, match="is the folder of one patient"):
        open_brats(tmp_path / "scans/LGG/B", tmp_path)
    write_patient(tmp_path / "scans/LGG", "A", seed=3)
    with pytest.raises(DataError, match="LGG/A: has the name of HGG/A"):
        open_brats(tmp_path / "scans", tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no patient folder"):
        open_brats(tmp_path / "empty", tmp_path, source="brats")


REFUSED = {
    "01_truncated_gz": "_t1ce.nii.gz: is truncated",
    "02_nan_block": "_flair.nii.gz: holds 400 values that are no finite numbers",
    "03_all_nan": "_flair.nii.gz: holds only values that are no finite numbers",
    "04_inf": "_t2.nii.gz: holds 10 values that are no finite numbers",
    "05_shape_mismatch": "_t2.nii.gz: is 48x48x23 voxels, the patient's other volumes are 48x48x24",
    "06_affine_flipped": "_seg.nii.gz: lies up to 47 mm away",
    "08_modality_missing": "BraTS2021_00000: has no t1; expected t1, t1ce, t2, flair",
    "09_seg_missing": "none of 1 usable patients has a truth",
    "10_unknown_label": "_seg.nii.gz: holds label 7 in 50 voxels",
    "12_seg_fractional": "_seg.nii.gz: holds fractions",
    "13_constant_volume": "_t1.nii.gz: is 0 everywhere",
    "15_not_gzip": "_t1.nii.gz: is not compressed although its name ends in .gz",
    "16_gzip_not_nifti": "_t1.nii.gz: is not a NIfTI file",
    "19_spacing_2mm": "_t1ce.nii.gz: has voxels of 2x2x2 mm",
    "20_zero_bytes": "_flair.nii.gz: is empty",
}
ASSUMED = {
    "00_control_good": [],
    "07_array_flipped": ["has axes RPS, the other volumes LPS"],
    "11_label_3_instead_of_4": ["3 is read as enhancing tumour"],
    "14_4d_volume": ["is 48x48x24x1; read as the one volume it holds"],
    "17_empty_seg": ["no tumour in any of the 24 masks"],
    "18_no_enhancing": ["no voxel is enhancing tumour"],
}


@needs_shared
@pytest.mark.parametrize("name", sorted(REFUSED))
def test_real_broken_folders_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        open_brats(SHARED / "bad/brats" / name, tmp_path)
    assert REFUSED[name] in caught.value.message
    assert caught.value.exit_code == 1
    assert caught.value.message.count("\n") <= 1


@needs_shared
@pytest.mark.parametrize("name", sorted(ASSUMED))
def test_real_odd_folders_are_read_with_a_warning(name: str, tmp_path: Path) -> None:
    dataset = open_brats(SHARED / "bad/brats" / name, tmp_path)
    assert len(dataset.patients) == 1
    assert [finding.severity for finding in dataset.findings] == ["warning"] * len(ASSUMED[name])
    for finding, sentence in zip(dataset.findings, ASSUMED[name], strict=True):
        assert sentence in finding.fault


@needs_shared
def test_every_broken_folder_is_covered() -> None:
    assert {path.name for path in (SHARED / "bad/brats").iterdir()} == set(REFUSED) | set(ASSUMED)


@needs_shared
@pytest.mark.parametrize("name", ["07_array_flipped", "11_label_3_instead_of_4", "14_4d_volume"])
def test_what_was_put_right_gives_the_control(name: str, tmp_path: Path) -> None:
    control, odd = (
        open_brats(SHARED / "bad/brats" / one, tmp_path) for one in ("00_control_good", name)
    )
    assert odd.patients == control.patients


@needs_shared
def test_real_patients_of_two_namings_in_one_folder(tmp_path: Path) -> None:
    dataset = open_brats(SHARED / "brats", tmp_path)
    assert (dataset.name, dataset.distance_unit, dataset.findings) == ("brats", "mm", ())
    counts = {f.id: (f.slices, f.tumour_slices, f.tumour_voxels) for f in dataset.patients}
    assert counts["BraTS2021_00000"] == (155, 47, 57305)
    assert counts["BraTS2021_00008"] == (155, 40, 18462)
    assert {facts.spacing_mm for facts in dataset.patients} == {(1.0, 1.0, 1.0)}
    split = split_patients(dataset, DataConfig())
    assert [len(part) for part in (split.train, split.validation, split.test)] == [1, 1, 1]


@needs_shared
def test_real_targets_have_the_counts_of_their_table(tmp_path: Path) -> None:
    folder = SHARED / "brats"
    dataset = open_brats(folder, tmp_path)
    sizes = {}
    for target in ("TC", "ET"):
        data = DataConfig(image_size=32, target=target)
        slices = prepare(dataset, data, tmp_path / "cache")
        sizes[target] = [int(slices.native_truth(name).sum()) for name in slices.rows]
    name = "BraTS-GLI-00012-000"
    labels = np.bincount(stored(folder / name / f"{name}-seg.nii.gz").astype(int).ravel())
    assert sizes["TC"] == [labels[1] + labels[3], 11738 + 32731, 16 + 311]
    assert sizes["ET"] == [224, 32731, 311]
    assert labels[3] == 224


@needs_shared
def test_the_real_patient_of_2013_is_read_with_its_two_modalities(tmp_path: Path) -> None:
    dataset = open_brats(SHARED / "brats_2013", tmp_path, modalities=("flair", "t1ce"))
    assert dataset.modalities == ("t1ce", "flair")
    assert dataset.patients[0].tumour_voxels == 111724
    assert dataset.findings == ()
    with pytest.raises(DataError, match="has no t2"):
        open_brats(SHARED / "brats_2013", tmp_path, modalities=("t2",))
    patient = read(SHARED / "brats_2013/brats_2013_pat0001_1").patient
    assert patient is not None
    assert patient.brain is not None
    assert patient.brain.sum() == 1487565
    slices = prepare(dataset, DataConfig(image_size=240, modalities=("flair",)), tmp_path / "cache")
    outside = slices.images[..., 0][~patient.brain]
    assert not outside.any()
    assert slices.images[..., 0][patient.brain].mean() == pytest.approx(0.5, abs=0.02)
