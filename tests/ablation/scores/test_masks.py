"""Masks of other tools: scored as they stand in space, refused where they are no masks."""

from pathlib import Path

import nibabel
import numpy as np
import pytest
import tifffile

from ablation.data.readers import brats
from ablation.data.readers.patients import truth_hash
from ablation.errors import DataError
from ablation.scores.masks import score_masks
from ablation.scores.pairing import Pair, pairs_of

BRATS = Path(__file__).parents[3] / "../shared/data/brats"
PEERS = Path(__file__).parents[3] / "../shared/data/peer_results"
SPACING = np.diag([-2.0, -3.0, 5.0, 1.0])
"""Columns 2 mm, rows 3 mm, slices 5 mm apart; stored towards left, back, head."""


def put(path: Path, values: np.ndarray, affine: np.ndarray = SPACING) -> Path:
    nibabel.save(nibabel.Nifti1Image(values, affine), path)
    return path


def pair(folder: Path, prediction: np.ndarray, truth: np.ndarray, affine=SPACING) -> list[Pair]:
    ours, theirs = folder / "p_pred.nii.gz", folder / "p_seg.nii.gz"
    return [Pair("p", "p", put(ours, prediction, affine), put(theirs, truth))]


def box(dtype=np.uint8, value=1) -> np.ndarray:
    """Return 2 x 2 x 2 voxels in columns x rows x slices of 6 x 7 x 8."""
    values = np.zeros((6, 7, 8), dtype)
    values[1:3, 2:4, 3:5] = value
    return values


def test_a_row_by_hand(tmp_path):
    prediction = np.roll(box(), 1, axis=2)  # one slice higher: 5 mm
    (row,) = score_masks(pair(tmp_path, prediction, box(np.int16, 255))).rows
    assert (row["tp"], row["fp"], row["fn"], row["tn"]) == (4, 4, 4, 6 * 7 * 8 - 12)
    assert (row["dice"], row["hd"], row["hd95"]) == (0.5, 5.0, 5.0)
    assert (row["shape"], row["spacing"], row["distance_unit"]) == ("8x7x6", "5x3x2", "mm")
    assert (row["patient"], row["case"], row["split"], row["target"]) == ("p", "p", "test", "WT")


def test_the_same_place_in_another_axis_order_is_the_same_mask(tmp_path):
    turned = box()[::-1].transpose(2, 0, 1)  # stored as slices, columns from the left, rows
    affine = np.zeros((4, 4))
    affine[2, 0], affine[0, 1], affine[1, 2], affine[3, 3] = 5.0, 2.0, -3.0, 1.0
    affine[0, 3] = -2.0 * 5
    (row,) = score_masks(pair(tmp_path, np.ascontiguousarray(turned), box(), affine)).rows
    assert row["dice"] == 1.0


def test_floats_that_are_masks(tmp_path):
    nearly = box(np.float32, 0.9999)
    assert score_masks(pair(tmp_path, nearly, box())).rows[0]["dice"] == 1.0


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        (box(np.float32, 0.7), r"p_pred.nii.gz holds fractions \(0.7\) in 8 voxels: probabilities"),
        (box(np.float32, np.nan), "NaN"),
        (box(np.int16, -1), "holds label -1"),
        (box(np.int32, 70000), "holds label 70000"),
    ],
)
def test_values_that_are_no_mask(tmp_path, values, fault):
    with pytest.raises(DataError, match=fault):
        score_masks(pair(tmp_path, values, box()))


def test_every_fault_of_every_file_is_named(tmp_path):
    (good,) = pair(tmp_path, box(), box())
    bad = put(tmp_path / "a.nii", box(np.float32, 0.5))
    (tmp_path / "b.nii.gz").write_bytes(b"")
    pairs = [Pair("a", "a", bad, good.truth), good, Pair("b", "b", tmp_path / "b.nii.gz", bad)]
    with pytest.raises(DataError) as caught:
        score_masks(pairs)
    assert "3 faults" in caught.value.message
    assert f"{tmp_path / 'b.nii.gz'} is empty (0 bytes)" in caught.value.message


def shifted(by: float) -> np.ndarray:
    affine = SPACING.copy()
    affine[2, 3] = by
    return affine


def test_another_grid_is_refused_or_resampled(tmp_path):
    higher = pair(tmp_path, np.roll(box(), -1, axis=2), box(), shifted(5.0))
    with pytest.raises(DataError) as caught:
        score_masks(higher)
    assert "lies up to 5 mm away from the truth's voxels" in caught.value.message
    assert str(higher[0].prediction) in caught.value.message
    assert str(higher[0].truth) in caught.value.message
    assert "--resample nearest" in caught.value.hint
    assert score_masks(higher, resample=True).rows[0]["dice"] == 1.0


def test_half_the_voxels_are_brought_onto_the_truth(tmp_path):
    truth = np.zeros((8, 8, 8), np.uint8)
    truth[2:6, 2:6, 2:6] = 1
    coarse = truth[::2, ::2, ::2]
    affine = np.diag([-4.0, -6.0, 10.0, 1.0])
    affine[:3, 3] = [-1.0, -1.5, 2.5]  # its voxels lie in the middle of eight fine ones
    with pytest.raises(DataError, match="is 4x4x4 voxels, the truth's voxels are 8x8x8"):
        score_masks(pair(tmp_path, coarse, truth, affine))
    (row,) = score_masks(pair(tmp_path, coarse, truth, affine), resample=True).rows
    assert row["dice"] == 1.0
    assert row["shape"] == "8x8x8"


def test_a_prediction_that_lies_nowhere_near_its_truth(tmp_path):
    with pytest.raises(DataError, match="lies wholly outside the truth's grid"):
        score_masks(pair(tmp_path, box(), box(), shifted(1000.0)), resample=True)


@pytest.mark.parametrize("first", [True, False])
def test_channels_first_or_last(tmp_path, first):
    inner, outer = box(), box()
    outer[0:4, 1:5, 2:6] = 1
    whole = np.ones_like(outer)
    stack = np.stack([outer, whole, inner], axis=0 if first else -1).astype(np.float32)
    scores = score_masks(pair(tmp_path, stack, stack))
    assert [(row["target"], row["truth_voxels"]) for row in scores.rows] == [
        *(("ET", 8), ("TC", 64), ("WT", 336))
    ]
    assert {row["spacing"] for row in scores.rows} == {"5x3x2"}
    assert "2 is ET, 0 is TC, 1 is WT" in scores.said[-1].text
    assert [row["dice"] for row in scores.rows] == [1.0, 1.0, 1.0]


def test_images_of_slices(tmp_path):
    for name, mask in (("s_1_pred", [[0, 255]]), ("s_1_mask", [[255, 255]])):
        tifffile.imwrite(tmp_path / f"{name}.tif", np.array(mask, np.uint8))
    (row,) = score_masks(pairs_of(tmp_path, tmp_path)).rows
    assert row["dice"] == pytest.approx(2 / 3)
    assert (row["distance_unit"], row["spacing"], row["shape"]) == ("px", "", "1x2")


def test_slices_of_a_patient_are_warned_about(tmp_path):
    (one,) = pair(tmp_path, box(), box())
    pairs = [Pair(f"P{p}_{s}", f"P{p}_{s}", one.prediction, one.truth) for p in "12" for s in "123"]
    assert "look like slices of one patient" in score_masks(pairs).said[-1].text


needs_peers = pytest.mark.skipif(not PEERS.is_dir(), reason="needs the scans of ../shared/data")


@pytest.mark.skipif(not BRATS.is_dir(), reason="needs the scans of ../shared/data")
def test_a_truth_of_brats_has_the_hash_it_has_in_a_sweep():
    folder = BRATS / "BraTS-GLI-00012-000"
    patient = brats.read(folder).patient
    seg = next(folder.glob("*seg*"))
    rows = score_masks([Pair("p", "p", seg, seg)]).rows
    assert patient is not None
    assert {row["truth_hash"] for row in rows} == {truth_hash(patient)}
    assert [row["truth_voxels"] for row in rows][-1] == np.count_nonzero(patient.truth == 4)


@needs_peers
def test_published_predictions_of_brats_2023():
    folder = PEERS / "brats2023_predictions"
    rows = score_masks(pairs_of(folder, folder)).rows
    dice = [(str(row["case"])[-1], row["target"], round(row["dice"], 4)) for row in rows]
    assert dice == [
        *(("1", "ET", 0.9550), ("1", "TC", 0.9729), ("1", "WT", 0.9675)),
        *(("2", "ET", 0.9609), ("2", "TC", 0.9880), ("2", "WT", 0.9792)),
        *(("3", "ET", 0.8791), ("3", "TC", 0.9208), ("3", "WT", 0.8979)),
    ]


@needs_peers
def test_algorithms_of_the_brats_toolkit(tmp_path):
    folder = PEERS / "brats_toolkit_candidates/TCGA-DU-7294"
    dice = {"hnfnetv1": 0.9752, "isen": 0.9776, "sanet0": 0.9894, "scan": 0.9790, "yixinmpl": 0.9768}  # fmt: skip
    ids = tmp_path / "map.csv"
    ids.write_text(
        "case,prediction,truth\n"
        + "".join(f"{name},{name}-20.nii.gz,simple.nii.gz\n" for name in dice)
    )
    rows = score_masks(pairs_of(folder, folder, ids), target="WT").rows
    assert {row["case"]: round(row["dice"], 4) for row in rows} == dice
