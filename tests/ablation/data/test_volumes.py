"""NIfTI files: read as nibabel reads them, or refused in a sentence."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest

from ablation.data.grid import to_stored
from ablation.data.readers.volumes import read_channels, read_volume
from ablation.errors import DataError

VALUES = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
LPS = np.diag([-1.0, -2.0, 3.0, 1.0])


def put(path: Path, values: np.ndarray = VALUES, affine: np.ndarray | None = LPS) -> Path:
    nibabel.save(nibabel.Nifti1Image(values, affine), path)
    return path


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "A.NII.GZ"])
def test_a_volume_is_slice_row_column(name: str, tmp_path: Path) -> None:
    volume = read_volume(put(tmp_path / name))
    np.testing.assert_array_equal(volume.values, VALUES.transpose())
    assert volume.values.dtype == np.int16
    assert volume.grid.stored == "LPS"
    assert volume.grid.spacing_mm == (3.0, 2.0, 1.0)
    assert volume.assumed == ()


def test_nibabel_agrees_about_the_orientation(tmp_path: Path) -> None:
    turned = np.array([[0, 0, -1.5, 9], [0.1, -2, 0, 5], [3, 0, 0.1, -7], [0, 0, 0, 1.0]])
    volume = read_volume(put(tmp_path / "a.nii", affine=turned))
    assert volume.grid.stored == "SPL"
    reference = nibabel.as_closest_canonical(nibabel.load(tmp_path / "a.nii"))
    right_front_head = np.asanyarray(reference.dataobj)
    np.testing.assert_array_equal(volume.values, right_front_head[::-1, ::-1, :].transpose())
    np.testing.assert_array_equal(to_stored(volume.values, volume.grid.stored), VALUES)


def test_scale_factors_and_other_formats_are_read(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(VALUES, LPS)
    image.header.set_slope_inter(0.5, 10)
    nibabel.save(image, tmp_path / "scaled.nii.gz")
    stored = nibabel.load(tmp_path / "scaled.nii.gz")
    expected = np.asanyarray(stored.dataobj).transpose()
    np.testing.assert_allclose(read_volume(tmp_path / "scaled.nii.gz").values, expected)
    nibabel.save(nibabel.Nifti2Image(VALUES.astype(">f4"), LPS), tmp_path / "two.nii.gz")
    np.testing.assert_array_equal(read_volume(tmp_path / "two.nii.gz").values, VALUES.transpose())


def test_what_the_file_leaves_open_is_said(tmp_path: Path) -> None:
    volume = read_volume(put(tmp_path / "a.nii.gz", VALUES[..., None]))
    assert volume.values.shape == (5, 4, 3)
    assert volume.assumed == ("is 3x4x5x1; read as the one volume it holds",)
    assert "has no orientation" in read_volume(put(tmp_path / "b.nii", affine=None)).assumed[0]


def rewrite(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(change(path.read_bytes()))


def unpacked(change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return rewrite(lambda data: gzip.compress(change(gzip.decompress(data))))


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (rewrite(lambda data: b""), "is empty"),
    "lfs": (rewrite(lambda data: b"version https://git-lfs.github.com/spec/v1\n"), "git-LFS"),
    "cut": (rewrite(lambda data: data[: len(data) // 2]), "is truncated: its compressed data"),
    "cut inside": (unpacked(lambda data: data[:-20]), "is truncated: its header promises 472"),
    "header only": (unpacked(lambda data: data[:200]), "is not a NIfTI file"),
    "flipped bits": (
        rewrite(lambda data: data[:-8] + bytes(4) + data[-4:]),
        "cannot be decompressed (CRC check failed",
    ),
    "not packed": (rewrite(gzip.decompress), "it holds a NIfTI file; rename it to .nii"),
    "no gzip": (rewrite(lambda data: b"hello"), "it holds b'hell'"),
    "no nifti": (rewrite(lambda data: gzip.compress(b"hello")), "is not a NIfTI file"),
    "gone": (lambda path: path.unlink(), "cannot be read"),
    "wild type": (unpacked(lambda data: data[:70] + b"\xff\x7f" + data[72:]), "cannot be decoded"),
    "series": (lambda path: put(path, np.zeros((3, 4, 5, 2))), "is 3x4x5x2, expected one volume"),
    "line": (lambda path: put(path, np.zeros(4)), "is 4, expected one volume"),
    "complex": (lambda path: put(path, VALUES.astype(complex)), "holds complex128 values"),
    "affine": (
        unpacked(lambda data: data[:280] + bytes(48) + data[328:]),
        "a damaged affine",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_one_sentence(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damage, sentence = FAULTS[name]
    damage(put(tmp_path / "a.nii.gz"))
    with pytest.raises(DataError) as caught:
        read_volume(tmp_path / "a.nii.gz")
    assert sentence in caught.value.message
    assert not caplog.records


def test_a_packed_file_without_the_name_is_refused(tmp_path: Path) -> None:
    put(tmp_path / "a.nii.gz").rename(tmp_path / "a.nii")
    with pytest.raises(DataError, match="is compressed although its name"):
        read_volume(tmp_path / "a.nii")


CHANNELS = np.stack([VALUES, VALUES + 100])


@pytest.mark.parametrize("layout", ["first", "last", "fifth"])
def test_channels_come_first_wherever_the_file_has_them(layout: str, tmp_path: Path) -> None:
    stored = CHANNELS if layout == "first" else np.moveaxis(CHANNELS, 0, -1)
    stored = stored[..., np.newaxis, :] if layout == "fifth" else stored
    volume = read_channels(put(tmp_path / "a.nii.gz", stored))
    np.testing.assert_array_equal(volume.values, CHANNELS.transpose(0, 3, 2, 1))
    assert volume.grid.shape == (5, 4, 3)
    assert volume.grid.spacing_mm == (3.0, 2.0, 1.0)
    read_as = "first" if layout == "first" else "last"
    assert f"its {read_as} axis is read as 2 channels" in volume.assumed[-1]


def test_an_image_of_two_axes_is_a_volume_of_one_slice(tmp_path: Path) -> None:
    path = put(tmp_path / "a.nii", VALUES[:, :, 0])
    np.testing.assert_array_equal(read_volume(path).values, VALUES[:, :, :1].transpose())


@pytest.mark.parametrize("sides", [(3, 4, 5), (3, 4, 5, 1)])
def test_a_single_volume_is_one_channel(sides: tuple[int, ...], tmp_path: Path) -> None:
    path = put(tmp_path / "a.nii", VALUES.reshape(sides))
    np.testing.assert_array_equal(read_channels(path).values, VALUES.transpose()[np.newaxis])
    assert read_channels(path).assumed == read_volume(path).assumed


def test_a_faulty_file_of_channels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is 3, expected one volume"):
        read_channels(put(tmp_path / "a.nii", np.zeros(3)))
    with pytest.raises(DataError, match="expected one volume"):
        read_channels(put(tmp_path / "a.nii", np.zeros((3, 4, 5, 2, 2))))
