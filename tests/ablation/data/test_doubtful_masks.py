"""Masks that cannot be right, and labels that mean another thing than they seem."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import nibabel
import numpy as np
import pytest
import tifffile
from PIL import Image

from ablation.config.sections import DataConfig
from ablation.data import Patient, open_dataset
from ablation.data.check import check_patient
from ablation.data.readers import person_of
from ablation.data.readers.tiff import read_tiff
from ablation.errors import DataError
from ablation.scores.bring_in import Masks, masks_scores
from ablation.scores.printed import means_of

SQUARE = np.zeros((32, 24), np.uint8)
SQUARE[4:12, 5:9] = 255


@pytest.mark.parametrize("kind", ["plain", "white is zero", "lzw", "deflate", "bigtiff", "int16"])
def test_a_tiff_mask_is_read_as_it_looks(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "mask.tif"
    match kind:
        case "white is zero":
            tifffile.imwrite(path, 255 - SQUARE, photometric="miniswhite")
        case "lzw":
            Image.fromarray(SQUARE).save(path, compression="tiff_lzw")
        case "bigtiff":
            tifffile.imwrite(path, SQUARE, bigtiff=True)
        case "int16":
            tifffile.imwrite(path, SQUARE.astype(np.int16))
        case "deflate":
            Image.fromarray(SQUARE).save(path, compression="tiff_adobe_deflate")
        case _:
            tifffile.imwrite(path, SQUARE)
    np.testing.assert_array_equal(read_tiff(path), SQUARE)


@pytest.mark.parametrize("compression", ["group4", "group3", None])
def test_a_bilevel_tiff_is_read_as_it_looks(tmp_path: Path, compression: str | None) -> None:
    path = tmp_path / "mask.tif"
    Image.fromarray(SQUARE).convert("1").save(path, compression=compression)
    np.testing.assert_array_equal(read_tiff(path) > 0, SQUARE > 0)


@pytest.mark.parametrize("ending", ["tif", "png"])
def test_a_palette_is_looked_up(tmp_path: Path, ending: str) -> None:
    from ablation.data.readers.pictures import read_labels

    image = Image.fromarray((SQUARE == 0).astype(np.uint8), mode=None).convert("P")
    image.putpalette([255, 255, 255, 0, 0, 0])
    image.save(tmp_path / f"grey.{ending}")
    np.testing.assert_array_equal(read_labels(tmp_path / f"grey.{ending}")[0][0], SQUARE)
    coloured = Image.fromarray((SQUARE > 0).astype(np.uint8)).convert("P")
    coloured.putpalette([0, 0, 0, 128, 0, 0])
    coloured.save(tmp_path / f"colour.{ending}")
    np.testing.assert_array_equal(read_labels(tmp_path / f"colour.{ending}")[0][0], SQUARE // 255)


def test_a_truncated_compressed_mask_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mask.tif"
    noise = np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)
    Image.fromarray(noise).save(path, compression="tiff_lzw")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError):
        read_tiff(path)


def with_truth(patient: Patient, truth: np.ndarray) -> Patient:
    return replace(patient, truth=truth.astype(np.uint8))


@pytest.fixture(scope="module")
def head() -> Patient:
    from ablation.data.readers.phantom_patients import generate

    return generate(0, seed=0)


def test_a_mask_that_no_tumour_fills_is_warned_of(head: Patient) -> None:
    assert head.truth is not None
    (inverted,) = check_patient(with_truth(head, head.truth == 0), "P1")
    assert "masks cover 100% of the air around the head, on 28 of 28 slices" in inverted.fault
    assert inverted.patient == head.id
    brain = head.volumes[0] > 0
    (whole,) = check_patient(with_truth(head, brain), "P1")
    assert "100% of the head" in whole.fault


def test_a_large_tumour_is_not_warned_of(head: Patient) -> None:
    assert check_patient(head, "P1") == ()
    large = head.volumes[0] > 0
    large[:6] = large[-6:] = False
    large[:, :, :64] = False  # a hemisphere, on 16 of 28 slices
    assert check_patient(with_truth(head, large), "P1") == ()


@pytest.mark.parametrize(
    ("name", "person"),
    [
        ("brats_tcia_pat153_0002", "brats_tcia_pat153"),
        ("brats_2013_pat0011_1", "brats_2013_pat0011"),
        ("Brats18_TCIA01_131_1", "Brats18_TCIA01_131"),
        ("sub-01_ses-02", "sub-01"),
        ("P007_visit2", "P007"),
        ("P007-baseline", "P007"),
        ("BraTS20_Training_001", "BraTS20_Training_001"),
        ("BraTS2021_00008", "BraTS2021_00008"),
        ("BRATS_001", "BRATS_001"),
        ("P007_11", "P007_11"),
        ("UCSF-PDGM-0004", "UCSF-PDGM-0004"),
        ("scan_0001", "scan_0001"),
    ],
)
def test_whose_examination_a_name_means(name: str, person: str) -> None:
    assert person_of(name) == person


AFFINE = np.diag([-1.0, -1.0, 3.0, 1.0])
AFFINE[:3, 3] = 90, 126, -72


def save(path: Path, values: np.ndarray, affine: np.ndarray = AFFINE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    stored = np.ascontiguousarray(values.transpose(2, 1, 0).astype(np.uint8))
    nibabel.save(nibabel.Nifti1Image(stored, affine), path)


BALL = np.zeros((16, 40, 40), np.uint8)
Z, Y, X = np.ogrid[:16, :40, :40]
DISTANCE = ((Z - 8) * 2) ** 2 + (Y - 20) ** 2 + (X - 20) ** 2
BALL[DISTANCE < 150], BALL[DISTANCE < 80], BALL[DISTANCE < 30] = 2, 4, 1
"""Oedema round enhancing tumour round necrosis, in the numbers of 2013."""
IN_2023 = np.array([0, 1, 2, 0, 3], np.uint8)
CONVERTED = np.array([0, 2, 1, 0, 3], np.uint8)


def scored(root: Path, **settings: object) -> tuple[dict[str, float], list[str]]:
    said: list[str] = []
    masks = Masks(root / "pred", root / "truth", **settings)  # type: ignore[arg-type]
    means = means_of(masks_scores(masks, said.append).rows)
    return {target: one["dice"] for target, one in means.items()}, said


NUMBERINGS = {
    "2021": (np.arange(5, dtype=np.uint8), np.arange(5, dtype=np.uint8)),
    "2023": (IN_2023, IN_2023),
    "converted": (CONVERTED, CONVERTED),
    "prediction converted": (CONVERTED, np.arange(5, dtype=np.uint8)),
    "truth of 2023, prediction converted": (CONVERTED, IN_2023),
    "prediction of 2023, truth converted": (IN_2023, CONVERTED),
}


@pytest.mark.parametrize("numbering", NUMBERINGS)
def test_scores_do_not_depend_on_how_labels_are_numbered(tmp_path: Path, numbering: str) -> None:
    ours, theirs = NUMBERINGS[numbering]
    moved = np.roll(BALL, 2, axis=2)
    for case in ("P1", "P2"):
        save(tmp_path / "pred" / f"{case}.nii.gz", ours[moved])
        save(tmp_path / "truth" / f"{case}.nii.gz", theirs[BALL])
    found, said = scored(tmp_path)
    for target, labels in {"WT": (1, 2, 4), "TC": (1, 4), "ET": (4,)}.items():
        truth, prediction = (np.isin(one, labels) for one in (BALL, moved))
        expected = 2 * (truth & prediction).sum() / (truth.sum() + prediction.sum())
        assert found[target] == pytest.approx(expected)
    decided = [line for line in said if line.startswith("caution")]
    assert bool(decided) == ("converted" in numbering)


def test_a_dataset_json_decides_what_labels_mean(tmp_path: Path) -> None:
    apart = np.zeros((16, 40, 40), np.uint8)
    apart[4:8, 4:12, 4:12], apart[4:8, 20:28, 4:12], apart[4:8, 20:28, 20:28] = 1, 2, 3
    for folder in ("pred", "truth"):
        save(tmp_path / folder / "P1.nii.gz", apart)
    assert any("nothing tells whether label 1" in line for line in scored(tmp_path)[1])
    (tmp_path / "dataset.json").write_text(
        '{"channel_names": {"0": "FLAIR"}, "labels": {"edema": 1, "necrosis": 2, "enhancing": 3}}'
    )
    found, said = scored(tmp_path)
    assert found == {"WT": 1.0, "TC": 1.0, "ET": 1.0}
    assert any("truths: WT = 1, 2, 3, TC = 2, 3, ET = 3" in line for line in said)
    assert not any(line.startswith("caution") for line in said)


def test_converted_labels_in_folders_of_patients_are_told_by_the_rim(
    layouts: ModuleType, tmp_path: Path
) -> None:
    for number in range(3):
        folder = tmp_path / "scans" / f"case_{number}"
        save(folder / f"case_{number}_flair.nii.gz", 100 + BALL * 20 + number)
        save(folder / f"case_{number}_seg.nii.gz", CONVERTED[BALL])
    dataset = open_dataset(DataConfig(path=str(tmp_path / "scans")), tmp_path / "cache")
    assert dataset.name == "brats"
    assert dataset.modalities == ("flair",)
    assert dataset.patients[0].target_voxels["TC"] == np.isin(BALL, (1, 4)).sum()
    assert "1 is read as oedema, 2 as necrosis" in str(dataset.findings[0])


def test_a_lost_affine_is_named(tmp_path: Path) -> None:
    save(tmp_path / "pred/P1.nii.gz", BALL, np.eye(4))
    save(tmp_path / "truth/P1.nii.gz", BALL)
    with pytest.raises(DataError, match="its affine is the identity") as caught:
        scored(tmp_path)
    assert "write them with the affine of the truth" in caught.value.hint


def test_resampling_that_destroys_the_overlap_is_warned_of(tmp_path: Path) -> None:
    elsewhere = AFFINE.copy()
    elsewhere[0, 3] += 25
    save(tmp_path / "pred/P1.nii.gz", BALL, elsewhere)
    save(tmp_path / "truth/P1.nii.gz", BALL)
    found, said = scored(tmp_path, resample="nearest")
    assert found["WT"] < 0.5
    (warning,) = [line for line in said if line.startswith("warning")]
    assert "Dice with the truth is 1.00 as stored and 0." in warning
    coarse = np.diag([-2.0, -2.0, 3.0, 1.0])
    coarse[:3, 3] = AFFINE[:3, 3]
    save(tmp_path / "pred/P1.nii.gz", BALL[:, ::2, ::2], coarse)
    found, said = scored(tmp_path, resample="nearest")
    assert found["WT"] > 0.85
    assert not any(line.startswith("warning") for line in said)


def test_patients_of_masks_are_named_by_a_pattern(tmp_path: Path) -> None:
    for case in ("P1_11", "P1_21", "P2_11"):
        for folder in ("pred", "truth"):
            save(tmp_path / folder / f"{case}.nii.gz", BALL)
    masks = Masks(tmp_path / "pred", tmp_path / "truth", patient_regex="(P.)_")
    rows = masks_scores(masks).rows
    assert {row["case"]: row["patient"] for row in rows} == {
        "P1_11": "P1", "P1_21": "P1", "P2_11": "P2"
    }  # fmt: skip
