"""Names of twelve years, numberings of labels, and the brain in volumes of any scale."""

from __future__ import annotations

import numpy as np
import pytest

from ablation.data.readers.brats_names import REGIONS, role_of
from ablation.data.readers.brats_truth import brain_of, labels_of
from ablation.data.readers.patients import region
from ablation.errors import DataError

OLD, NEW = "BraTS2021_00000_seg.nii.gz", "BraTS-GLI-00012-000-seg.nii.gz"
OPERATED, CHILD = "BraTS-GLI-02060-100-seg.nii.gz", "BraTS-PED-00012-000-seg.nii.gz"
FIRST = "OTMultiClass.nii.gz"


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Flair_subtrMeanDivStd.nii.gz", "flair"),
        ("T1c_subtrMeanDivStd.nii.gz", "t1ce"),
        ("OTMultiClass.nii.gz", "truth"),
        ("brainmask.nii.gz", "brain"),
        ("VSD.Brain.XX.O.MR_T1.35535.nii", "t1"),
        ("VSD.Brain_3more.XX.O.OT.42283.nii.gz", "truth"),
        ("Brats17_TCIA_101_1_t1ce.nii.gz", "t1ce"),
        ("Brats18_2013_2_1_t2.nii.gz", "t2"),
        ("BraTS20_Training_001_t1.nii", "t1"),
        ("W39_1998.09.19_Segm.nii", "truth"),
        ("BraTS2021_00000_flair.nii.gz", "flair"),
        ("BraTS-GLI-00012-000-t1n.nii.gz", "t1"),
        ("BraTS-MET-00012-000-t1c.nii.gz", "t1ce"),
        ("BraTS-SSA-00012-000-t2w.nii.gz", "t2"),
        ("BraTS-GLI-02060-101-t2f.nii.gz", "flair"),
        ("BraTS-GLI-02060-101-seg.nii.gz", "truth"),
        ("BraTS2021_00000.nii.gz", None),
        ("overview.nii", None),
    ],
)
def test_the_name_says_which_volume_it_is(name: str, role: str | None) -> None:
    assert role_of(name) == role


@pytest.mark.parametrize(
    ("name", "stored", "read", "assumed"),
    [
        (OLD, (0, 1, 2, 4), (0, 1, 2, 4), ""),
        (OLD, (0, 1, 2, 3), (0, 1, 2, 4), "3 is read as enhancing tumour, as in 2023"),
        (OLD, (0, 1, 2, 3, 4), (0, 1, 2, 3, 4), "read as in 2013"),
        (OLD, (0, 1, 2), (0, 1, 2), "no voxel is enhancing tumour"),
        (OLD, (0,), (0,), ""),
        (FIRST, (0, 1, 2, 3, 4), (0, 1, 2, 3, 4), ""),
        (FIRST, (0, 1, 2, 3), (0, 1, 2, 3), "no voxel is enhancing tumour"),
        ("seg.nii.gz", (0, 1, 2, 3), (0, 1, 2, 4), "as in 2023"),
        (NEW, (0, 1, 2, 3), (0, 1, 2, 4), ""),
        (NEW, (0, 1, 2, 4), (0, 1, 2, 4), "as before 2023"),
        (OPERATED, (0, 1, 2, 3, 4), (0, 1, 2, 4, 0), "resection cavity"),
        (CHILD, (0, 1, 2, 3), (0, 1, 2, 4), "as in 2023"),
    ],
)
def test_labels_come_to_one_numbering(
    name: str, stored: tuple[int, ...], read: tuple[int, ...], assumed: str
) -> None:
    for kind in (np.uint8, np.int16, np.float32):
        labels, notes = labels_of(np.array([[stored]], kind), name)
        assert labels.tolist() == [[list(read)]]
        assert labels.dtype == np.uint8
        assert len(notes) == bool(assumed)
        assert assumed in "".join(notes)


def test_a_cavity_alone_leaves_no_enhancing_tumour() -> None:
    labels, notes = labels_of(np.array([0, 2, 4]), OPERATED)
    assert labels.tolist() == [0, 2, 0]
    assert len(notes) == 2


def test_targets_nest_in_every_numbering() -> None:
    labels, _ = labels_of(np.array([0, 1, 2, 3, 4]), FIRST)
    found = {name: region(labels, REGIONS[name]).tolist() for name in REGIONS}
    assert found == {
        "WT": [False, True, True, True, True],
        "TC": [False, True, False, True, True],
        "ET": [False, False, False, False, True],
    }


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        (OLD, [0.0, 0.5, 1.5], "holds fractions (0.5, 1.5) in 2 voxels"),
        (OLD, [0.0, np.nan], "no finite numbers"),
        (OLD, [0, 7, 7], "holds label 7 in 2 voxels"),
        (OLD, [0, -1], "holds label -1 in 1 voxels"),
        (CHILD, [0, 4], "BraTS-PED 2024"),
    ],
)
def test_values_that_are_no_labels_are_refused(
    name: str, values: list[float], sentence: str
) -> None:
    with pytest.raises(DataError) as caught:
        labels_of(np.array(values), name)
    assert sentence in caught.value.message


def test_labels_through_a_scale_factor_are_whole() -> None:
    assert labels_of(np.array([0.0, 0.99999997, 4.0000002]), OLD)[0].tolist() == [0, 1, 4]


@pytest.mark.parametrize("around", [0.0, -3.6243944])
def test_brain_is_what_differs_from_the_border(around: float) -> None:
    volumes = np.full((2, 6, 8, 8), around, np.float32)
    brain = np.zeros((6, 8, 8), bool)
    brain[:4, 2:6, 2:6] = True  # the brain may touch the lowest slice
    values = np.random.default_rng(0).normal(size=brain.sum())
    volumes[0][brain] = values
    volumes[1][brain] = values + 5
    volumes[1] = np.where(brain, volumes[1], 0)
    volumes[0, 2, 3, 3] = around  # by chance the value of the border, in one modality
    np.testing.assert_array_equal(brain_of(volumes), brain)


def test_without_a_border_of_one_value_the_brain_is_unknown() -> None:
    cropped = np.random.default_rng(0).normal(size=(1, 6, 8, 8)).astype(np.float32)
    assert brain_of(cropped) is None
