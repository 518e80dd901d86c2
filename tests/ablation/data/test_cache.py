"""Prepared slices: right rows, built once by any number of processes, never half."""

from __future__ import annotations

import multiprocessing
import shutil
from pathlib import Path

import numpy as np
import pytest

from ablation.config.sections import DataConfig
from ablation.data import READERS, Dataset, Slices, cache, prepare, training_rows
from ablation.data.preprocess import resize_images, resize_mask, volume_z_clip01
from ablation.errors import DataError


@pytest.fixture(scope="module")
def slices(phantom: Dataset, phantom_data: DataConfig, phantom_cache: Path) -> Slices:
    return prepare(phantom, phantom_data, phantom_cache)


def test_rows_follow_the_patients_in_slice_order(phantom: Dataset, slices: Slices) -> None:
    assert list(slices.rows) == [facts.id for facts in phantom.patients]
    starts = np.cumsum([0, *(facts.slices for facts in phantom.patients)])
    assert [rows.start for rows in slices.rows.values()] == starts[:-1].tolist()
    assert slices.images.shape == (starts[-1], 64, 64, 1)
    assert slices.masks.shape == (starts[-1], 64, 64, 1)
    assert slices.images.dtype == np.float32
    assert not slices.images.flags.writeable


def test_a_patient_s_rows_hold_its_preprocessed_volume(phantom: Dataset, slices: Slices) -> None:
    patient = READERS["phantom"].read(phantom.places["phantom_003"]).patient
    assert patient is not None
    assert patient.truth is not None
    rows = slices.rows["phantom_003"]
    expected = resize_images(volume_z_clip01(patient.volumes[3]), 64)
    np.testing.assert_array_equal(slices.images[rows, ..., 0], expected)
    truth = patient.truth > 0
    np.testing.assert_array_equal(slices.masks[rows, ..., 0], resize_mask(truth, 64))
    np.testing.assert_array_equal(slices.native_truth("phantom_003"), truth)


def test_targets_are_label_sets(phantom: Dataset, phantom_data: DataConfig, tmp_path: Path) -> None:
    sizes = {}
    for target in ("WT", "TC", "ET"):
        data = phantom_data.model_copy(update={"target": target, "modalities": ("t1ce", "flair")})
        prepared = prepare(phantom, data, tmp_path)
        assert prepared.images.shape[-1] == 2
        sizes[target] = prepared.native_truth("phantom_000").sum()
    assert sizes["WT"] > sizes["TC"] > sizes["ET"] > 0
    assert sizes["WT"] == phantom.patient("phantom_000").tumour_voxels


def test_a_second_call_builds_nothing(
    phantom: Dataset,
    phantom_data: DataConfig,
    phantom_cache: Path,
    slices: Slices,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cache, "_build", lambda *args: pytest.fail("built again"))
    again = prepare(phantom, phantom_data, phantom_cache)
    assert again.folder == slices.folder
    other = phantom_data.model_copy(update={"augmentation": "none", "empty_slices": 0.5})
    assert prepare(phantom, other, phantom_cache).folder == slices.folder


def _prepare_and_report(
    dataset: Dataset, data: DataConfig, folder: Path, told: multiprocessing.SimpleQueue[str]
) -> None:
    prepare(dataset, data, folder, told.put)


def test_two_processes_at_once_build_once(
    phantom: Dataset, phantom_data: DataConfig, tmp_path: Path
) -> None:
    context = multiprocessing.get_context("spawn")
    told = context.SimpleQueue()
    workers = [
        context.Process(target=_prepare_and_report, args=(phantom, phantom_data, tmp_path, told))
        for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    lines = []
    while not told.empty():
        lines.append(told.get())
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert sum("patient 1 of" in line for line in lines) == 1


def test_an_interrupted_build_leaves_nothing_behind(
    phantom: Dataset, phantom_data: DataConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(cache, "resize_mask", stop)
        with pytest.raises(KeyboardInterrupt):
            prepare(phantom, phantom_data, tmp_path)
    assert not [
        path for path in (tmp_path / "slices/v3").iterdir() if path.name[0] != "." and path.is_dir()
    ]
    prepared = prepare(phantom, phantom_data, tmp_path)
    assert prepared.images.shape[0] == sum(facts.slices for facts in phantom.patients)
    assert not [path for path in (tmp_path / "slices/v3").iterdir() if path.name[0] == "."]


def test_an_entry_of_another_version_is_not_looked_at(
    phantom: Dataset, phantom_data: DataConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = prepare(phantom, phantom_data, tmp_path)
    ours = first.images[:].copy()
    with monkeypatch.context() as patch:
        patch.setattr(cache, "PREPARED_VERSION", 3)
        later = prepare(phantom, phantom_data, tmp_path).folder
    assert later.parts[-2:] == ("v3", first.folder.name)
    for file in later.iterdir():
        if file.is_file():
            file.write_text("another form")
    again = prepare(phantom, phantom_data, tmp_path)
    assert again.folder == first.folder
    np.testing.assert_array_equal(again.images, ours)
    shutil.rmtree(first.folder.parent)
    built = prepare(phantom, phantom_data, tmp_path)
    np.testing.assert_array_equal(built.images, ours)


FILES = ["images.npy", "rows.json", "masks.npy", "truth/0.npy", "truth/1.npy"]


def damaged(content: bytes, damage: str) -> bytes:
    """Return the bytes of a file with a fault that `gone` is not."""
    middle = len(content) // 2
    flipped = bytes([content[middle] ^ 1])
    return {
        "cut": content[:-9],
        "empty": b"",
        "flipped": content[:middle] + flipped + content[middle + 1 :],
        "zeroed": content[:middle] + bytes(len(content) - middle),
    }[damage]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["gone", "cut", "empty", "flipped", "zeroed"])
def test_a_damaged_entry_is_built_again(
    name: str, damage: str, phantom: Dataset, phantom_data: DataConfig, tmp_path: Path
) -> None:
    data = phantom_data.model_copy(update={"image_size": 16})
    prepared = prepare(phantom, data, tmp_path)
    images, masks = prepared.images[:].copy(), prepared.masks[:].copy()
    names = list(prepared.rows)[:2]
    truths = [prepared.native_truth(one).copy() for one in names]
    cache._sound.clear()  # as in a process that starts
    file = prepared.folder / name
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(damaged(file.read_bytes(), damage))
    again = prepare(phantom, data, tmp_path)
    for one, truth in zip(names, truths, strict=True):
        np.testing.assert_array_equal(again.native_truth(one), truth)
    np.testing.assert_array_equal(again.images, images)
    np.testing.assert_array_equal(again.masks, masks)
    assert list(again.rows) == [facts.id for facts in phantom.patients]


def test_the_files_of_an_entry_are_checked_once_per_process(
    phantom: Dataset, phantom_data: DataConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    checksum = cache._checksum
    monkeypatch.setattr(cache, "_checksum", lambda file: (read.append(file), checksum(file))[1])
    folder = prepare(phantom, phantom_data, tmp_path).folder
    read.clear()
    cache._sound.clear()
    for _ in range(3):
        prepare(phantom, phantom_data, tmp_path)
    assert sorted(read) == sorted(folder.rglob("*.npy"))


def test_a_truth_that_goes_while_it_is_used_is_named(
    phantom: Dataset, phantom_data: DataConfig, tmp_path: Path
) -> None:
    prepared = prepare(phantom, phantom_data, tmp_path)
    file = prepared.folder / "truth/0.npy"
    file.write_bytes(file.read_bytes()[:50])
    with pytest.raises(DataError, match=r"0\.npy changed while it was in use"):
        prepared.native_truth(next(iter(prepared.rows)))


def test_files_that_changed_after_opening_are_an_error(
    phantom_data: DataConfig, tmp_path: Path
) -> None:
    from ablation.data import open_dataset

    data = phantom_data.model_copy(update={"phantom_patients": 1})
    dataset = open_dataset(data, tmp_path)
    dataset.places["phantom_000"].write_bytes(b"")
    with pytest.raises(DataError, match="changed since"):
        prepare(dataset, data, tmp_path)


def test_training_rows_keep_tumour_and_a_share_of_the_rest(
    phantom: Dataset, slices: Slices, phantom_data: DataConfig
) -> None:
    patients = ["phantom_002", "phantom_000"]
    pixels = slices.masks[:].sum(axis=(1, 2, 3))
    everything = np.concatenate(
        [np.arange(slices.rows[p].start, slices.rows[p].stop) for p in patients]
    )
    tumour = {int(row) for row in everything if pixels[row] >= 5}
    empty = {int(row) for row in everything} - tumour

    def rows(share: float, seed: int = 0) -> np.ndarray:
        data = phantom_data.model_copy(update={"min_tumor_px": 5, "empty_slices": share})
        return training_rows(slices, patients, data, seed)

    assert set(rows(0.0)) == tumour
    assert set(rows(1.0)) == tumour | empty
    quarter = rows(0.25)
    assert np.array_equal(quarter, np.sort(quarter))
    assert len(quarter) == len(tumour) + round(0.25 * len(empty))
    assert tumour < set(quarter)
    assert np.array_equal(quarter, rows(0.25))
    assert not np.array_equal(quarter, rows(0.25, seed=1))


def test_no_training_slice_left_is_an_error(slices: Slices, phantom_data: DataConfig) -> None:
    data = phantom_data.model_copy(update={"min_tumor_px": 5000, "empty_slices": 0.0})
    with pytest.raises(DataError, match=r"min_tumor_px=5000"):
        training_rows(slices, ["phantom_000"], data, 0)
