"""Masks of new scans: those that `evaluate` scores, in the geometry of the scans' own files."""

from __future__ import annotations

import shutil
from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import ablation
from ablation.cli.app import app
from ablation.data import Patient, write_phantom
from ablation.data.readers.reader import silent
from ablation.data.readers.tiff import read_tiff
from ablation.data.readers.volumes import read_volume
from ablation.deploy.predict import Predictions, predict
from ablation.errors import DataError, UsageError
from ablation.metrics.table import read_cases


def predicted(trained, images: Path, out: str, **options: bool) -> Predictions:
    cache, runs = trained.root / "cache", trained.root / "runs"
    return predict(
        trained.run.path, images, trained.root / out, workspace=runs, cache=cache, **options
    )


@pytest.fixture(scope="module")
def made(trained) -> Predictions:
    return predicted(trained, trained.root / "flipped", "masks", probabilities=True)


def test_masks_of_flipped_anisotropic_files_are_those_that_evaluate_scores(trained, made) -> None:
    scored = trained.evaluated(trained.root / "flipped")
    assert {one.case for one in made.cases} == set(scored)
    assert sum(one.voxels for one in made.cases) > 0
    for one in made.cases:
        (file,) = one.masks
        np.testing.assert_array_equal(read_volume(file).values > 0, scored[one.case])


def test_masks_have_the_counts_of_the_per_case_table(trained, made) -> None:
    table = read_cases(trained.run.path / "per_case.csv").set_index("case")
    voxels = {one.case: one.voxels for one in made.cases}
    assert len(table) >= 2
    for case, row in table.iterrows():
        assert voxels[case] == row["tp"] + row["fp"]


def test_shape_affine_orientation_and_type_are_those_of_the_image(trained, made) -> None:
    for one in made.cases:
        image = nibabel.load(trained.root / "flipped/imagesTr" / f"{one.case}_0000.nii.gz")
        mask = nibabel.load(one.masks[0])
        assert mask.shape == image.shape
        np.testing.assert_array_equal(mask.affine, image.affine)
        assert nibabel.aff2axcodes(mask.affine) == nibabel.aff2axcodes(image.affine)
        assert mask.get_data_dtype() == image.get_data_dtype() == np.int16
        for code in ("sform_code", "qform_code", "xyzt_units"):
            assert mask.header[code] == image.header[code]


def test_volume_is_voxels_times_their_size(made) -> None:
    for one in made.cases:
        assert one.volume_ml == pytest.approx(one.voxels * 0.9 * 1.2 * 3.1 / 1000, abs=1e-3)


def test_probabilities_lie_in_the_same_geometry(trained, made) -> None:
    one = made.cases[0]
    map_, mask = nibabel.load(one.probabilities[0]), nibabel.load(one.masks[0])
    assert map_.get_data_dtype() == np.float32
    np.testing.assert_array_equal(map_.affine, mask.affine)
    values = np.asanyarray(map_.dataobj)
    threshold = float(made.table().threshold[0])
    inside = np.asanyarray(mask.dataobj) > 0
    assert values[inside].min() >= threshold > values[~inside].max()


def test_the_table_names_every_mask_and_the_operating_point(trained, made) -> None:
    table = made.table()
    assert list(table.case) == [one.case for one in made.cases]
    assert all((made.out / name).is_file() for name in (*table["mask"], *table["probability"]))
    assert set(table["run"]) == {made.run}
    assert set(table["tta"]) == {"hflip"}


def test_the_scans_of_the_training_are_not_needed(trained, made, tmp_path: Path) -> None:
    images = tmp_path / "new"
    shutil.copytree(trained.root / "flipped/imagesTr", images)
    moved = trained.root / "flipped.away"
    (trained.root / "flipped").rename(moved)
    try:
        again = predict(
            trained.run.path, images, tmp_path / "out", workspace=trained.root / "runs",
            cache=tmp_path / "cache",
        )  # fmt: skip
    finally:
        moved.rename(trained.root / "flipped")
    assert [one.voxels for one in again.cases] == [one.voxels for one in made.cases]
    for one, other in zip(again.cases, made.cases, strict=True):
        assert one.masks[0].read_bytes() == other.masks[0].read_bytes()


def test_one_file_is_a_scan(trained, made, tmp_path: Path) -> None:
    image = trained.root / f"flipped/imagesTr/{made.cases[0].case}_0000.nii.gz"
    plain = shutil.copy(image, tmp_path / "scan.nii.gz")
    (one,) = predicted(trained, Path(plain), "one").cases
    assert (one.case, one.voxels) == ("scan", made.cases[0].voxels)
    assert one.masks[0].name == "scan.nii.gz"


@pytest.mark.slow
@pytest.mark.parametrize("labelled", [True, False])
def test_tiff_slices_of_lgg_become_masks_by_the_names_of_the_layout(
    trained, tmp_path: Path, labelled: bool
) -> None:
    write_phantom(tmp_path / "lgg", 2, 0, silent)
    scored = trained.evaluated(tmp_path / "lgg")
    if not labelled:
        for file in tmp_path.glob("lgg/*/*_mask.tif"):
            file.unlink()
    made = predicted(trained, tmp_path / "lgg", f"lgg{labelled}", probabilities=True)
    assert len(made.cases) == 2
    for one in made.cases:
        image = tmp_path / f"lgg/{one.case}/{one.case}_1.tif"
        masks = [read_tiff(file) for file in one.masks]
        np.testing.assert_array_equal(np.stack(masks) == 255, scored[one.case])
        assert masks[0].shape == read_tiff(image).shape[:2]
        assert one.masks[0].name == f"{one.case}_1_mask.tif"
        assert one.volume_ml is None
        assert read_tiff(one.probabilities[0]).dtype == np.float32


def test_scans_of_brats_without_truth(trained, patients: list[Patient], tmp_path: Path) -> None:
    names = {"t1": "t1n", "t1ce": "t1c", "t2": "t2w", "flair": "t2f"}
    for number, patient in enumerate(patients[:2]):
        name = f"BraTS-GLI-0000{number}-000"
        for modality, values in zip(patient.modalities, patient.volumes, strict=True):
            stored = np.ascontiguousarray(values.transpose(2, 1, 0).astype(np.float32))
            image = nibabel.Nifti1Image(stored, np.diag([-1.0, -1.0, 3.0, 1.0]))
            (tmp_path / "brats" / name).mkdir(parents=True, exist_ok=True)
            nibabel.save(image, tmp_path / f"brats/{name}/{name}-{names[modality]}.nii.gz")
        truth = nibabel.Nifti1Image(
            np.ascontiguousarray(np.minimum(patient.truth, 3).transpose(2, 1, 0)),
            np.diag([-1.0, -1.0, 3.0, 1.0]),
        )
        nibabel.save(truth, tmp_path / f"brats/{name}/{name}-seg.nii.gz")
    scored = trained.evaluated(tmp_path / "brats")
    for file in tmp_path.glob("brats/*/*-seg.nii.gz"):
        file.unlink()
    made = predicted(trained, tmp_path / "brats", "brats")
    assert len(made.cases) == 2
    for one in made.cases:
        mask = nibabel.load(one.masks[0])
        assert mask.get_data_dtype() == np.uint8  # the images are float32
        np.testing.assert_array_equal(read_volume(one.masks[0]).values > 0, scored[one.case])


def test_pictures_become_pictures(trained, patients: list[Patient], tmp_path: Path) -> None:
    from PIL import Image

    flair = patients[0].volumes[patients[0].modalities.index("flair")]
    (tmp_path / "png").mkdir()
    for number in (10, 12):
        Image.fromarray(flair[number].astype(np.uint8)).save(tmp_path / f"png/s{number}.png")
    made = predicted(trained, tmp_path / "png", "png", probabilities=True)
    assert [one.masks[0].name for one in made.cases] == ["s10.png", "s12.png"]
    for one in made.cases:
        mask = np.asarray(Image.open(one.masks[0]))
        assert mask.shape == flair.shape[1:]
        assert int((mask == 255).sum()) == one.voxels
        assert set(np.unique(mask)) <= {0, 255}
        assert read_tiff(one.probabilities[0]).shape == mask.shape


def test_nothing_is_replaced_in_silence(trained, made) -> None:
    with pytest.raises(UsageError, match=r"masks is not empty") as refused:
        predicted(trained, trained.root / "flipped", "masks")
    assert "--overwrite" in refused.value.hint
    before = {one.masks[0]: one.masks[0].read_bytes() for one in made.cases}
    predicted(trained, trained.root / "flipped", "masks", overwrite=True)
    assert {file: file.read_bytes() for file in before} == before


def test_a_scan_is_never_replaced(trained, tmp_path: Path) -> None:
    file = next((trained.root / "flipped/imagesTr").iterdir())
    scan = Path(shutil.copy(file, tmp_path / "P1.nii.gz"))
    before = scan.read_bytes()
    with pytest.raises(UsageError, match=r"P1\.nii\.gz is a file of the scan P1"):
        predict(
            trained.run.path, tmp_path, tmp_path, overwrite=True, workspace=trained.root / "runs",
            cache=tmp_path.parent / "other cache",
        )  # fmt: skip
    assert scan.read_bytes() == before


def test_a_damaged_scan_is_refused_by_name_or_left_out(trained, tmp_path: Path) -> None:
    for file in sorted((trained.root / "flipped/imagesTr").iterdir())[:2]:
        shutil.copy(file, tmp_path / file.name)
    first = min(tmp_path.iterdir())
    first.write_bytes(first.read_bytes()[:400])
    with pytest.raises(DataError, match=r"1 fault in 1 of 2 scans\n  .*_0000\.nii\.gz"):
        predicted(trained, tmp_path, "damaged")
    made = predicted(trained, tmp_path, "damaged", skip_bad=True)
    assert len(made.cases) == len(made.left_out) == 1


@pytest.mark.parametrize(
    ("name", "fault"),
    [("absent", "there is no such file or folder"), ("empty", "holds no image")],
)
def test_no_scans(trained, tmp_path: Path, name: str, fault: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=fault):
        predicted(trained, tmp_path / name, "none")
    assert not (trained.root / "none").exists()


def test_the_command_prints_a_line_for_each_mask(trained, made, tmp_path: Path) -> None:
    words = ["predict", str(trained.run.path), str(trained.root / "flipped"), "-o"]
    places = ["--workspace", str(trained.root / "runs"), "--cache", str(trained.root / "cache")]
    done = CliRunner().invoke(app, [*words, str(tmp_path / "out"), *places, "--quiet"])
    assert done.exit_code == 0, done.output
    one = made.cases[0]
    assert done.stdout.splitlines()[0] == (
        f"{one.case}  WT  {one.voxels} voxels  {one.volume_ml:.2f} ml"
    )
    assert len(pd.read_csv(tmp_path / "out/predictions.csv")) == len(made.cases)


def test_the_python_interface_has_it() -> None:
    assert ablation.predict is predict
