"""Predictions and truths: paired by what they are called, or by a table; the rest is named."""

import unicodedata
from pathlib import Path

import pytest

from ablation.errors import DataError, UsageError
from ablation.scores.pairing import pairs_of


def files(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def paired(predictions: Path, truths: Path, ids: Path | None = None) -> dict[str, tuple[str, str]]:
    pairs = pairs_of(predictions, truths, ids)
    return {pair.case: (pair.prediction.name, pair.truth.name) for pair in pairs}


@pytest.mark.parametrize(
    ("ours", "theirs", "cases"),
    [
        (["b.nii.gz", "a.nii"], ["a.nii.gz", "b.nii.gz"], ["a", "b"]),
        (["P1_pred.nii.gz", "P2_pred.nii.gz"], ["P1_seg.nii.gz", "P2-label.nii"], ["P1", "P2"]),
        (["pred_P1.nii", "pred_P2.nii"], ["P1.nii", "P2.nii"], ["P1", "P2"]),
        (["unet-P1-20.nii", "unet-P2-20.nii"], ["gt_P1.nii", "gt_P2.nii"], ["P1", "P2"]),
        (["00001.nii", "00002.nii"], ["BraTS_00001_seg.nii", "BraTS_00002_seg.nii"],
         ["BraTS_00001", "BraTS_00002"]),
        (["s_1.tif", "s_2.tif"], ["s_1_mask.tif", "s_2_mask.tif"], ["s_1", "s_2"]),
        (["p1.nii", "P02.nii"], ["P001.nii", "p2.nii"], ["P001", "p2"]),
    ],
)  # fmt: skip
def test_names(tmp_path, ours, theirs, cases):
    found = paired(files(tmp_path / "ours", *ours), files(tmp_path / "theirs", *theirs))
    assert list(found) == cases
    for case, (prediction, truth) in found.items():
        assert case[-1] in prediction
        assert case[-1] in truth


def test_a_folder_of_brats_patients_is_a_folder_of_truths(tmp_path):
    kinds = ("t1n", "t1c", "t2w", "t2f", "seg")
    names = [f"BraTS-GLI-{n}/BraTS-GLI-{n}-{k}.nii.gz" for n in ("00001-000", "00002-000") for k in kinds]  # fmt: skip
    truths = files(tmp_path / "scans", *names)
    predictions = files(
        tmp_path / "out", "BraTS-GLI-00001-000.nii.gz", "BraTS-GLI-00002-000.nii.gz"
    )
    assert paired(predictions, truths) == {
        f"BraTS-GLI-{n}": (f"BraTS-GLI-{n}.nii.gz", f"BraTS-GLI-{n}-seg.nii.gz")
        for n in ("00001-000", "00002-000")
    }


def test_several_examinations_of_a_person_are_cases_of_one_patient(tmp_path):
    names = [f"BraTS-GLI-{n}.nii.gz" for n in ("00001-000", "00001-001", "00002-000")]
    pairs = pairs_of(files(tmp_path / "ours", *names), files(tmp_path / "theirs", *names))
    assert [(pair.patient, pair.case) for pair in pairs] == [
        ("BraTS-GLI-00001", "BraTS-GLI-00001-000"),
        ("BraTS-GLI-00001", "BraTS-GLI-00001-001"),
        ("BraTS-GLI-00002-000", "BraTS-GLI-00002-000"),
    ]


def test_dates_of_the_cancer_genome_atlas_are_examinations_of_one_patient(tmp_path):
    names = [f"TCGA_CS_{n}.nii.gz" for n in ("4941_19960909", "4941_19970101", "4942_19970222")]
    pairs = pairs_of(files(tmp_path / "ours", *names), files(tmp_path / "theirs", *names))
    patients = ["TCGA_CS_4941", "TCGA_CS_4941", "TCGA_CS_4942_19970222"]
    assert [pair.patient for pair in pairs] == patients


def test_a_file_in_a_folder_of_its_own_is_called_after_it(tmp_path):
    predictions = files(tmp_path / "out", "P1/pred.nii.gz", "P2/pred.nii.gz")
    truths = files(tmp_path / "gt", "P1/seg.nii.gz", "P2/seg.nii.gz")
    assert list(paired(predictions, truths)) == ["P1", "P2"]
    other = files(tmp_path / "other", "P1/unet.nii.gz", "P2/unet.nii.gz")
    assert list(paired(other, truths)) == ["P1", "P2"]


def test_images_beside_their_masks_are_no_masks(tmp_path):
    names = [f"P{p}/P{p}_{s}{kind}.tif" for p in (1, 2) for s in (1, 2) for kind in ("", "_mask")]
    truths = files(tmp_path / "scans", *names)
    predictions = files(tmp_path / "out", *(f"P{p}_{s}.tif" for p in (1, 2) for s in (1, 2)))
    assert paired(predictions, truths) == {
        f"P{p}_{s}": (f"P{p}_{s}.tif", f"P{p}_{s}_mask.tif") for p in (1, 2) for s in (1, 2)
    }


def test_one_folder_holds_both(tmp_path):
    folder = files(
        tmp_path, "s_1_pred.nii.gz", "s_1_label.nii.gz", ".DS_Store", "._s_1_pred.nii.gz"
    )
    assert paired(folder, folder) == {"s_1": ("s_1_pred.nii.gz", "s_1_label.nii.gz")}
    files(tmp_path, "other.nii.gz")
    with pytest.raises(DataError, match=r"cannot tell prediction from truth: other\.nii\.gz"):
        pairs_of(folder, folder)


def test_two_files_belong_together_whatever_they_are_called(tmp_path):
    folder = files(tmp_path, "isen-20.nii.gz", "simple.nii.gz")
    found = paired(folder / "isen-20.nii.gz", folder / "simple.nii.gz")
    assert found == {"simple": ("isen-20.nii.gz", "simple.nii.gz")}


def test_a_file_finds_its_partner_in_a_folder(tmp_path):
    ours, theirs = files(tmp_path / "a", "P2_pred.nii"), files(tmp_path / "b", "P1.nii", "P2.nii")
    assert paired(ours / "P2_pred.nii", theirs) == {"P2": ("P2_pred.nii", "P2.nii")}
    assert paired(theirs, ours / "P2_pred.nii") == {"P2": ("P2.nii", "P2_pred.nii")}


def test_what_has_no_partner_is_named(tmp_path):
    ours = files(tmp_path / "ours", "P1.nii", "P2.nii", "P9.nii")
    theirs = files(tmp_path / "theirs", "P1.nii", "P2.nii", "P3.nii", "P4.nii")
    with pytest.raises(DataError) as caught:
        pairs_of(ours, theirs)
    assert f"predictions without a truth in {ours}: P9.nii" in caught.value.message
    assert f"truths without a prediction in {theirs}: P3.nii, P4.nii" in caught.value.message
    assert "--ids" in caught.value.hint


def test_two_predictions_of_one_case_are_not_guessed_between(tmp_path):
    ours = files(tmp_path / "ours", "P1_pred.nii", "P1-pred.nii", "P2_pred.nii")
    with pytest.raises(DataError, match=r"P1-pred.nii, P1_pred.nii"):
        pairs_of(ours, files(tmp_path / "theirs", "P1.nii", "P2.nii"))


def test_places_without_masks(tmp_path):
    folder = files(tmp_path, "notes.txt")
    with pytest.raises(DataError, match="holds no masks"):
        pairs_of(folder, folder)
    with pytest.raises(DataError, match="no such file or folder"):
        pairs_of(tmp_path / "absent", folder)


def test_a_table_of_pairs(tmp_path):
    ours = files(tmp_path / "a", "x-20.nii.gz", "y.nii")
    theirs = files(tmp_path / "b", "one.nii.gz", "two.nii.gz", "never.nii.gz")
    ids = tmp_path / "map.csv"
    ids.write_text("truth,prediction,case,patient\none,x-20,P1,Anna\ntwo.nii.gz,y.nii,P2,\n")
    pairs = pairs_of(ours, theirs, ids)
    assert [(pair.case, pair.patient) for pair in pairs] == [("P1", "Anna"), ("P2", "P2")]
    assert [pair.prediction.name for pair in pairs] == ["x-20.nii.gz", "y.nii"]


def test_a_table_of_predictions_against_one_truth(tmp_path):
    folder = files(tmp_path, "x-20.nii.gz", "y-20.nii.gz", "simple.nii.gz")
    ids = tmp_path / "map.csv"
    ids.write_text("case;prediction\nx;x-20.nii.gz\ny;y-20.nii.gz\n")
    found = paired(folder, folder / "simple.nii.gz", ids)
    assert found == {n: (f"{n}-20.nii.gz", "simple.nii.gz") for n in ("x", "y")}
    with pytest.raises(UsageError, match="has no column truth"):
        pairs_of(folder, folder, ids)


def test_every_fault_of_a_table_of_pairs_is_named(tmp_path):
    folder = files(tmp_path, "x.nii", "t.nii")
    ids = tmp_path / "map.csv"
    ids.write_text("case,prediction,truth\nP1,x,t\nP1,x,t\nP3,absent,t\nP4,x\nP5,,t\n")
    with pytest.raises(DataError) as caught:
        pairs_of(folder, folder, ids)
    for fault in (
        "line 3: case P1 is in line 2 already",
        "line 4: no file absent in",
        "line 5: 2 cells under 3 columns",
        "line 6: no file (empty) in",
    ):
        assert fault in caught.value.message


def test_a_file_is_no_prediction_of_itself(tmp_path):
    folder = files(tmp_path / "P1", "unet.nii", "isen.nii", "fused.nii")
    with pytest.raises(DataError, match=r"predictions without a truth .*isen.nii, unet.nii"):
        pairs_of(folder, folder / "fused.nii")
    with pytest.raises(DataError, match=r"truths without a prediction .*isen.nii, unet.nii"):
        pairs_of(folder / "fused.nii", folder)
    with pytest.raises(DataError, match="prediction and truth are one file"):
        pairs_of(folder / "fused.nii", folder / "fused.nii")
    table = tmp_path / "map.csv"
    table.write_text("case,prediction,truth\nP1,fused,fused\n")
    with pytest.raises(DataError, match=r"line 2: prediction and truth are one file, fused\.nii"):
        pairs_of(folder, folder, table)


@pytest.mark.parametrize(
    "change", [lambda n: unicodedata.normalize("NFD", n), lambda n: f"{n}\u200b"]
)
def test_names_that_differ_in_what_nobody_sees(tmp_path, change):
    names = [f"Müller-{number}" for number in (1, 2)]
    ours = files(tmp_path / "ours", *(f"{change(name)}.nii.gz" for name in names))
    theirs = files(tmp_path / "theirs", *(f"{name}.nii.gz" for name in names))
    assert list(paired(ours, theirs)) == names
    table = tmp_path / "ids.csv"
    table.write_text("case,prediction,truth\n" + "".join(f"{n},{n},{n}\n" for n in names))
    assert list(paired(ours, theirs, table)) == names
