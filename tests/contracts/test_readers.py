"""What every layout of scans keeps: it knows its own folders, reads them whole, and names faults."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import nibabel
import numpy as np
import pytest
import tifffile
from PIL import Image
from typer.testing import CliRunner

from ablation.cli.data import app
from ablation.config.sections import DataConfig
from ablation.data import READERS, Finding, Patient, open_dataset, prepare, splits_of
from ablation.data.readers import Reader
from ablation.data.readers.reader import Located, Progress, Reading, silent
from ablation.errors import DataError

PATIENTS = 4


def arrays_locate(data: DataConfig, cache: Path, progress: Progress) -> Located:
    del cache, progress
    root = Path(str(data.path))
    return Located(root, {path.stem: path for path in sorted(root.glob("*.npz"))})


def arrays_read(place: Path) -> Reading:
    try:
        with np.load(place) as stored:
            images, truth = stored["images"], stored["truth"]
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        return Reading(
            None, (Finding("error", place.name, f"cannot be read ({error})", place.stem),)
        )
    order = tuple(str(number) for number in range(len(truth)))
    patient = Patient(place.stem, images, ("ct",), truth, (5.0, 0.7, 0.7), order)
    return Reading(patient, ())


ARRAYS = Reader(
    name="arrays",
    layout="arrays: PERSON-VISIT.npz with images and truth",
    distance_unit="mm",
    modalities=("ct",),
    targets={"liver": (1, 2), "lesion": (2,)},
    detect=lambda path: any(path.glob("*.npz")),
    locate=arrays_locate,
    files=lambda place: (place,),
    read=arrays_read,
    person=lambda name: name.partition("-")[0],
)
"""A layout of somebody else: one file for each examination, targets and modality of its own."""


def write_arrays(root: Path, patients: int = PATIENTS) -> None:
    root.mkdir()
    for number in range(patients):
        rng = np.random.default_rng(number)
        truth = np.zeros((5, 20, 24), np.uint8)
        truth[1:4, 4:12, 5:15], truth[2, 6:9, 7:9] = 1, 2
        images = rng.normal(100, 20, (1, 5, 20, 24)).astype(np.float32)
        np.savez(root / f"P{number}-1.npz", images=images, truth=truth)


def write_lgg(root: Path) -> None:
    for number in range(PATIENTS):
        name = f"TCGA_CS_494{number}_1996090{number}"
        (root / name).mkdir(parents=True)
        rng = np.random.default_rng(number)
        for one in (1, 2, 3):
            mask = np.zeros((24, 20), np.uint8)
            mask[4 : 6 + 2 * one, 4:12] = 255
            image = rng.integers(1, 256, (24, 20, 3), np.uint8)
            tifffile.imwrite(root / name / f"{name}_{one}.tif", image, photometric="rgb")
            tifffile.imwrite(root / name / f"{name}_{one}_mask.tif", mask)


def write_brats(root: Path) -> None:
    for number in range(PATIENTS):
        name = f"BraTS-GLI-0000{number}-000"
        (root / name).mkdir(parents=True)
        rng = np.random.default_rng(number)
        for word in ("t1n", "t1c", "t2w", "t2f", "seg"):
            values = rng.integers(1, 999, (24, 20, 6)).astype(np.int16)
            if word == "seg":
                values = np.zeros((24, 20, 6), np.int16)
                values[4:12, 4:12, 1:4], values[6:9, 6:9, 2], values[7, 7, 2] = 2, 1, 3
            image = nibabel.Nifti1Image(values, np.diag([-1.0, -1.0, 2.0, 1.0]))
            nibabel.save(image, root / name / f"{name}-{word}.nii.gz")


def write_nnunet(root: Path, highest: int = 2) -> None:
    for number in range(PATIENTS):
        rng = np.random.default_rng(number)
        truth = np.zeros((24, 20, 6), np.uint8)
        truth[4:12, 4:12, 1:4], truth[6:9, 6:9, 2] = 1, highest
        files = {
            "imagesTr": {f"P{number}_0000": rng.normal(100, 20, (24, 20, 6)).astype(np.float32)},
            "labelsTr": {f"P{number}": truth},
        }
        for folder, arrays in files.items():
            (root / folder).mkdir(parents=True, exist_ok=True)
            for name, values in arrays.items():
                image = nibabel.Nifti1Image(values, np.diag([-1.0, -1.0, 2.0, 1.0]))
                nibabel.save(image, root / folder / f"{name}.nii.gz")
    described = {
        "channel_names": {"0": "CT"},
        "labels": {"background": 0, "liver": [1, 2], "lesion": 2},
        "file_ending": ".nii.gz",
    }
    (root / "dataset.json").write_text(json.dumps(described))


def write_pairs(root: Path) -> None:
    for number in range(PATIENTS):
        rng = np.random.default_rng(number)
        mask = np.zeros((24, 20), np.uint8)
        mask[4 : 6 + number, 4:12] = 255
        for folder, values in (
            ("images", rng.integers(1, 256, (24, 20), np.uint8)),
            ("masks", mask),
        ):
            (root / folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(values).save(root / folder / f"P{number}.png")


def write_table(root: Path) -> None:
    write_nnunet(root, highest=1)
    (root / "dataset.json").unlink()
    rows = [
        f"P{number},imagesTr/P{number}_0000.nii.gz,labelsTr/P{number}.nii.gz"
        for number in range(PATIENTS)
    ]
    (root / "scans.csv").write_text("\n".join(["patient,ct,mask", *rows]))


WRITE: dict[str, Callable[[Path], None]] = {
    "arrays": write_arrays,
    "lgg": write_lgg,
    "brats": write_brats,
    "nnunet": write_nnunet,
    "pairs": write_pairs,
    "table": write_table,
}
"""How a small data set of each layout on disk is made; the generated ones make themselves."""


def place_of(name: str, scans: Path) -> Path:
    """Return what --data names."""
    return scans / name / "scans.csv" if name == "table" else scans / name


def data_of(reader: Reader, path: Path, **settings: object) -> DataConfig:
    """Return the settings that read a data set of a layout."""
    own = {"modalities": reader.modalities, "target": next(iter(reader.targets)), "image_size": 32}
    if reader.generated:
        place: dict[str, object] = {"source": reader.name, "phantom_patients": PATIENTS}
    else:
        place = {"path": str(path)}
    return DataConfig.model_validate(own | place | settings)


@pytest.fixture(scope="module", autouse=True)
def registered() -> Iterator[None]:
    with READERS.having(ARRAYS):
        yield


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a data set of each layout, by its name."""
    root = tmp_path_factory.mktemp("scans")
    for name, write in WRITE.items():
        write(root / name)
    return root


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(params=[*READERS, "arrays"])
def layout(request: pytest.FixtureRequest) -> Reader:
    """What is registered."""
    return READERS.find(request.param)


@pytest.fixture
def reader(layout: Reader, scans: Path, cache: Path) -> Reader:
    """What reads the data set of a layout: modalities and targets may be known from files alone."""
    return bound(layout, place_of(layout.name, scans), cache)


def bound(layout: Reader, path: Path, cache: Path) -> Reader:
    if layout.bind is None:
        return layout
    return layout.bind(DataConfig(path=str(path), source=layout.name), cache, silent)


def readings(reader: Reader, scans: Path, cache: Path) -> dict[str, Reading]:
    located = reader.locate(data_of(reader, place_of(reader.name, scans)), cache, silent)
    assert located.findings == ()
    return {name: reader.read(place) for name, place in located.places.items()}


class TestReader:
    """The contract of a layout."""

    def test_it_detects_its_own_layout_and_no_other(self, reader: Reader, scans: Path) -> None:
        for name in WRITE:
            found = [one.name for one in READERS.values() if one.detect(place_of(name, scans))]
            assert (found[0] == reader.name) == (name == reader.name)
        empty = scans / "empty"
        empty.mkdir(exist_ok=True)
        assert not reader.detect(empty)
        with pytest.raises(DataError, match="holds no patients of a known layout") as caught:
            open_dataset(DataConfig(path=str(empty)), scans / "cache")
        assert (reader.layout in caught.value.hint) != reader.generated

    def test_every_patient_is_found_and_read_without_a_finding(
        self, reader: Reader, scans: Path, cache: Path
    ) -> None:
        found = readings(reader, scans, cache)
        assert len(found) == PATIENTS
        for name, reading in found.items():
            assert reading.findings == ()
            assert reading.patient is not None
            assert reading.patient.id == name

    def test_images_and_truth_share_a_grid(self, reader: Reader, scans: Path, cache: Path) -> None:
        for reading in readings(reader, scans, cache).values():
            patient = reading.patient
            assert patient is not None
            assert patient.truth is not None
            assert patient.modalities == reader.modalities
            assert patient.volumes.shape == (len(reader.modalities), *patient.truth.shape)
            assert np.isfinite(patient.volumes.astype(np.float64)).all()
            assert patient.truth.dtype == np.uint8
            assert len(patient.slice_order) == patient.shape[0]

    def test_distances_are_in_mm_where_the_spacing_is_known(
        self, reader: Reader, scans: Path, cache: Path
    ) -> None:
        for reading in readings(reader, scans, cache).values():
            assert reading.patient is not None
            spacing = reading.patient.spacing_mm
            assert (spacing is not None) == (reader.distance_unit == "mm")
            assert spacing is None or min(spacing) > 0

    def test_every_label_belongs_to_a_listed_target(
        self, reader: Reader, scans: Path, cache: Path
    ) -> None:
        known = {label for labels in reader.targets.values() for label in labels}
        for reading in readings(reader, scans, cache).values():
            assert reading.patient is not None
            assert reading.patient.truth is not None
            assert set(np.unique(reading.patient.truth)) - {0} <= known
        sizes = [len(labels) for labels in reader.targets.values()]
        assert sizes == sorted(sizes, reverse=True)

    def test_the_person_of_a_person_is_the_person(
        self, reader: Reader, scans: Path, cache: Path
    ) -> None:
        names = list(readings(reader, scans, cache))
        persons = [reader.person(name) for name in names]
        assert len(set(persons)) == PATIENTS
        assert [reader.person(name) for name in names] == persons
        assert [reader.person(person) for person in persons] == persons
        assert all(person and person in name for person, name in zip(persons, names, strict=True))

    def test_a_broken_file_is_named_with_its_fault(
        self, reader: Reader, scans: Path, cache: Path, tmp_path: Path
    ) -> None:
        located = reader.locate(data_of(reader, place_of(reader.name, scans)), cache, silent)
        name, place = next(iter(located.places.items()))
        for number, file in enumerate(reader.files(place)):
            copy = tmp_path / str(number) / reader.name
            shutil.copytree(located.root, copy)
            (copy / file.relative_to(located.root)).write_bytes(b"")
            own = bound(READERS.find(reader.name), place_of(reader.name, copy.parent), cache)
            reading = own.read(copy / place.relative_to(located.root))
            assert reading.patient is None
            (finding,) = reading.findings
            assert finding.severity == "error"
            assert finding.where.endswith(file.name)
            assert finding.fault
            assert finding.patient == name

    def test_a_data_set_is_opened_split_and_prepared(
        self, reader: Reader, scans: Path, cache: Path
    ) -> None:
        data = data_of(reader, place_of(reader.name, scans))
        dataset = open_dataset(data, cache)
        assert (dataset.name, dataset.generated) == (reader.name, reader.generated)
        assert (dataset.modalities, dataset.distance_unit) == (reader.modalities, reader.distance_unit)  # fmt: skip
        (split,) = splits_of(dataset, data)
        parts = (split.train, split.validation, split.test)
        assert sorted(name for part in parts for name in part) == [f.id for f in dataset.patients]
        assert all(parts)
        for target, labels in reader.targets.items():
            slices = prepare(dataset, data.model_copy(update={"target": target}), cache)
            assert slices.images.dtype == np.float32
            assert slices.images.shape[1:] == (32, 32, len(reader.modalities))
            assert np.isfinite(slices.images).all()
            assert 0 <= slices.images.min() < slices.images.max() <= 1
            for facts in dataset.patients:
                truth = slices.native_truth(facts.id)
                assert truth.dtype == bool
                assert truth.shape == facts.shape
                patient = reader.read(dataset.places[facts.id]).patient
                assert patient is not None
                assert patient.truth is not None
                np.testing.assert_array_equal(truth, np.isin(patient.truth, labels))
                assert facts.target_voxels[target] == truth.sum() > 0

    def test_the_commands_know_it(self, reader: Reader, scans: Path, cache: Path) -> None:
        settings = data_of(reader, place_of(reader.name, scans))
        words = [] if reader.generated else [str(place_of(reader.name, scans))]
        words += ["--cache", str(cache)]
        for key in ("source", "target", "phantom_patients"):
            words += ["--set", f"data.{key}={getattr(settings, key)}"]
        words += ["--set", f"data.modalities={','.join(reader.modalities)}"]
        result = CliRunner().invoke(app, ["check", *words])
        assert result.exit_code == 0, result.output
        assert f"{reader.name}: {PATIENTS} usable of {PATIENTS} patients" in result.stdout


def test_the_registry_loads_no_decoder_and_no_numpy() -> None:
    import subprocess
    import sys

    script = "import sys; from ablation.data.readers import READERS; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert {"numpy", "nibabel", "tifffile", "pandas", "scipy"} & set(done.stdout.split()) == set()


def test_an_own_layout_goes_the_whole_way(whole_path) -> None:
    assert whole_path.experiment.dataset.name == "arrays"
    assert set(whole_path.cases["target"]) == {"liver"}
    assert whole_path.cases["distance_unit"].unique().tolist() == ["mm"]
    assert whole_path.run["params"]["data.target"] == "liver"
    assert 'layout = "arrays"' in whole_path.methods
    assert "`arrays`" in whole_path.reference
    assert "liver" in whole_path.page
